# Each target works on a fresh checkout: the environment is made on the way.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
HOST ?= 127.0.0.1

SCHEDULER := orchestration/.venv
SCHEDULER_READY := $(SCHEDULER)/.ready
PEERS := benchmarks/.venv
PEERS_READY := $(PEERS)/.ready

.PHONY: run test quick test-older-cpu check docs notebooks ui viz schedule gpu bench fuzz faults same load mutants lock clean

run: $(READY)  ## the default pipelines on embedded data; ARGS="--env full --pipeline train"
	$(BIN)/kedro run $(ARGS)

# One process more than cores, since some tests wait, but at most four; each takes up to 4 GB.
WORKERS ?= $(shell $(PYTHON) -c 'import os; memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"); \
	print(max(1, min(4, os.cpu_count() + 1, int(memory / 4e9))))')

test: $(READY) $(SCHEDULER_READY)  ## the whole test suite, in several processes; WORKERS=2
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

QUICK := tests/calibration tests/cells tests/clustering tests/data tests/drift tests/evaluation tests/thresholding \
	--ignore=tests/calibration/test_confidence.py --ignore=tests/calibration/test_report.py --ignore=tests/data/test_sources.py

quick: $(READY)  ## the numerical tests without processes, servers, browser and training, in a minute
	$(BIN)/python -m pytest -n 2 --dist loadfile $(QUICK) $(ARGS)

NUMERICAL := tests/calibration tests/cells tests/clustering tests/data tests/evaluation tests/out_of_distribution tests/segmentation tests/thresholding \
	tests/sweep/test_population.py tests/trainability

test-older-cpu: $(READY)  ## the numerical tests as an older processor computes them, in random order
	NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4 AVX512_ICL AVX512_SPR" ONEDNN_MAX_CPU_ISA=AVX2 \
	TF_ENABLE_ONEDNN_OPTS=0 XLA_FLAGS=--xla_cpu_max_isa=AVX2 \
	$(BIN)/python -m pytest -n 2 --dist loadfile -p randomly $(NUMERICAL) $(ARGS)

check: $(READY) $(SCHEDULER_READY) docs  ## lint, format, types, import contracts, Dockerfile, the site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd orchestration && ../$(BIN)/mypy --config-file=mypy.ini --python-executable=.venv/bin/python .
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

docs: $(READY)  ## the site of the documentation, into site/; needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "The site: file://$(CURDIR)/site/index.html"

notebooks: $(READY)  ## executes the notebooks on the data of kedro run, for the site; ARGS="train drift"
	$(BIN)/python documentation/execute_notebooks.py $(ARGS)

ui: $(READY)  ## MLflow, opened on the runs
	$(BIN)/python -m atelier.operations.ui 5000 $(HOST)

viz: $(READY)  ## the pipelines as a graph
	$(BIN)/kedro viz run --host $(HOST)

schedule: $(READY) $(SCHEDULER_READY)  ## Dagster on 127.0.0.1, running conf/base/schedules.yml; ARGS=PORT
	$(BIN)/python -m atelier.operations.serve $(ARGS)

gpu: $(READY)  ## JAX's CUDA plugin into the environment, for the sweep; 4 GB
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --editable '.[gpu]'

bench: $(READY) $(PEERS_READY)  ## benchmarks beside their peers, and their page; ARGS="--only calibration --tiny --again"
	$(BIN)/python benchmarks/run.py $(ARGS)
	$(BIN)/python benchmarks/page.py

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(ARGS)

fuzz: $(READY)  ## random inputs to readers and numeric functions; ARGS="--seconds 600 --seed 3 --only idx"
	$(BIN)/python proof/fuzz.py $(ARGS)

faults: $(READY)  ## kills, damaged files, full disks; ARGS="--tries 100 --seed 0 --only kill --pipelines train"
	$(BIN)/python proof/faults.py $(ARGS)

same: $(READY)  ## the same numbers again, as an older processor and by other Pythons; ARGS="--python python3.12"
	$(BIN)/python proof/same.py $(ARGS)

load: $(READY)  ## a served model under many clients and hostile requests; ARGS="--seconds 10 --only hostile"
	$(BIN)/python proof/load.py $(ARGS)

mutants: $(READY)  ## small changes of the numerical code that tests must notice; ARGS="--sample 300 --seed 0"
	$(BIN)/python proof/mutants.py $(ARGS)

lock: $(READY)  ## compile the locks anew from pyproject.toml and the requirements.in of orchestration and benchmarks
	$(COMPILE) --group dev --extra cluster pyproject.toml --output-file requirements.lock
	$(COMPILE) orchestration/requirements.in --output-file orchestration/requirements.lock
	$(COMPILE) benchmarks/requirements.in --output-file benchmarks/requirements.lock

clean:  ## remove the environments; data, models and runs stay
	rm -rf $(VENV) $(SCHEDULER) $(PEERS)

# uv itself comes from the lock too, by pip, hash-checked.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 14) and \
		"Expected Python 3.11 to 3.13, such as make PYTHON=python3.12 run. Received: %d.%d" % v[:2])'
	$(PYTHON) -m venv --clear $(VENV)
	sed -n '/^uv==/,/^[^ ]/{/^uv==/p;/^ /p;}' requirements.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock
	UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# Dagster lives apart: its dependencies are none of the project's.
$(SCHEDULER_READY): orchestration/requirements.lock | $(READY)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(SCHEDULER)
	UV_COMPILE_BYTECODE=1 $(BIN)/uv pip sync --quiet --python $(SCHEDULER)/bin/python --require-hashes orchestration/requirements.lock
	touch $@

# The peers of the benchmarks, which are no dependencies of the project either; 6 GB on Linux, most of it torch's.
$(PEERS_READY): benchmarks/requirements.lock | $(READY)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PEERS)
	UV_COMPILE_BYTECODE=1 $(BIN)/uv pip sync --quiet --python $(PEERS)/bin/python --require-hashes benchmarks/requirements.lock
	touch $@
