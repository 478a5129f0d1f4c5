"""A calibrator in a file gives the digits of the one that was fitted."""

import json
import re

import numpy as np
import pytest

from atelier.calibration import (
    CALIBRATORS,
    TemperatureScaling,
    calibrator_record,
    load_calibrator,
    save_calibrator,
)


def sample(classes: int, n: int = 200):
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, n)
    return rng.normal(0, 2, (n, classes)) + 2 * np.eye(classes)[labels], labels


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", CALIBRATORS)
def test_every_calibrator_comes_back_from_its_file(name, classes, tmp_path):
    logits, labels = sample(classes)
    fitted = CALIBRATORS[name]().fit(logits, labels)
    save_calibrator(tmp_path / "c.json", fitted, class_names=tuple("abcd"[:classes]))
    loaded = load_calibrator(tmp_path / "c.json")
    assert type(loaded) is CALIBRATORS[name]
    fresh, _ = sample(classes, n=50)
    np.testing.assert_array_equal(loaded.transform(fresh * 3), fitted.transform(fresh * 3))
    with pytest.raises(ValueError, match=re.escape(f"(n, {classes})")):
        loaded.transform(np.zeros((1, classes + 1)))


def test_the_file_is_json_that_says_its_temperature(tmp_path):
    fitted = TemperatureScaling().fit(np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0]))
    save_calibrator(tmp_path / "c.json", fitted)
    record = json.loads((tmp_path / "c.json").read_text())
    assert record["calibrator"] == "temperature"
    assert record["state"]["temperature"] == pytest.approx(4 / np.log(3), rel=1e-9)


def test_one_that_was_not_fitted_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="Expected a fitted calibrator"):
        save_calibrator(tmp_path / "c.json", TemperatureScaling())
    assert not (tmp_path / "c.json").exists()


def changed(**changes):
    logits, labels = sample(3)
    record = calibrator_record(CALIBRATORS["vector"]().fit(logits, labels))
    return json.dumps(record | changes)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "c.json"),
        (changed()[:-20], "whole"),
        ("[1, 2]", "Expected a record"),
        (changed(format="other"), "format"),
        (changed(calibrator="os.system"), "Expected a calibrator out of"),
        (changed(classes=5), "Expected the state of vector of 5 classes"),
        (changed(state={"unit": 1}), "Expected the state of vector"),
        (changed(state={"unit": 1, "weight": [float("nan")] * 3, "bias": [0, 0, 0]}), "finite"),
    ],
)  # fmt: skip
def test_another_file_is_refused_by_its_name(content, words, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        load_calibrator(path)
    assert str(path) in str(caught.value)
