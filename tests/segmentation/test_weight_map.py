import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import distance_transform_edt

from atelier.segmentation.weight_map import border_weights, class_balance


def one_map_per_cell(labels, w0=10.0, sigma=5.0):
    """The definition: a distance map for each cell."""
    cells = np.unique(labels[labels > 0])
    if len(cells) < 2:
        return np.zeros(labels.shape)
    near = np.sort([distance_transform_edt(labels != cell) for cell in cells], axis=0)
    weights = w0 * np.exp(-((near[0] + near[1]) ** 2) / (2 * sigma**2))
    return np.where(labels > 0, 0, weights)


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
    assert np.allclose(ours, one_map_per_cell(labels, sigma=sigma), rtol=1e-9, atol=0)


@pytest.mark.parametrize("cells", [2, 7, 400])
def test_equals_it_on_larger_pictures_with_few_or_many_cells(cells):
    rng = np.random.default_rng(cells)
    labels = np.zeros((150, 220), np.uint16)
    labels.ravel()[rng.choice(labels.size, cells, replace=False)] = np.arange(1, cells + 1)
    assert np.allclose(border_weights(labels), one_map_per_cell(labels), rtol=1e-9, atol=0)


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
    assert class_balance(np.zeros(4)) == (1, 1)
