import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from skimage.metrics import adapted_rand_error

from atelier.cells.comparison import (
    method_metrics,
    paired_gain,
    pictures_by_score,
    score_segmentations,
)
from atelier.cells.samples import Sample, draw_cells, touching_pairs
from atelier.cells.scores import (
    object_scores,
    object_scores_by_overlap,
    pairwise_iou,
    pixel_scores,
    separated_pairs,
)
from atelier.cells.warping import homotopic_warp, warping_error
from atelier.cells.watershed import (
    cells_from_probability,
    clean_mask,
    shrink_touching,
    split_touching,
)

RULE = {"smoothing": 1.0, "depth": 1.0, "min_size": 5}


def block(shape, *parts):
    labels = np.zeros(shape, int)
    for number, (rows, columns) in enumerate(parts, start=1):
        labels[rows, columns] = number
    return labels


LABEL = st.sampled_from([0, 0, 0, 1, 2, 3])
TWO = block((10, 20), (slice(2, 8), slice(2, 8)), (slice(2, 8), slice(10, 16)))


def test_pixel_scores_worked_by_hand():
    truth, found = np.array([[1, 1, 0, 0]]), np.array([[0, 1, 1, 0]])
    scores = pixel_scores(truth, found)
    assert scores["pixel_error"] == 0.5
    assert scores["iou"] == pytest.approx(1 / 3)
    assert scores["dice"] == pytest.approx(1 / 2)


def test_a_cell_cut_in_half_is_one_bit_of_split_and_two_joined_one_of_merge():
    one, two = np.ones((4, 8), int), np.ones((4, 8), int)
    two[:, 4:] = 2
    cut, joined = pixel_scores(one, two), pixel_scores(two, one)
    assert (cut["split"], cut["merge"]) == pytest.approx((1, 0))
    assert (joined["split"], joined["merge"]) == pytest.approx((0, 1))
    assert cut["rand_error"] == pytest.approx(adapted_rand_error(one, two)[0])


def test_nothing_to_find_and_nothing_found_is_perfect():
    empty = np.zeros((5, 5), int)
    scores = pixel_scores(empty, empty)
    assert (scores["iou"], scores["dice"], scores["rand_error"]) == (1, 1, 0)
    assert object_scores(empty, empty).f1 == 1
    assert object_scores(TWO, np.zeros_like(TWO)).f1 == 0
    assert object_scores(np.zeros_like(TWO), TWO).precision == 0


IDS = (
    np.array([0, 5 * 10**8, 72 * 10**16]),
    np.array([0, 2**63 + 1, 2**63 + 2], np.uint64),  # equal as floats
    np.array([0, 3, 2**32 - 1], np.uint32),
)


@pytest.mark.parametrize("ids", IDS, ids=["int64", "uint64", "uint32"])
def test_no_score_depends_on_what_cells_are_called(ids):
    truth, found = np.zeros((10, 20), int), np.zeros((10, 20), int)
    truth[2:8, 2:8], truth[2:8, 8:14] = 1, 2
    found[2:8, 3:8], found[3:8, 8:14] = 2, 1
    called = ids[truth], ids[found]
    assert pixel_scores(*called) == pixel_scores(truth, found)
    assert np.array_equal(pairwise_iou(*called)[:, ::-1], [[0, 30 / 36], [30 / 36, 0]][::-1])
    assert object_scores(*called) == (2, 0, 0, 30 / 36 + 30 / 36)
    assert separated_pairs(*called) == (1, 1)
    assert warping_error(*called) == warping_error(truth, found)
    assert touching_pairs(called[0]).tolist() == [ids[1:].tolist()]
    assert np.array_equal(shrink_touching(called[0]), shrink_touching(truth))
    assert not shrink_touching(truth)[2:8, 7:9].any()
    scores = [
        score_segmentations({"a": Sample(truth, one)}, {"m": {"a": two}}).drop(columns="method")
        for one, two in ((truth, found), called)
    ]
    assert scores[0].equals(scores[1])


def pairs_of_pixels(truth, found):
    """1 - F of pairs, each pair looked at; None without any."""
    inside = [(a, b) for a, b in zip(truth.ravel(), found.ravel(), strict=True) if a > 0]
    pairs = list(itertools.combinations(inside, 2))
    together = [(one[0] == two[0], one[1] == two[1]) for one, two in pairs]
    true, claimed = (sum(pair[i] for pair in together) for i in (0, 1))
    both = sum(a and b for a, b in together)
    return 1 - 2 * both / (true + claimed) if true + claimed else None


@settings(deadline=None)
@given(arrays(int, (3, 4), elements=LABEL), arrays(int, (3, 4), elements=LABEL))
def test_the_rand_error_counts_pairs_of_pixels_in_true_cells(truth, found):
    expected = pairs_of_pixels(truth, found)
    if expected is None:
        expected = float(not np.array_equal(truth > 0, found > 0))
    assert pixel_scores(truth, found)["rand_error"] == pytest.approx(expected)


