import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import distance_transform_edt

from atelier.segmentation.nearest_cells import two_nearest_distances
from atelier.segmentation.weight_map import border_weights, class_balance


def one_map_per_cell(labels, w0=10.0, sigma=5.0):
    """The definition: a distance map for each cell."""
    cells = np.unique(labels[labels > 0])
    if len(cells) < 2:
        return np.zeros(labels.shape)
    near = np.sort([distance_transform_edt(labels != cell) for cell in cells], axis=0)
    weights = w0 * np.exp(-((near[0] + near[1]) ** 2) / (2 * sigma**2))
    return np.where(labels > 0, 0, weights)


def is_the_definition(weights, expected, w0=10.0):
    """Weights below 1e-9 w0 may be 0; all others are exact."""
    kept = np.where(weights == 0, np.where(expected < 1e-9 * w0, 0, expected), expected)
    return np.allclose(weights, kept, rtol=1e-9, atol=0)


def test_the_values_worked_by_hand():
    assert border_weights(np.array([1, 1, 0, 2, 2]))[2] == pytest.approx(9.2311634639)
    assert border_weights(np.array([1, 0, 0, 0, 2]))[1:4] == pytest.approx([7.2614903707] * 3)


@settings(deadline=None)
@given(
    arrays(np.int64, array_shapes(min_dims=1, max_dims=3, max_side=9), elements=st.integers(0, 4)),
    st.floats(0.5, 9),
)
def test_equals_one_distance_map_per_cell_in_any_dimension(labels, sigma):
    ours = border_weights(labels, sigma=sigma)
    assert is_the_definition(ours, one_map_per_cell(labels, sigma=sigma))


@pytest.mark.parametrize("cells", [2, 7, 400])
def test_equals_it_on_larger_pictures_with_few_or_many_cells(cells):
    rng = np.random.default_rng(cells)
    labels = np.zeros((150, 220), np.uint16)
    labels.ravel()[rng.choice(labels.size, cells, replace=False)] = np.arange(1, cells + 1)
    assert is_the_definition(border_weights(labels), one_map_per_cell(labels))


def ring(side=41, outer=18, inner=15):
    """A ring with a cell of one pixel in its centre and a cell outside."""
    y, x = np.mgrid[:side, :side] - side // 2
    radius = np.hypot(y, x)
    labels = ((radius >= inner) & (radius <= outer)).astype(np.uint8)
    labels[side // 2, side // 2] = 2
    labels[0, 0] = 3
    return labels


def touching():
    """Two cells of which each touches an edge, and which share a part of their border."""
    labels = np.zeros((30, 70), np.int32)
    labels[:14, 10:40], labels[14:, 30:60] = 1, 2
    return labels


def one_pixel_each():
    """Cells of a single pixel at every fifth pixel, one in each corner."""
    labels = np.zeros((31, 46), np.int16)
    labels[::5, ::5] = np.arange(1, 7 * 10 + 1).reshape(7, 10)
    return labels


def in_parts():
    """Two cells of several parts, each of which lies between parts of the other."""
    labels = np.zeros((6, 90), np.int64)
    labels[2, ::20], labels[4, 10::20] = 8, 5
    return labels


@pytest.mark.parametrize("labels", [ring(), touching(), one_pixel_each(), in_parts()])
def test_rings_touching_cells_single_pixels_and_cells_in_parts(labels):
    assert is_the_definition(border_weights(labels), one_map_per_cell(labels))
    assert is_the_definition(border_weights(labels.T), one_map_per_cell(labels.T))


@pytest.mark.parametrize("sigma", [0.3, 2.0, 30.0, 400.0])
def test_narrow_and_wide_borders(sigma):
    ours = border_weights(ring(), sigma=sigma)
    assert is_the_definition(ours, one_map_per_cell(ring(), sigma=sigma))


@pytest.mark.parametrize("reach", [1, 2, 7, 23, 60])
def test_distances_are_exact_up_to_the_reach_and_infinite_beyond(reach):
    labels = ring()
    maps = [distance_transform_edt(labels != cell) for cell in (1, 2, 3)]
    nearest, next_nearest, _ = np.sort(maps, axis=0)
    first, second = two_nearest_distances(labels, reach=reach)
    background = labels == 0
    within = background & (nearest + next_nearest <= reach)
    assert np.allclose(first[within], nearest[within])
    assert np.allclose(second[within], next_nearest[within])
    assert np.isinf(second[background & ~within]).all()


def test_a_weight_too_small_for_float32_is_zero():
    labels = np.zeros((1, 102), int)
    labels[0, 0], labels[0, -1] = 1, 2
    weights = border_weights(labels)
    assert not weights.any()
    assert one_map_per_cell(labels).max() < 1e-9 * 10


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i4", "u4", "i8", "u8"])
def test_every_integer_type_gives_the_same_weights(kind):
    assert np.array_equal(border_weights(ring().astype(kind)), border_weights(ring()))


def test_numbers_of_cells_do_not_matter():
    small = np.array([[1, 0, 0, 2, 0, 0]])
    for ids in ((5, 70_000), (5 * 10**8, 72 * 10**16), (2**63 + 1, 2**63 + 2), (9, 2**64 - 1)):
        labels = np.array([0, *ids], np.uint64)[small]
        assert np.array_equal(border_weights(labels), border_weights(small))
        assert border_weights(labels)[0, 1] == pytest.approx(10 * np.exp(-(3**2) / 50))


@pytest.mark.parametrize(
    "labels", [np.zeros((4, 5), int), np.array([[0, 7, 7, 0]]), np.ones((3, 3), int)]
)
def test_fewer_than_two_cells_have_no_border(labels):
    assert not border_weights(labels).any()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="integer labels"):
        border_weights(np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"at least 0.*-3, 1 negative"):
        border_weights(np.array([[1, 0, -3]]))
    with pytest.raises(ValueError, match="positive sigma"):
        border_weights(np.zeros((3, 3), int), sigma=0)


def test_class_balance_makes_both_classes_count_the_same():
    labels = np.array([0, 0, 0, 1])
    background, cell = class_balance(labels)
    assert 3 * background == pytest.approx(cell)
    assert (3 * background + cell) / 4 == pytest.approx(1)
    assert class_balance(np.zeros(4, int)) == (1, 1)
    for wrong in (np.array([0, np.nan]), np.array([-1, 1]), np.array([], int)):
        with pytest.raises(ValueError, match="Expected"):
            class_balance(wrong)


def test_pictures_without_pixels_and_of_one_pixel_have_weights():
    assert border_weights(np.zeros((0, 3), int)).shape == (0, 3)
    assert border_weights(np.zeros((1, 1), int)).tolist() == [[0.0]]  # no cell is near
    assert border_weights(np.ones((1, 1), int)).tolist() == [[0.0]]
