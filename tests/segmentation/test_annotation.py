"""Trainings on subsets: which images, what is kept, and what the scores of planted matches say."""

import numpy as np
import pandas as pd
import pytest

from atelier.cells.matching import match_segmentations
from atelier.cells.params import SplittingParams
from atelier.cells.samples import Sample, draw_cells
from atelier.segmentation import annotation, annotation_sentences
from atelier.segmentation.figures import annotation_figure
from atelier.segmentation.params import AnnotationParams, PredictionParams
from atelier.sweep.chunk_store import StudyFolder
from atelier.thresholding.cells import cells_by_threshold

DRAWN = draw_cells(8, (32, 32), seed=2)
SAMPLES = {
    str(i): Sample(image[..., 0], labels)
    for i, (image, labels) in enumerate(zip(DRAWN.images, DRAWN.labels, strict=True))
}
TRAIN = {name: SAMPLES[name] for name in "01234"}
TEST = {name: SAMPLES[name] for name in "567"}
RULE = {"threshold": 0.5, "smoothing": 1.0, "depth": 1.5, "least": 10}
PREDICTION = PredictionParams(tile=64, turns=1, cells=RULE)


@pytest.fixture
def trained(monkeypatch):
    """The subsets and seeds of the trainings, which find Otsu's cells in place of a network's."""
    calls = []

    def train_and_match(subset, test, recipe, prediction):
        calls.append((list(subset), recipe.seed, recipe.steps))
        splitting = SplittingParams(smoothing=1.0, depth=1.5, least=10)
        labels = {name: cells_by_threshold(one.image, splitting) for name, one in test.items()}
        return match_segmentations(test, {"unet": labels}).assign(seconds=1.0)

    monkeypatch.setattr(annotation, "_train_and_match", train_and_match)
    return calls


def study(folder, recipe, *, pictures=(1, 2, 5), draws=2, train=TRAIN):
    params = AnnotationParams(pictures=pictures, draws=draws, steps=7)
    return annotation.train_on_subsets(train, TEST, params, recipe, PREDICTION, StudyFolder(folder))


def test_subsets_of_a_draw_are_nested_and_draws_differ(tmp_path, trained, unet_recipe):
    table = study(tmp_path, unet_recipe, draws=3)
    subsets = {(len(names), seed): names for names, seed, _ in trained}
    seeds = sorted({seed for _, seed in subsets})
    assert [seed - seeds[0] for seed in seeds] == [0, 1, 2]
    for seed in seeds:
        assert subsets[1, seed] == subsets[2, seed][:1] == subsets[5, seed][:1]
        assert sorted(subsets[5, seed]) == sorted(TRAIN)
    assert len({tuple(subsets[5, seed]) for seed in seeds}) > 1
    assert {steps for *_, steps in trained} == {7}
    assert len(table) == 3 * 3 * len(TEST) * 10
    assert table.groupby(["annotated", "draw"]).ngroups == 9


def test_a_finished_training_is_kept_also_when_sizes_and_draws_are_added(
    tmp_path, trained, unet_recipe
):
    study(tmp_path, unet_recipe, pictures=(2,), draws=1)
    study(tmp_path, unet_recipe, pictures=(1, 2), draws=2)
    assert [len(names) for names, *_ in trained] == [2, 1, 1, 2]
    before = len(trained)
    again = study(tmp_path, unet_recipe, pictures=(1, 2), draws=2)
    assert len(trained) == before
    assert sorted(again["annotated"].unique()) == [1, 2]
    study(tmp_path, unet_recipe.model_copy(update={"learning_rate": 0.5}), pictures=(2,), draws=1)
    assert len(trained) == before + 1  # another recipe is another study


def test_images_without_cells_are_not_drawn_and_sizes_beyond_the_set_left_out(
    tmp_path, trained, unet_recipe
):
    empty = Sample(SAMPLES["0"].image, np.zeros_like(SAMPLES["0"].labels))
    table = study(tmp_path, unet_recipe, train=TRAIN | {"0": empty}, pictures=(4, 5), draws=1)
    assert table["annotated"].unique().tolist() == [4]
    assert sorted(trained[0][0]) == list("1234")
    with pytest.raises(ValueError, match=r"at most 4, the training images.*Received: \(9,\)"):
        study(tmp_path, unet_recipe, train=TRAIN | {"0": empty}, pictures=(9,))


