"""The plane of two learning rates on a catalog in memory."""

import numpy as np
import pytest
from support.pipelines import run

from atelier.pipelines import trainability
from atelier.sweep.chunk_store import StudyFolder
from atelier.trainability.params import ComputationParams, RatePlaneParams, TwoLayerParams


def outputs(folder, *, seeds=(0,), zooms=1, **plane):
    window = {
        "center": (0, 1), "decades": (3, 3), "resolution": 40, "target": (0, 1),
        "factor": 0.2, "zooms": zooms, "zoom_resolution": 36,
    }  # fmt: skip
    network = TwoLayerParams(
        width=3, nonlinearity="tanh", examples=None, batch=None, steps=40, precision="float32",
        seeds=seeds,
    )  # fmt: skip
    return run(
        trainability.create_pipeline(),
        **{
            "params:trainability.network": network,
            "params:trainability.plane": RatePlaneParams(**window | plane),
            "params:trainability.computation": ComputationParams(chunk=700, threads=2),
            "trainability.trials": StudyFolder(folder),
        },
    )


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    return outputs(tmp_path_factory.mktemp("trials"))


def test_the_metrics_are_those_of_the_plane(plane):
    metrics, whole = plane["trainability.border_metrics"], plane["trainability.plane_arrays"]
    assert metrics["converged"] == pytest.approx((whole["whole"] < 0).mean())
    assert metrics["converged_low"] < metrics["converged"] < metrics["converged_high"]
    assert metrics["dimension_low"] <= metrics["dimension"] <= metrics["dimension_high"]
    assert 0.9 < metrics["dimension"] < 2
    assert (metrics["n"], metrics["seeds"], metrics["resolution"]) == (1600, 1, 40)
    assert metrics["steps"] == 40
    assert metrics["seconds_per_million_steps"] > 0


def test_small_rates_converge_and_large_ones_diverge(plane):
    (whole,) = plane["trainability.plane_arrays"]["whole"]
    assert (whole[0] < 0).all()
    assert (whole[-1] > 0).all()


def test_every_picture_is_counted_and_drawn(plane):
    assert len(plane["trainability.borders_table"]) == 2
    assert plane["trainability.box_counts_table"]["boxes"].min() > 0
    assert len(plane["trainability.border_figure"].axes) == 2
    assert len(plane["trainability.zoom_animation"].frames) == 7


def test_several_seeds_have_an_interval_over_seeds(tmp_path):
    found = outputs(tmp_path, seeds=(0, 1, 2), zooms=0)
    dimensions = found["trainability.borders_table"]["dimension"]
    metrics = found["trainability.border_metrics"]
    assert metrics["dimension"] == pytest.approx(dimensions.mean())
    margin = 4.302653 * dimensions.std(ddof=1) / np.sqrt(3)  # Student's t with 2 degrees
    assert metrics["dimension_high"] == pytest.approx(dimensions.mean() + margin, rel=1e-5)
    assert metrics["n"] == 3 * 1600
    assert "zoom_dimension" not in metrics
    assert len(found["trainability.zoom_animation"].frames) == 1
