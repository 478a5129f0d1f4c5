import numpy as np
import pytest

from atelier.trainability.params import RatePlaneParams
from atelier.trainability.windows import Window, require_resolved, zoom_windows

PLANE = {
    "center": (1, 2), "decades": (4, 2), "resolution": 5, "target": (2, 1.5), "factor": 0.1,
    "zooms": 3, "zoom_resolution": 4,
}  # fmt: skip


def test_the_target_keeps_its_place_in_every_window():
    for window in zoom_windows(RatePlaneParams(**PLANE)):
        left, right, lower, upper = window.limits
        assert (2 - left) / (right - left) == pytest.approx(0.75)
        assert (1.5 - lower) / (upper - lower) == pytest.approx(0.25)


def test_each_window_is_narrower_by_the_factor():
    widths = [window.decades[0] for window in zoom_windows(RatePlaneParams(**PLANE))]
    np.testing.assert_allclose(widths, [4, 0.4, 0.04, 0.004])


def test_members_lie_row_by_row_at_equal_steps_of_the_logarithm():
    first, last = Window((0, 0), (2, 4), 3).rates()
    np.testing.assert_allclose(first.reshape(3, 3), np.tile([0.1, 1, 10], (3, 1)))
    np.testing.assert_allclose(last.reshape(3, 3), np.tile([[0.01], [1], [100]], 3))


def test_a_target_outside_the_window_is_an_error():
    with pytest.raises(ValueError, match="Expected a target within"):
        zoom_windows(RatePlaneParams(**PLANE | {"target": (9, 9)}))


def test_a_window_that_float32_cannot_resolve_needs_float64():
    window = Window((1, 1), (1e-6, 1e-6), 64)
    with pytest.raises(ValueError, match="choose fewer zooms or float64"):
        require_resolved(window, "float32")
    require_resolved(window, "float64")
