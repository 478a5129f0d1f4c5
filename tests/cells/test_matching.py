"""Matched cells, pooled and by image, held to StarDist's counts and to values by hand."""

import numpy as np
import pandas as pd
import pytest

from atelier.cells.figures import matching_figure
from atelier.cells.matching import match_segmentations, matching_metrics, summarize_matches
from atelier.cells.samples import Sample
from atelier.cells.scores import OVERLAPS, matched_cells, matching_measures, object_scores

MEASURES = [
    "precision", "recall", "f1", "average_precision", "panoptic_quality", "matched_iou", "true_iou",
]  # fmt: skip
# stardist 0.9.2, matching_dataset of the rectangles below: thresh, tp, fn, fp, precision, recall,
# f1, accuracy, panoptic_quality, mean_matched_score, mean_true_score
STARDIST_POOLED = [
    (0.5, 87, 17, 19, 0.820755, 0.836538, 0.828571, 0.707317, 0.691867, 0.835012, 0.698519),
    (0.55, 84, 20, 22, 0.792453, 0.807692, 0.8, 0.666667, 0.676284, 0.845355, 0.682787),
    (0.6, 78, 26, 28, 0.735849, 0.75, 0.742857, 0.590909, 0.64257, 0.864998, 0.648748),
    (0.65, 74, 30, 32, 0.698113, 0.711538, 0.704762, 0.544118, 0.618609, 0.877757, 0.624558),
    (0.7, 69, 35, 37, 0.650943, 0.663462, 0.657143, 0.489362, 0.586275, 0.892158, 0.591913),
    (0.75, 58, 46, 48, 0.54717, 0.557692, 0.552381, 0.381579, 0.510282, 0.923787, 0.515189),
    (0.8, 54, 50, 52, 0.509434, 0.519231, 0.514286, 0.346154, 0.481371, 0.936, 0.486),
    (0.85, 52, 52, 54, 0.490566, 0.5, 0.495238, 0.329114, 0.46532, 0.939588, 0.469794),
    (0.9, 40, 64, 66, 0.377358, 0.384615, 0.380952, 0.235294, 0.3649, 0.957862, 0.368408),
    (0.95, 21, 83, 85, 0.198113, 0.201923, 0.2, 0.111111, 0.198342, 0.991709, 0.200249),
]
STARDIST_BY_IMAGE = [
    (0.5, 87, 17, 19, 0.821212, 0.836667, 0.828755, 0.71073, 0.691904, 0.835461, 0.698442),
    (0.55, 84, 20, 22, 0.792641, 0.807619, 0.799951, 0.671098, 0.676195, 0.846449, 0.6826),
    (0.6, 78, 26, 28, 0.735931, 0.749524, 0.742565, 0.59241, 0.642338, 0.865298, 0.648326),
    (0.65, 74, 30, 32, 0.698701, 0.711429, 0.704913, 0.546409, 0.618656, 0.878166, 0.624365),
    (0.7, 69, 35, 37, 0.651082, 0.662857, 0.65683, 0.490421, 0.586003, 0.892396, 0.591377),
    (0.75, 58, 46, 48, 0.547186, 0.557143, 0.552046, 0.382558, 0.50999, 0.924507, 0.514695),
    (0.8, 54, 50, 52, 0.509524, 0.519048, 0.514172, 0.346169, 0.481248, 0.935831, 0.485784),
    (0.85, 52, 52, 54, 0.490476, 0.499524, 0.494892, 0.329435, 0.464999, 0.939422, 0.46933),
    (0.9, 40, 64, 66, 0.377489, 0.38381, 0.380574, 0.237045, 0.36455, 0.958438, 0.367653),
    (0.95, 21, 83, 85, 0.198268, 0.201905, 0.200043, 0.111267, 0.198384, 0.991638, 0.200226),
]


