import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atelier.cells.figures import colour_errors, colour_labels
from atelier.cells.grayscale import stored_grey
from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import Sample, cell_table, touching_pairs
from atelier.thresholding.otsu import grey_histogram, otsu_thresholds

KINDS = ("uint8", "int16", "uint32", "int64", "uint64")
LABELS = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.lists(
            st.one_of(st.integers(0, 5), st.integers(0, np.iinfo(kind).max)), min_size=1, max_size=9
        ),
    )
)


@settings(deadline=None)
@given(LABELS)
def test_cells_are_numbered_by_rising_id_without_gaps(labels):
    kind, values = labels
    ranks, ids = number_cells(np.array(values, kind))
    expected = sorted(set(values) - {0})
    assert ids.tolist() == expected
    assert ranks.tolist() == [expected.index(value) + 1 if value else 0 for value in values]


def test_masks_and_empty_pictures_are_labels_too():
    assert number_cells(np.array([True, False]))[0].tolist() == [1, 0]
    assert number_cells(np.zeros((0, 3), np.uint16))[0].shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0.0, 1.0]), "integer labels"),
        (np.array([3, -1, -2]), "-2, 2 negative"),
        (np.ma.MaskedArray([1, 2], [True, False]), "1 masked of 2"),
    ],
)
def test_what_is_no_label_is_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        number_cells(labels)


def test_cells_of_large_ids_are_counted_and_drawn():
    small = np.array([[1, 1, 2, 0], [0, 3, 3, 0]])
    large = np.array([0, 2**63 + 1, 2**63 + 2, 2**64 - 1], np.uint64)[small]
    image = np.arange(8.0).reshape(2, 4)
    table = cell_table({"train": {"a": Sample(image, large)}})
    assert table["cells"].item() == 3
    assert table["touching_pairs"].item() == len(touching_pairs(small)) == 3
    assert np.array_equal(colour_labels(large), colour_labels(small))
    drawn = colour_errors(image, large, large[:, ::-1])
    assert np.array_equal(drawn, colour_errors(image, small, small[:, ::-1]))


def test_booleans_that_a_decoder_stores_as_255_are_booleans():
    odd = np.array([[0, 255, 1]], np.uint8).view(bool)  # as Pillow gives 1-bit TIFF
    assert number_cells(odd)[0].tolist() == [[0, 1, 1]]
    assert grey_histogram(odd)[0][:2].tolist() == [1, 2]
    assert otsu_thresholds(odd).tolist() == [0]
    assert stored_grey(odd).tolist() == [[0, 1, 1]]


@pytest.mark.parametrize("shape", [(4,), (1, 2, 2)])
def test_neighbours_of_other_than_two_axes_are_refused(shape):
    with pytest.raises(ValueError, match=r"labels \(height, width\)\. Received: \("):
        touching_pairs(np.ones(shape, int))
