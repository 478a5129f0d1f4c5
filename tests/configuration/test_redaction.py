"""No secret in a run's parameters, tags, files or logs."""

import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import SecretStr, ValidationError

from atelier.configuration.redaction import RedactingFilter, redact
from atelier.params import Params

PLANTED = "plantedSecret77"
S = PLANTED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"https://me:{S}@host/x.png", "https://***@host/x.png"),
        (f"postgresql://me:{S}@host:5432/db", "postgresql://***@host:5432/db"),
        (f"https://{S}@host/x.png", "https://***@host/x.png"),
        ("https://host/a@b.png", "https://host/a@b.png"),
        ("https://host.org:8080/a@b.png", "https://host.org:8080/a@b.png"),
        ("http://[::1]:5000/a@b", "http://[::1]:5000/a@b"),
        (f"https://me:{S}@{S}@host/x", "https://***@host/x"),
        (f"https://me:{S}/{S}@host/x", "https://***@host/x"),
        (f"https://me:{S}#{S}@host/x", "https://***@host/x"),
        (f"https://me:{S}?{S}@host/x", "https://***@host/x"),
        (f"https://me:7/{S}@host/x", "https://***@host/x"),
        (f"https://me:{S} {S}@host/x", "https://***@host/x"),
        (f"s3://AKIA:{S}/+{S}@bucket/x", "s3://***@bucket/x"),
        (f"https://h/x?X-Amz-Signature={S}&width=9", "https://h/x?X-Amz-Signature=***&width=9"),
        (f"https://h/x?sig={S}", "https://h/x?sig=***"),
        (f"https://h/x?AWSAccessKeyId={S}&Expires=1", "https://h/x?AWSAccessKeyId=***&Expires=***"),
        (f"https://h/x?{S}", "https://h/x?***"),
        (f"https://h/x?anything={S};more={S}", "https://h/x?anything=***;more=***"),
        (f"https://h/x;session={S}?a={S}#b={S}", "https://h/x;session=***?a=***#b=***"),
        (f"https://h/x?a={S}#{S}", "https://h/x?a=***#***"),
        (f"https://h/x?width={S}{S}&h=3", "https://h/x?width=***&h=3"),
        ("https://h/x.png?width=300&format=png", "https://h/x.png?width=300&format=png"),
        (f"at 'https://h/x?a={S}', then", "at 'https://h/x?a=***', then"),
        (f"['https://h/x','https://me:{S}@h']", "['https://h/x','https://***@h']"),
        (f"https://h/?to=https://me:{S}@g/x", "https://h/?to=***https://***@g/x"),
        ("http://127.0.0.1:5000/#/experiments/1/runs/a", "http://127.0.0.1:5000/#/experiments/1/runs/a"),
        ("http://127.0.0.1:5000 fails, ask me@home", "http://127.0.0.1:5000 fails, ask me@home"),
        ("sqlite:////tmp/a b/mlflow.db", "sqlite:////tmp/a b/mlflow.db"),
        (f"password={S}, rate=0.1", "password=***, rate=0.1"),
        (f"password={S},{S} rate=0.1", "password=*** rate=0.1"),
        (f"--params db.api_key:{S}", "--params db.api_key:***"),
        (f"{{'password': '{S} {S}', 'a': 3}}", "{'password': ***, 'a': 3}"),
        (f'{{"my_secret": "{S}\\"{S}"}}', '{"my_secret": ***}'),
        (f"Authorization: Bearer {S}", "Authorization: ***"),
        (f"sent Bearer {S}{S}", "sent Bearer ***"),
        ("sigma=3, assigned=4, tile=5", "sigma=3, assigned=4, tile=5"),
        ({"db": {"password": S, "rows": 3}}, {"db": {"password": "***", "rows": 3}}),
        ({"tokens_list": [S]}, {"tokens_list": ["***"]}),
        ({"credentials": {"any": {"name": S}}}, {"credentials": {"any": {"name": "***"}}}),
        ([f"https://a:{S}@c"], ["https://***@c"]),
        ({"password": None, "keep": 0.5}, {"password": None, "keep": 0.5}),
        (0.25, 0.25),
    ],
)  # fmt: skip
def test_secrets_go_and_the_rest_stays(value, expected):
    assert redact(value) == expected
    assert redact(expected) == expected


SECRETS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\"'<>@&;#?=`"),
    max_size=8,
).map(lambda text: f"{PLANTED}{text}{PLANTED}")
WORDS = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)
SURROUNDINGS = st.sampled_from(["{}", "at {}, then", "'{}'", "x={}", "({})", "see {}.", "[\n{}\n]"])


@given(WORDS, SECRETS, WORDS, SURROUNDINGS)
def test_no_password_of_an_address_stays(user, secret, host, around):
    for sign in ("", "@", "/", "?", "#", ":", "%40"):
        address = f"https://{user}:{secret}{sign}{PLANTED}@{host}.org/x.png"
        clean = redact(around.format(address))
        assert PLANTED not in clean
        assert f"@{host}.org/x.png" in clean


