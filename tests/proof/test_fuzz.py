"""The command of random inputs: it runs, finds planted faults, and repeats an input."""

import os
import random
import re
import sys
from pathlib import Path

import pytest
from support.fork_server import run_python
from support.project import ROOT

PROOF = ROOT / "proof"
ROW = re.compile(r"^(\w+) +([\d,]+) +([\d,]+) +([\d,]+) +[\d,]+$", re.MULTILINE)


@pytest.fixture
def programs(monkeypatch):
    """The modules of ``proof/``."""
    monkeypatch.syspath_prepend(str(PROOF))
    names = ("fuzz", "mutations", "numeric_targets", "reader_targets", "targets")
    import fuzz
    import mutations
    import targets

    yield fuzz, mutations, targets
    for name in names:
        sys.modules.pop(name, None)


def test_no_target_has_a_fault_in_a_few_inputs(tmp_path):
    """All targets but those of Keras, whose imports take longer than their inputs."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    quick = (
        "idx", "npz", "pictures", "run_lengths", "schedules", "parameters", "provenance", "otsu",
        "calibration_errors", "border_weights", "cell_scores", "conformal",
    )  # fmt: skip
    arguments = ("--inputs", "40", "--seconds", "3600", "--hang", "600", "--jobs", "2")
    command = (str(PROOF / "fuzz.py"), *arguments, "--only", ",".join(quick))
    said = run_python(*command, cwd=tmp_path, env=environment)
    assert said.returncode == 0, said.stdout
    rows = {name: tuple(numbers) for name, *numbers in ROW.findall(said.stdout)}
    assert set(rows) == {*quick, "all"}
    assert all(rows[name][0] == "40" and rows[name][2] == "0" for name in quick)


def test_an_input_is_the_same_whenever_it_is_made(programs):
    fuzz, mutations, _ = programs
    made = [mutations.mutate_bytes(bytes(99), fuzz.generator(3, "idx", 5)) for _ in range(2)]
    assert made[0] == made[1]
    assert len({mutations.mutate_bytes(bytes(99), random.Random(i)) for i in range(50)}) > 30


def test_a_mutated_tree_leaves_its_original_unchanged(programs):
    _, mutations, _ = programs
    tree = {"a": [1, {"b": 2}], "c": "d"}
    changed = [mutations.mutate_tree(tree, random.Random(seed)) for seed in range(20)]
    assert tree == {"a": [1, {"b": 2}], "c": "d"}
    assert any(repr(other) != repr(tree) for other in changed)


@pytest.mark.parametrize(
    ("error", "documented"),
    [
        (ValueError("a.png: Expected a picture. Received: nothing"), True),
        (TypeError("Expected plain arrays"), True),
        (ValueError("cannot reshape"), False),
        (KeyError("Expected"), False),
        (MemoryError(), False),
    ],
)
def test_only_an_error_that_says_what_was_expected_is_documented(programs, error, documented):
    *_, targets = programs
    assert targets.is_refusal(error) is documented


FAULTY = """
import os, sys, time
sys.path.insert(0, {proof!r})
import fuzz
from targets import Target

def prepare(folder):
    made = []
    def check(rng):
        made.append(0)
        number = len(made) - 8  # after the inputs that warm up
        if number == 3:
            {fault}
    return check

fuzz.TARGETS = {{"planted": Target("planted", 1, prepare)}}
if __name__ == "__main__":
    sys.argv[1:] = ["--inputs", "6", "--seconds", "600", "--jobs", "1", *sys.argv[1:]]
    fuzz.main()
"""


@pytest.mark.parametrize(
    ("fault", "options", "words", "inputs"),
    [
        ("raise KeyError('lost')", (), "KeyError at .*lost", 6),
        ("os._exit(9)", (), "the process ended with code 9", 6),
        ("while True: pass", ("--hang", "0.5"), "hang of more than 0.5 s", 6),
        ("made.append(b'1' * 2**29)", ("--memory", "0.45"), "memory above 0.45 GiB", 6),
    ],
    ids=["error", "crash", "hang", "memory"],
)
def test_a_planted_fault_is_counted_with_its_input_and_the_rest_goes_on(
    fault, options, words, inputs, tmp_path
):
    program = tmp_path / "planted.py"
    program.write_text(FAULTY.format(proof=str(PROOF), fault=fault))
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    said = run_python(str(program), *options, cwd=Path.cwd(), env=environment)
    assert said.returncode == 1, said.stdout
    assert re.search(rf"--seed 0 --only planted --input \d: {words}", said.stdout)
    rows = {name: numbers for name, *numbers in ROW.findall(said.stdout)}
    assert int(rows["planted"][0]) >= inputs - 1
    assert int(rows["planted"][2]) >= 1
