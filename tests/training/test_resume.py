import numpy as np
import pytest
from support.training import Memory

from atelier.training.resume import (
    fingerprint_of,
    history_from_arrays,
    history_to_arrays,
    run_rounds,
)


class Walk:
    """A random walk of some rounds; each step is a function of its number."""

    def __init__(self, rounds=5):
        self.rounds, self.position = rounds, 0.0

    def state(self):
        return {"position": np.array(self.position)}

    def restore(self, state):
        self.position = float(state["position"])

    def finished(self, history):
        return len(history) >= self.rounds

    def advance(self, history):
        self.position += np.random.default_rng(len(history)).normal()
        return {"round": len(history), "position": self.position, "side": "left"}


def walk(checkpoint, *, rounds=5, identity="walk"):
    curve = []
    history = run_rounds(Walk(rounds), identity, curve=curve, checkpoint=checkpoint)
    assert curve == history
    return history


@pytest.mark.parametrize("dies_after", [1, 3, 5])
def test_killed_after_any_round_it_ends_with_the_same_rows(dies_after):
    checkpoint = Memory(dies_after)
    with pytest.raises(KeyboardInterrupt):
        walk(checkpoint)
    assert walk(checkpoint) == walk(Memory())
    assert checkpoint.saved == 5  # no round twice


def test_a_finished_computation_runs_no_round():
    checkpoint = Memory()
    walk(checkpoint)
    assert walk(checkpoint) == walk(Memory())
    assert checkpoint.saved == 5
    assert walk(Memory(), rounds=0) == []


def test_a_checkpoint_of_another_computation_is_ignored():
    checkpoint = Memory()
    walk(checkpoint)
    walk(checkpoint, identity="another walk")
    assert checkpoint.saved == 10


def test_a_checkpoint_in_the_layout_of_earlier_versions_is_ignored():
    """Those kept ``names`` and one array of numbers, under a digest of the description alone."""
    import hashlib

    old = hashlib.sha256(b"walk").hexdigest()
    checkpoint = Memory()
    checkpoint.save(old, {"names": np.array(["loss"]), "history": np.array([[1.0]])})
    assert checkpoint.restore(fingerprint_of("walk")) is None


def test_a_fingerprint_depends_on_description_and_data():
    split = {"images": np.zeros(3), "labels": np.arange(3)}
    other = split | {"labels": np.arange(3)[::-1]}
    prints = {
        fingerprint_of("a", split),
        fingerprint_of("b", split),
        fingerprint_of("a", other),
        fingerprint_of("a", split, split),
    }
    assert len(prints) == 4
    assert fingerprint_of("a", dict(reversed(split.items()))) in prints


def test_rows_come_back_with_their_columns_in_order():
    rows = [
        {"seconds": 1.5, "iteration": 3, "factor": "width", "normalised": True},
        {"seconds": 2.5, "iteration": 6, "factor": "depth", "normalised": False},
    ]
    back = history_from_arrays(history_to_arrays(rows) | {"weights.0": np.zeros(3)})
    assert back == rows
    assert [list(row) for row in back] == [["seconds", "iteration", "factor", "normalised"]] * 2


def test_no_rows_are_no_rows():
    assert history_from_arrays(history_to_arrays([])) == []
