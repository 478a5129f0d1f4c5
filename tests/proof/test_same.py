"""How `make same` compares two runs."""

import math
import shlex

import pytest
import same
from support.project import ROOT


def test_numbers_of_nested_metrics_have_dotted_names():
    content = {"accuracy": 0.5, "by": {"class": [1, 2]}, "name": "x", "passed": True, "none": None}
    assert dict(same.numbers(content)) == {"accuracy": 0.5, "by.class.0": 1, "by.class.1": 2}


def test_a_difference_is_measured_in_tolerances():
    truth = {"a": 1.0, "b": 2.0, "gone": 0.0, "undefined": math.nan, "lost": 1.0}
    other = {"a": 1.2, "b": 2.0, "undefined": math.nan, "lost": math.nan}
    found = same.differences(truth, other)
    assert found["a"] == pytest.approx(0.2 / (0.05 + 0.05 * 1.2))
    assert found["b"] == found["undefined"] == 0
    assert math.isinf(found["gone"])
    assert math.isinf(found["lost"])


def test_metrics_beyond_their_tolerance_are_returned(capsys):
    beyond = same.print_differences("other", {"a": 1.0, "b": 0.5}, {"a": 1.3, "b": 0.51})
    assert beyond == ["a"]
    assert "2 metrics, 0 equal" in capsys.readouterr().out


def test_a_finished_run_has_metrics_and_equals_itself(finished):
    assert len(same.metrics(finished)) > 100
    finished_again = same.DisturbedProject(finished.folder)
    assert same.compare_files(finished_again, finished_again) == []


def test_the_settings_of_an_older_processor_are_those_of_make():
    _, _, rule = (ROOT / "Makefile").read_text("utf-8").partition("\ntest-older-cpu:")
    recipe = rule.partition("\n")[2].partition("$(BIN)")[0].replace("\\\n", " ")
    assert dict(word.split("=", 1) for word in shlex.split(recipe)) == same.OLDER
