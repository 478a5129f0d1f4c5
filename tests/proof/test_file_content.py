"""Two files say the same where only clock times and the names of runs differ."""

import io
import json
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest
from file_content import content_digest, is_of_a_run


def as_json(number, seconds):
    return json.dumps({"metrics": [{"loss": number, "seconds_per_step": seconds}]}).encode()


def as_parquet(number, seconds):
    written = io.BytesIO()
    table = pd.DataFrame({"loss": [number], "run_id": [f"run {seconds}"], "seconds": [seconds]})
    table.to_parquet(written)
    return written.getvalue()


def as_npz(number, seconds):
    written = io.BytesIO()
    np.savez(written, loss=np.array(number), seconds=np.array(seconds))
    return written.getvalue()


def as_keras(number, seconds):
    weights, written = io.BytesIO(), io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/dense/vars/0"] = np.array([1.0, number], np.float32)
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"date_saved": f"at {seconds}"}))
        archive.writestr("config.json", json.dumps({"units": 2, "shared_object_id": seconds}))
        archive.writestr("model.weights.h5", weights.getvalue())
    return written.getvalue()


KINDS = {".json": as_json, ".parquet": as_parquet, ".npz": as_npz, ".keras": as_keras}


@pytest.mark.parametrize("suffix", KINDS)
def test_a_time_does_not_count_and_the_last_bit_of_a_number_does(tmp_path, suffix):
    def digest(number, seconds):
        path = tmp_path / f"written{suffix}"
        path.write_bytes(KINDS[suffix](number, seconds))
        return content_digest(path)

    assert digest(0.5, 1.0) == digest(0.5, 2.0)
    assert digest(0.5, 1.0) != digest(float(np.nextafter(np.float32(0.5), np.float32(1))), 1.0)


@pytest.mark.parametrize(
    "name",
    ["calibration_logits", "iteration", "operations", "ratio", "ece_ratio", "second_agreement"],
)
def test_a_word_within_a_word_is_no_time(name):
    assert not is_of_a_run(name)


@pytest.mark.parametrize("suffix", [*KINDS, ".txt", ""])
def test_of_what_cannot_be_read_every_byte_counts(tmp_path, suffix):
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(b"PK no file of any kind")
    before = content_digest(path)
    path.write_bytes(b"PK no file of any kinD")
    assert content_digest(path) != before