@given(st.lists(st.tuples(WORDS, SECRETS), min_size=1, max_size=4), WORDS, SURROUNDINGS)
def test_no_value_of_a_query_stays(pairs, host, around):
    query = "&".join(f"{name}={secret}" for name, secret in pairs)
    clean = redact(around.format(f"https://{host}.org/x.png?{query}"))
    assert PLANTED not in clean
    assert f"https://{host}.org/x.png?" in clean


@given(st.text(max_size=60))
def test_any_text_is_taken_and_a_clean_one_stays_clean(text):
    clean = redact(text)
    assert redact(clean) == clean


# The log.


def record(message, *arguments, error=None):
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("x", 20, "f", 1, message, arguments, info)


def test_a_log_message_is_cleaned_also_when_the_secret_is_an_argument():
    made = record("from %s", f"http://a:{S}@c/")
    assert RedactingFilter().filter(made)
    assert made.getMessage() == "from http://***@c/"


def test_a_traceback_in_the_log_is_cleaned_also_of_its_causes():
    try:
        try:
            raise OSError(f"no answer from https://me:{S}@h/x?sig={S}")
        except OSError as cause:
            raise ValueError(f"password={S}") from cause
    except ValueError as error:
        made = record("failed", error=error)
    RedactingFilter().filter(made)
    shown = logging.Formatter("%(message)s").format(made)
    assert PLANTED not in shown
    assert "OSError: no answer from https://***@h/x?sig=***" in shown
    assert "ValueError: password=***" in shown


def test_a_traceback_without_secrets_is_left_to_whoever_shows_it():
    made = record("failed", error=ValueError("nothing to hide"))
    RedactingFilter().filter(made)
    assert made.exc_info


def test_arguments_that_do_not_fit_stop_nothing():
    made = record("%d of %d", f"http://a:{S}@c/")
    assert RedactingFilter().filter(made)
    assert PLANTED not in str(made.args)


def test_every_logger_and_the_last_words_of_a_process_are_cleaned():
    """With a handler of its own, made before; then an error that nobody catches."""
    program = (
        "import logging, sys\n"
        "logger = logging.getLogger('apart'); logger.propagate = False\n"
        "logger.addHandler(logging.StreamHandler(sys.stdout))\n"
        "from atelier.configuration.redaction import hide_secrets\n"
        "hide_secrets(); hide_secrets()\n"
        f"logger.warning('from %s', 'https://me:{S}@h/x?sig={S}')\n"
        "try:\n"
        f"    raise KeyError('https://h/?a={S}')\n"
        "except KeyError as error:\n"
        f"    raise ValueError('api_key={S}' + chr(10) + 'Expected a number') from error\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stdout == "from https://***@h/x?sig=***\n"
    last = ended.stderr.split("Traceback")[-1]
    assert "ValueError: api_key=***\nExpected a number" in last
    assert PLANTED not in ended.stdout + last.split("ValueError: ")[-1]


# Parameters.


class Login(Params):
    retries: int
    word: SecretStr | None = None


@pytest.mark.parametrize("wrong", [{"pasword": S, "retries": 1}, {"retries": S}, {"word": [S]}])
def test_a_validation_error_names_the_field_and_no_value(wrong):
    with pytest.raises(ValidationError) as caught:
        Login.model_validate(wrong)
    assert PLANTED not in str(caught.value)
    assert next(iter(wrong)) in str(caught.value)


def test_a_schedules_error_shows_no_value():
    from atelier.operations.schedules import read_schedules

    with pytest.raises(ValueError, match="pasword") as caught:
        read_schedules(
            {"nightly": {"pipeline": "train", "cron": "@daily", "pasword": S}}, {}, set()
        )
    assert PLANTED not in str(caught.value)


def test_a_planted_secret_is_nowhere_after_a_run(fresh, server, monkeypatch):
    """In Kedro's credentials, in the environment, in addresses, under telling and wrong names."""
    folder, address = server
    picture = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
    Image.fromarray(picture).save(folder / "picture.png")
    local = fresh.folder / "conf" / "local"
    (local / "credentials.yml").write_text(f"store:\n  password: {PLANTED}\n")
    (local / "parameters.yml").write_text("store: {password: null}\n")
    for name in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, PLANTED)
    private = address.replace("://", f"://me:{PLANTED}@") + f"picture.png?sig={PLANTED}&width=40"
    asked = ("--pipeline", "thresholding", "--namespaces", "picture", "--params")
    said = fresh.run(*asked, f"picture={private},store.password={PLANTED}")
    (run, *_) = fresh.runs("thresholding")
    assert PLANTED not in str(run.data)
    assert "***" in str(run.data)
    assert "password=***" in run.data.tags["kedro_command"]
    assert "picture.png?sig=***&width=40" in run.data.tags["kedro_command"]
    for wrong in (
        f"picture={private.replace('picture.png', 'none.png')}",
        f"picture.otsu.block={PLANTED}",
    ):
        said += fresh.run(*asked, wrong, ok=False)
    assert PLANTED not in said
    assert "***@127.0.0.1" in said
    assert "block\n  Input should be a valid integer" in said
    holders = [
        path
        for path in fresh.folder.rglob("*")
        if path.is_file() and PLANTED.encode() in path.read_bytes()
    ]
    assert holders == [local / "credentials.yml"], [os.fspath(path) for path in holders]
