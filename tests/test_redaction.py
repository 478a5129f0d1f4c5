"""No secret in a run's parameters, tags, files or logs."""

import logging
import os

import numpy as np
import pytest
from PIL import Image

from atelier.redaction import RedactingFilter, redacted

PLANTED = "plantedSecret77"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://me:plantedSecret77@host/x.png", "https://***@host/x.png"),
        ("postgresql://me:plantedSecret77@host:5432/db", "postgresql://***@host:5432/db"),
        ("https://host/a@b.png", "https://host/a@b.png"),
        ("password=plantedSecret77, rate=0.1", "password=***, rate=0.1"),
        ("--params db.api_key:plantedSecret77", "--params db.api_key:***"),
        (
            {"db": {"password": "plantedSecret77", "rows": 3}},
            {"db": {"password": "***", "rows": 3}},
        ),
        ({"tokens_list": ["plantedSecret77"]}, {"tokens_list": ["***"]}),
        (["https://a:b@c"], ["https://***@c"]),
        ({"password": None, "keep": 0.5}, {"password": None, "keep": 0.5}),
        (0.25, 0.25),
    ],
)
def test_secrets_go_and_the_rest_stays(value, expected):
    assert redacted(value) == expected


def test_a_log_message_is_cleaned_also_when_the_secret_is_an_argument():
    record = logging.LogRecord("x", 20, "f", 1, "from %s", ("http://a:b@c/",), None)
    assert RedactingFilter().filter(record)
    assert record.getMessage() == "from http://***@c/"


def test_a_planted_secret_is_nowhere_after_a_run(fresh, server, monkeypatch):
    """In Kedro's credentials, in the environment, in an address, under a telling name."""
    folder, address = server
    picture = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
    Image.fromarray(picture).save(folder / "picture.png")
    secrets = fresh.folder / "conf" / "local" / "credentials.yml"
    secrets.write_text(f"store:\n  password: {PLANTED}\n")
    for name in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, PLANTED)
    private = address.replace("://", f"://me:{PLANTED}@") + "picture.png"
    said = fresh.run("--pipeline", "ingest")
    asked = ("--pipeline", "thresholding", "--params")
    said += fresh.run(*asked, f"picture={private},store.password={PLANTED}")
    said += fresh.run(*asked, f"picture={private.replace('picture.png', 'none.png')}", ok=False)
    assert PLANTED not in said
    assert "***@127.0.0.1" in said
    (run, *_) = fresh.runs("thresholding")
    assert PLANTED not in str(run.data)
    assert "***" in str(run.data)
    holders = [
        path
        for path in fresh.folder.rglob("*")
        if path.is_file() and PLANTED.encode() in path.read_bytes()
    ]
    assert holders == [secrets], [os.fspath(path) for path in holders]
