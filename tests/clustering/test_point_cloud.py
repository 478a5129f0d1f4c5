"""Units and axes of points, small components, and cells by a mixture: laws and hand values."""

import numpy as np
import pandas as pd
import pytest

from atelier.clustering.cells import probability_by_mixture
from atelier.clustering.experiments import METRICS, initialisation_metrics
from atelier.clustering.mixture import GaussianMixture, has_undersized_component
from atelier.clustering.point_cloud import PointCloud


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_an_axis_on_which_all_points_are_equal_changes_no_distance(unit, rng):
    plane = unit * rng.normal(size=(20, 2)) * [1, 3]
    clouds = [
        PointCloud.from_points(points, None, 2)
        for points in (plane, np.insert(plane, 1, 7.0, axis=1))
    ]
    distances = [cloud.squared_distances(cloud.points[:, 0]) for cloud in clouds]
    np.testing.assert_allclose(*distances, rtol=1e-9)
    expected = ((plane - plane[0]) ** 2).sum(axis=1)
    np.testing.assert_allclose(distances[0] / distances[0].max(), expected / expected.max())


def test_a_component_needs_as_many_points_as_it_has_parameters():
    """By hand: a mean and a full covariance of three dimensions have 3 + 6 numbers."""
    mixture = GaussianMixture(
        np.ones(1),
        np.zeros((1, 3)),
        np.eye(3)[None],
        0.0,
        np.zeros(1),
        converged=True,
        floored=False,
    )
    assert has_undersized_component(mixture, 8, "full")
    assert not has_undersized_component(mixture, 9, "full")


def test_shares_of_starts_have_wilsons_interval():
    """By hand: one of two; (1 + z²) / 2 ± z √(1/2 + z²/4) over 2 + z², with z = 1.96."""
    table = pd.DataFrame({"init": list(METRICS) * 2, "log_likelihood": [-5.0, -5.0, -9.0, -9.0]})
    metrics = initialisation_metrics(table.assign(collapsed=False), 2)
    for name in METRICS.values():
        assert metrics[name] == 0.5
        assert metrics[f"{name}_low"] == pytest.approx(0.0945, abs=1e-4)
        assert metrics[f"{name}_high"] == pytest.approx(0.9055, abs=1e-4)


def test_bright_pixels_are_probably_cells(rng):
    bright = rng.random((60, 60)) < 0.3
    image = rng.normal(np.where(bright, 180, 60), 6).round().astype(np.uint8)
    probability = probability_by_mixture(image)
    np.testing.assert_array_equal(probability > 0.5, bright)
    assert probability.min() >= 0
    assert probability.max() <= 1


def test_masked_points_and_weights_are_refused():
    points = np.ma.masked_array([0.0, 1, 2, 9], [False, True, False, False])
    with pytest.raises(ValueError, match="points without masked values. Received: 1 of 4"):
        PointCloud.from_points(points, None, 2)
    with pytest.raises(ValueError, match="weights without masked values. Received: 1 of 4"):
        PointCloud.from_points(points.data, points, 2)
