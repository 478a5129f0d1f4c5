"""A study in windows and chunks, which may be killed."""

from contextlib import nullcontext

import numpy as np
import pytest

from atelier.sweep.chunk_store import StudyFolder
from atelier.trainability.params import ComputationParams, TwoLayerParams
from atelier.trainability.problem import draw_problem
from atelier.trainability.study import train_windows
from atelier.trainability.training import train_members
from atelier.trainability.windows import Window

NETWORK = TwoLayerParams(
    width=3, nonlinearity="tanh", examples=None, batch=None, steps=30, precision="float32",
    seeds=(0, 1),
)  # fmt: skip
WINDOWS = [Window((1, 1), (3, 3), 8), Window((1, 1), (0.3, 0.3), 6)]
COMPUTATION = ComputationParams(chunk=20, threads=1)


class KilledError(Exception):
    """What a test raises in place of a kill."""


def test_every_picture_is_that_of_its_seed_and_window(tmp_path):
    pictures, seconds = train_windows(NETWORK, WINDOWS, COMPUTATION, StudyFolder(tmp_path))
    assert [picture.shape for picture in pictures] == [(8, 8), (8, 8), (6, 6)]
    assert seconds > 0
    first, last = WINDOWS[0].rates()
    alone = train_members(draw_problem(NETWORK, 1), first, last, nonlinearity="tanh", steps=30)
    np.testing.assert_array_equal(pictures[1].ravel() < 0, alone < 0)


def test_a_killed_study_goes_on_and_has_the_same_measures(tmp_path):
    whole, _ = train_windows(NETWORK, WINDOWS, COMPUTATION, StudyFolder(tmp_path / "whole"))
    steps = []

    def kill_later(count):
        steps.append(count)
        if len(steps) == 3:
            raise KilledError

    with pytest.raises(KilledError):
        train_windows(
            NETWORK, WINDOWS, COMPUTATION, StudyFolder(tmp_path / "killed"),
            progress_meter=lambda total, done: nullcontext(kill_later),
        )  # fmt: skip
    resumed = []
    again, _ = train_windows(
        NETWORK, WINDOWS, COMPUTATION, StudyFolder(tmp_path / "killed"),
        progress_meter=lambda total, done: nullcontext(resumed.append),
    )  # fmt: skip
    assert sum(steps) + sum(resumed) == 30 * (64 + 64 + 36)
    for expected, found in zip(whole, again, strict=True):
        np.testing.assert_array_equal(expected, found)


def test_the_progress_counts_every_step_of_every_member(tmp_path):
    counts, totals = [], []

    def meter(total, done):
        totals.append((total, done))
        return nullcontext(counts.append)

    for _ in range(2):
        train_windows(NETWORK, WINDOWS, COMPUTATION, StudyFolder(tmp_path), progress_meter=meter)
    assert totals == [(4920, 0), (4920, 4920)]
    assert sum(counts) == 4920


def test_other_parameters_are_another_study(tmp_path):
    other = NETWORK.model_copy(update={"steps": 31})
    for network in (NETWORK, other):
        train_windows(network, WINDOWS[1:], COMPUTATION, StudyFolder(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_window_without_distinct_rates_is_refused_before_any_training(tmp_path):
    with pytest.raises(ValueError, match="float64"):
        train_windows(
            NETWORK, [*WINDOWS, Window((1, 1), (1e-7, 1e-7), 8)], COMPUTATION, StudyFolder(tmp_path)
        )
    assert not list(tmp_path.iterdir())
