# docker build --tag atelier . && docker run atelier
FROM python:3.12-slim-bookworm AS atelier
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 atelier
USER 1000
ENV UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1
WORKDIR /home/atelier
# What the environment is made from, before what changes more often.
COPY --chown=1000 Makefile requirements.lock pyproject.toml README.md LICENSE THIRD_PARTY.md ./
COPY --chown=1000 src/atelier/__init__.py src/atelier/
RUN make .venv/.ready
COPY --chown=1000 . .
CMD ["make", "run"]

# docker build --target test --tag atelier-test . && docker run --shm-size 1g atelier-test
FROM atelier AS test
USER 0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium postgresql \
    && rm -rf /var/lib/apt/lists/*
USER 1000
RUN make orchestration/.venv/.ready
CMD ["make", "test"]

FROM atelier