def test_the_rand_error_without_a_pair_is_that_of_the_masks():
    dots = np.array([[1, 0, 2], [0, 0, 0], [3, 0, 4]])
    one, none = np.array([[0, 0, 7]]), np.zeros((1, 3), int)
    for labels in (dots, one, none, np.array([[1]]), np.array([[0]])):
        assert pixel_scores(labels, labels)["rand_error"] == 0
    assert pixel_scores(dots, dots[::-1])["rand_error"] == 0  # other numbers
    assert pixel_scores(one, none)["rand_error"] == 1
    assert pixel_scores(none, one)["rand_error"] == 1
    assert pixel_scores(one, one[:, ::-1])["rand_error"] == 1
    assert pixel_scores(dots, np.ones_like(dots))["rand_error"] == 1  # four cells made one
    assert pixel_scores(np.ones((3, 3), int), np.full((3, 3), 5))["rand_error"] == 0


def test_as_many_cells_as_pixels_are_compared():
    labels = np.arange(1, 1 + 300 * 300).reshape(300, 300)
    assert object_scores(labels, labels[::-1]) == (90_000, 0, 0, 90_000)  # a full table: 60 GB


@pytest.mark.parametrize(
    "measure", [pixel_scores, object_scores, pairwise_iou, separated_pairs, warping_error]
)
def test_labels_that_are_none_are_refused_in_words(measure):
    good = np.array([[1, 0, 2]])
    for bad, message in (
        (np.array([[1, 0, -1]]), "at least 0"),
        (np.array([[1.0, 0.0, 2.0]]), "integer labels"),
        (np.ma.MaskedArray(good, [[True, False, False]]), "1 masked of 3"),
        (good[:, :2], "one shape"),
    ):
        with pytest.raises(ValueError, match=message):
            measure(good, bad)


def test_cells_are_found_missed_and_invented():
    found = block((10, 20), (slice(2, 8), slice(2, 7)), (slice(0, 2), slice(0, 20)))
    scores = object_scores(TWO, found)
    assert scores[:3] == (1, 1, 1)
    assert scores.iou_sum == pytest.approx(30 / 36)
    assert (scores.precision, scores.recall, scores.f1) == (0.5, 0.5, 0.5)
    assert pairwise_iou(TWO, found)[0, 0] == pytest.approx(30 / 36)
    at = object_scores_by_overlap(TWO, found, (0.8, 0.85))
    assert [score.true_positives for score in at] == [1, 0]


def test_exactly_half_is_not_enough():
    truth, found = np.array([[1, 1]]), np.array([[1, 0]])
    assert object_scores(truth, found).true_positives == 0


def test_scores_refuse_what_they_cannot_judge():
    with pytest.raises(ValueError, match="at least .5"):
        object_scores(TWO, TWO, 0.4)
    with pytest.raises(ValueError, match="one shape"):
        object_scores(TWO, TWO[:, :-1])


def test_touching_pairs_also_touch_at_corners():
    labels = np.array([[1, 0, 3], [0, 2, 3], [0, 0, 4]])
    assert touching_pairs(labels).tolist() == [[1, 2], [2, 3], [2, 4], [3, 4]]
    assert len(touching_pairs(TWO)) == 0


def test_pairs_are_apart_only_if_both_cells_have_one_of_their_own():
    truth = block((6, 12), (slice(1, 5), slice(1, 6)), (slice(1, 5), slice(6, 11)))
    merged = (truth > 0).astype(int)
    gone = np.where(truth == 1, 1, 0)
    assert separated_pairs(truth, truth) == (1, 1)
    assert separated_pairs(truth, merged) == (0, 1)
    assert separated_pairs(truth, gone) == (0, 1)


def test_a_shifted_border_is_no_warping_error():
    found = np.roll(TWO, 1, axis=1)
    assert warping_error(TWO, found) == 0
    assert np.array_equal(homotopic_warp(TWO, found), found > 0)


def test_each_mistake_of_topology_costs_what_no_bending_can_mend():
    whole = block((10, 20), (slice(2, 8), slice(2, 16)))
    cut = whole.copy()
    cut[:, 9] = 0
    assert warping_error(whole, cut) * whole.size == pytest.approx(1)  # a thread stays
    assert warping_error(cut, whole) * whole.size == pytest.approx(6)  # the whole gap stays
    hole = whole.copy()
    hole[5, 5] = 0
    assert warping_error(whole, hole) * whole.size == pytest.approx(1)
    assert warping_error(whole, np.zeros_like(whole)) * whole.size == pytest.approx(1)
    assert warping_error(np.zeros_like(whole), whole) == (whole > 0).mean()


