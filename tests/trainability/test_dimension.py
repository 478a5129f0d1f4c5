"""Box-counting dimensions of sets whose dimension is known."""

import numpy as np
import pytest

from atelier.trainability.dimension import border_cells, box_dimension, mean_dimension


def koch_curve(level, side):
    """Returns the cells of a Koch curve; each segment is shorter than a cell."""
    points = np.array([0, 1], complex)
    for _ in range(level):
        start, step = points[:-1], np.diff(points) / 3
        peak = start + step * (1 + np.exp(1j * np.pi / 3))
        corners = np.stack([start, start + step, peak, start + 2 * step], axis=1)
        points = np.append(corners.ravel(), points[-1])
    cells = np.zeros((side, side), bool)
    column = np.minimum((points.real * side).astype(int), side - 1)
    cells[(points.imag * side).astype(int), column] = True
    return cells


def sierpinski_triangle(side):
    """Pascal's triangle modulo 2."""
    row, column = np.indices((side, side))
    return (row & column) == 0


@pytest.mark.parametrize("slope", [0.0, 0.37, 1.0, 2.6])
def test_a_straight_line_has_dimension_one(slope):
    row, column = np.indices((512, 512))
    estimate = box_dimension(border_cells(row - 3.3 - slope * column))
    assert estimate.low - 1e-9 <= 1 <= estimate.high + 1e-9
    assert estimate.dimension == pytest.approx(1, abs=0.05)


def test_a_circle_has_dimension_one():
    row, column = np.indices((512, 512)) - 255.5
    estimate = box_dimension(border_cells(np.hypot(row, column) - 200))
    assert estimate.low <= 1 <= estimate.high


def test_the_koch_curve_has_dimension_log_4_over_log_3():
    estimate = box_dimension(koch_curve(8, 1024))
    assert estimate.low <= np.log(4) / np.log(3) <= estimate.high
    assert estimate.dimension == pytest.approx(np.log(4) / np.log(3), abs=0.05)


def test_the_sierpinski_triangle_has_dimension_log_3_over_log_2():
    estimate = box_dimension(sierpinski_triangle(256))
    np.testing.assert_array_equal(estimate.counts, 3 ** np.arange(8, 2, -1))
    assert estimate.dimension == pytest.approx(np.log2(3))


def test_a_filled_square_has_dimension_two():
    assert box_dimension(np.ones((64, 64), bool)).dimension == pytest.approx(2)


def test_boxes_at_the_end_of_an_axis_may_be_smaller():
    estimate = box_dimension(np.ones((33, 40), bool))
    np.testing.assert_array_equal(estimate.sizes, [1, 2, 4])
    np.testing.assert_array_equal(estimate.counts, [33 * 40, 17 * 20, 9 * 10])


def test_a_plane_without_border_has_no_dimension():
    estimate = box_dimension(border_cells(-np.ones((40, 40))))
    assert np.isnan([estimate.dimension, estimate.low, estimate.high]).all()


def test_too_few_cells_are_an_error():
    with pytest.raises(ValueError, match="Expected at least 32 rows and columns"):
        box_dimension(np.ones((31, 64), bool))


def test_the_border_is_where_four_neighbours_differ():
    cells = border_cells(np.array([[-1, -1, -1, 1], [-1, -1, -1, 1], [-1, -1, 1, 1]]))
    np.testing.assert_array_equal(cells, [[False, False, True], [False, True, True]])


def test_the_interval_over_seeds_is_students():
    # scipy 1.17: ttest_1samp([1.1, 1.3, 1.2, 1.6], 0).confidence_interval(0.95)
    mean, low, high = mean_dimension(np.array([1.1, 1.3, 1.2, 1.6]))
    assert mean == pytest.approx(1.3)
    assert (low, high) == pytest.approx((0.956248, 1.643752), abs=1e-5)