def planted(annotated, draw, f1_of_images):
    """Matches of ten true and ten predicted cells in each image."""
    return pd.DataFrame(
        [
            ("unet", str(image), 0.5, hits, 10 - hits, 10 - hits, 0.8 * hits, annotated, draw)
            for image, hits in enumerate(f1_of_images)
        ],
        columns=["method", "image", "overlap", "true_positives", "false_negatives",
                 "false_positives", "iou_sum", "annotated", "draw"],
    )  # fmt: skip


def test_means_gains_and_the_least_number_above_otsu_by_hand():
    otsu = planted(0, 0, [5, 5, 5, 5])
    matches = pd.concat(
        [
            planted(1, 0, [4, 4, 4, 4]), planted(1, 1, [2, 2, 2, 2]),
            planted(3, 0, [8, 8, 8, 8]), planted(3, 1, [8, 8, 8, 8]),
            planted(9, 0, [9, 8, 9, 8]), planted(9, 1, [8, 9, 8, 9]),
        ]
    )  # fmt: skip
    summary = annotation.summarize_annotation(matches, otsu, seed=0)
    f1 = summary[summary["measure"] == "f1"].set_index("annotated")
    assert f1["value"].to_dict() == pytest.approx({0: 0.5, 1: 0.3, 3: 0.8, 9: 0.85})
    assert f1["gain"].to_dict() == pytest.approx({0: 0, 1: -0.2, 3: 0.3, 9: 0.35})
    assert f1.loc[3, ["low", "high", "gain_low"]].tolist() == pytest.approx([0.8, 0.8, 0.3])
    assert f1.loc[1, "low"] == pytest.approx(0.2)  # both draws alike
    assert f1.loc[1, "high"] == pytest.approx(0.4)
    ap = summary[summary["measure"] == "average_precision"].set_index("annotated")
    assert ap.loc[3, "value"] == pytest.approx(8 / 12)
    assert (f1["draws"].to_dict(), f1["images"].unique().tolist()) == (
        {0: 1, 1: 2, 3: 2, 9: 2},
        [4],
    )
    assert annotation.least_above_otsu(summary) == 3
    metrics = annotation.annotation_metrics(summary)
    assert (metrics["least_above_otsu"], metrics["largest"], metrics["n"]) == (3, 9, 4)
    assert metrics["largest_f1"] == metrics["f1_9"] == pytest.approx(0.85)
    assert metrics["f1_1_gain"] == pytest.approx(-0.2)
    text = annotation_sentences.describe_annotation(summary)
    assert "| 3 | 0.800 [0.800, 0.800] | 0.667 [0.667, 0.667] | 0.300 [0.300, 0.300] |" in text
    assert "lies above 0 from N = 3 on." in text
    assert "within 0.01 of that of N = 9, or above, is 9." in text
    worse = annotation.summarize_annotation(matches[matches["annotated"] == 1], otsu, seed=0)
    assert annotation.least_above_otsu(worse) is None
    assert "lies above 0 for no N." in annotation_sentences.describe_annotation(worse)
    assert "least_above_otsu" not in annotation.annotation_metrics(worse)


def test_the_figure_has_otsu_the_means_and_each_draw():
    matches = pd.concat([planted(k, d, [4 + d, 5]) for k in (1, 2, 5) for d in (0, 1)])
    summary = annotation.summarize_annotation(matches, planted(0, 0, [4, 4]), seed=0)
    figure = annotation_figure(matches, summary, title="cells")
    for panel in figure.axes:
        assert [len(line.get_xdata()) for line in panel.lines] == [2, 3, 6]
        assert [label.get_text() for label in panel.get_xticklabels()] == ["1", "2", "5"]
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["Otsu and watershed", "U-Net", "one draw"]