def rectangles(picture):
    """Cells and detections that need no random numbers; no IoU lies on a limit."""
    truth, found = np.zeros((80, 120), int), np.zeros((80, 120), int)
    for cell in range(24):
        top, left = 20 * (cell // 6), 20 * (cell % 6)
        bottom = top + 7 + (3 * cell + picture) % 11
        right = left + 6 + (5 * cell + 2 * picture) % 12
        shift = cell * cell % 5
        if (cell + picture) % 7:
            truth[top:bottom, left:right] = cell + 1
        if (cell + 2 * picture) % 9:
            found[top + shift : bottom, left:right] = 50 - cell
            found[bottom - 1, left] = 0
    return truth, found


def table_of(*pairs):
    samples = {str(i): Sample(np.zeros(truth.shape), truth) for i, (truth, _) in enumerate(pairs)}
    labels = {str(i): predicted for i, (_, predicted) in enumerate(pairs)}
    return match_segmentations(samples, {"m": labels})


@pytest.fixture(scope="module")
def matches():
    return table_of(*map(rectangles, range(5)))


def test_counts_at_all_ten_overlaps_equal_those_of_stardist(matches):
    sums = matches.groupby("overlap")[["true_positives", "false_negatives", "false_positives"]]
    expected = {row[0]: list(row[1:4]) for row in STARDIST_POOLED}
    assert {key: row.tolist() for key, row in sums.sum().iterrows()} == expected


@pytest.mark.parametrize(
    ("averaging", "rows"), [("pooled", STARDIST_POOLED), ("pictures", STARDIST_BY_IMAGE)]
)
def test_scores_equal_those_of_stardist(matches, averaging, rows):
    summary = summarize_matches(matches, seed=0)
    found = summary[summary["averaging"] == averaging]
    table = found.pivot_table(index="overlap", columns="measure", values="value")[MEASURES]
    np.testing.assert_allclose(table, [row[4:] for row in rows], atol=2e-6)
    assert table.index.tolist() == [row[0] for row in rows] == list(OVERLAPS)


def test_scores_by_hand():
    counts = np.array([6, 2, 4, 4.5])
    expected = (6 / 10, 6 / 8, 12 / 18, 6 / 12, 4.5 / 9, 4.5 / 6, 4.5 / 8)
    assert list(matching_measures(counts).values()) == pytest.approx(expected)
    assert list(matching_measures(counts)) == MEASURES
    many = matching_measures(np.stack([counts, 2 * counts]))
    assert all(np.ptp(values) == 0 for values in many.values())


def test_panoptic_quality_is_detection_times_segmentation(matches):
    measures = matching_measures(
        matches[["true_positives", "false_negatives", "false_positives", "iou_sum"]].to_numpy()
    )
    product = measures["f1"] * measures["matched_iou"]
    np.testing.assert_allclose(measures["panoptic_quality"], product)


def test_nothing_to_find_and_nothing_found_is_perfect_and_no_match_has_no_overlap():
    empty, cell = np.zeros((4, 4), int), np.pad([[1, 1]], 1)
    assert set(object_scores(empty, empty).measures.values()) == {1.0}
    missed, false = object_scores(cell, empty[:3]).measures, object_scores(empty[:3], cell).measures
    others = ["f1", "average_precision", "panoptic_quality", "matched_iou", "true_iou"]
    assert [missed[name] for name in others] == [false[name] for name in others] == [0] * 5
    assert (missed["precision"], missed["recall"]) == (1, 0)
    assert (false["precision"], false["recall"]) == (0, 1)


def test_an_overlap_of_exactly_one_half_is_no_match_as_it_is_one_in_stardist():
    truth, predicted = np.array([[1, 1]]), np.array([[1, 0]])
    assert object_scores(truth, predicted).true_positives == 0
    assert object_scores(np.array([[1, 1, 1]]), np.array([[1, 1, 0]])).true_positives == 1


def test_pooling_weighs_cells_and_averaging_weighs_images():
    crowd = np.arange(1, 10)[None]
    lost = np.array([[1, 0]])
    summary = summarize_matches(table_of((crowd, crowd), (lost, np.zeros_like(lost))), seed=0)
    recall = summary[(summary["measure"] == "recall") & (summary["overlap"] == 0.5)]
    assert recall.set_index("averaging")["value"].to_dict() == {"pooled": 0.9, "pictures": 0.5}
    assert recall["cells"].tolist() == [10, 10]
    assert recall["pictures"].tolist() == [2, 2]


def test_intervals_hold_the_value_and_stay_between_0_and_1(matches):
    summary = summarize_matches(matches, seed=0)
    assert (summary["low"] <= summary["value"]).all()
    assert (summary["value"] <= summary["high"]).all()
    assert summary[["low", "high"]].to_numpy().min() >= 0
    assert summary[["low", "high"]].to_numpy().max() <= 1
    f1 = summary[(summary["measure"] == "f1") & (summary["overlap"] == 0.5)]
    assert (f1["high"] - f1["low"] > 0).all()


def test_metrics_are_those_of_an_iou_of_one_half(matches):
    metrics = matching_metrics(summarize_matches(matches, seed=0))["m"]
    assert metrics["pooled_average_precision"] == pytest.approx(87 / (87 + 17 + 19))
    assert metrics["pictures_f1"] == pytest.approx(0.828755, abs=1e-6)
    assert (metrics["pictures"], metrics["true_cells"]) == (5, 104)


def test_matched_cells_are_as_many_as_counted():
    for picture in range(5):
        truth, predicted = rectangles(picture)
        matched = matched_cells(truth, predicted)
        assert len(matched) == len(np.unique(predicted)) - 1
        assert matched.sum() == object_scores(truth, predicted).true_positives


def test_the_figure_has_a_curve_and_intervals_of_each_method_in_each_panel(matches):
    both = pd.concat([matches, matches.assign(method="otsu")])
    figure = matching_figure(summarize_matches(both, seed=0), title="cells")
    assert [panel.get_title("left") for panel in figure.axes] == [
        "AP = TP / (TP + FP + FN)", "panoptic quality", "mean IoU of matched cells",
    ]  # fmt: skip
    for panel in figure.axes:
        assert [len(line.get_xdata()) for line in panel.lines] == [10, 5, 10, 5]
        assert len(panel.containers) == 2