@settings(deadline=None)
@given(arrays(bool, (7, 9)), arrays(bool, (7, 9)))
def test_bending_keeps_the_number_of_cells_and_of_holes(truth, found):
    bent = homotopic_warp(truth, found)
    eight = ndimage.generate_binary_structure(2, 2)
    assert ndimage.label(bent)[1] == ndimage.label(truth)[1]
    holes = [
        ndimage.label(np.pad(~mask, 1, constant_values=True), eight)[1] for mask in (bent, truth)
    ]
    assert holes[0] == holes[1]


def test_targets_leave_a_gap_between_touching_cells_and_only_there():
    labels = block((6, 12), (slice(0, 6), slice(0, 6)), (slice(0, 6), slice(6, 10)))
    target = shrink_touching(labels)
    assert not target[:, 5:7].any()
    assert target[:, :5].all()
    assert target[:, 7:10].all()
    assert np.array_equal(shrink_touching(TWO), TWO > 0)


def test_touching_discs_come_apart_and_specks_go():
    y, x = np.mgrid[:40, :60]
    mask = ((y - 20) ** 2 + (x - 20) ** 2 < 100) | ((y - 20) ** 2 + (x - 37) ** 2 < 100)
    mask[2, 2] = True
    cells = split_touching(mask, **RULE)
    assert cells.max() == 2
    assert cells[20, 20] != cells[20, 37]
    assert cells[2, 2] == 0


def test_flat_cells_without_a_summit_are_cells_all_the_same():
    mask = np.zeros((20, 20), bool)
    mask[2:5, 2:18] = True
    assert split_touching(mask, smoothing=0.0, depth=50.0, min_size=5).max() == 1


def test_a_cell_at_the_border_one_cell_and_none():
    corner = np.zeros((12, 12), bool)
    corner[:4, :4] = True
    assert np.array_equal(split_touching(corner, **RULE) > 0, corner)
    assert not split_touching(np.zeros((5, 5), bool), **RULE).any()
    assert np.array_equal(clean_mask(corner, 17), np.zeros_like(corner))


def test_cells_grow_from_their_core_until_they_meet():
    odds = np.full((9, 24), 0.05)
    odds[1:8, 1:23] = 0.3
    odds[2:7, 2:10] = odds[2:7, 14:22] = 0.9
    cells = cells_from_probability(odds, threshold=0.5, extent=0.2, **RULE)
    assert cells.max() == 2
    assert (cells > 0).sum() == 7 * 22
    assert cells[4, 10] != cells[4, 13]
    with pytest.raises(ValueError, match="extent <= threshold"):
        cells_from_probability(odds, threshold=0.2, extent=0.5, **RULE)


def test_cells_grow_on_the_ground_that_another_network_gives():
    odds = np.full((9, 24), 0.05)
    odds[2:7, 2:10] = odds[2:7, 14:22] = 0.9
    ground = np.full((9, 24), 0.05)
    ground[1:8, 1:23] = 0.9
    cells = cells_from_probability(odds, threshold=0.5, extent=0.5, ground=ground, **RULE)
    assert cells.max() == 2
    assert np.array_equal(cells > 0, ground > 0.5)


@settings(deadline=None)
@given(st.integers(0, 50))
def test_drawn_cells_found_as_they_are_score_full(seed):
    drawn = draw_cells(1, (40, 40), seed=seed)
    sample = Sample(drawn.images[0, ..., 0], drawn.labels[0])
    row = score_segmentations({"a": sample}, {"perfect": {"a": drawn.labels[0]}}).iloc[0]
    assert (row["f1"], row["mean_f1"], row["iou"], row["pixel_error"]) == (1, 1, 1, 0)
    assert row["warping_error"] == row["rand_error"] == 0
    assert row["apart"] == row["pairs"]


def test_a_paired_gain_has_an_interval_and_pictures_go_from_worst_to_best():
    drawn = draw_cells(6, (40, 40), seed=1)
    samples = {
        str(i): Sample(image[..., 0], labels)
        for i, (image, labels) in enumerate(zip(drawn.images, drawn.labels, strict=True))
    }
    good = {name: sample.labels for name, sample in samples.items()}
    poor = {name: np.where(labels == 1, 0, labels) for name, labels in good.items()}
    table = score_segmentations(samples, {"good": good, "poor": poor})
    gain, low, high = paired_gain(table, "good", "poor", "f1", seed=0)
    assert 0 < low <= gain <= high < 1
    metrics = method_metrics(table, seed=0)
    assert metrics["good"]["f1"] == 1 > metrics["poor"]["f1_high"]
    assert metrics["good"]["pictures"] == 6
    shown = pictures_by_score(table[table["method"] == "poor"], samples, count=3)
    f1 = table[table["method"] == "poor"].set_index("image")["f1"]
    assert f1[next(iter(shown))] == f1.min()
    assert len(shown) == 3
