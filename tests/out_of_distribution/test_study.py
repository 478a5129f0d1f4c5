"""Sets of images, networks by seed, tables and the figure."""

import gzip
import logging

import numpy as np
import pandas as pd
import pytest
from support.idx import packed
from support.training import STILL, Memory, dots

from atelier.evaluation import detection_metrics
from atelier.out_of_distribution import (
    SCORES,
    ImageScores,
    detection_measures,
    detection_summary,
    far_images,
    figures,
    image_sets,
    join_networks,
    network_table,
    score_classifier,
    seed_table,
    study_seeds,
)
from atelier.out_of_distribution.params import OutOfDistributionParams
from atelier.training import build_classifier, outputs_of_splits
from atelier.training.params import NetworkParams, TrainingParams


def parameters(**changes):
    recipe = TrainingParams(
        optimizer="adam", learning_rate=0.01, schedule="constant", weight_decay=0, averaging=0,
        batch_size=20, epochs=2, patience=2, augmentation=STILL, seed=0, threads=2,
    )  # fmt: skip
    values = {
        "network": NetworkParams(architecture="post", dropout=0), "training": recipe,
        "seeds": (0, 1), "train_images": 120, "fit_images": 60, "images": 25,
        "corruptions": {"blur": 2}, "fashion_mnist": None, "resamples": 10,
    }  # fmt: skip
    return OutOfDistributionParams(**values | changes)


def splits():
    return dots(160, 4), dots(60, 4, seed=1), dots(50, 4, seed=2)


def near_images():
    return {"letters": np.random.default_rng(3).integers(0, 255, (30, 12, 12, 1), np.uint8)}


@pytest.fixture(scope="module")
def studied():
    params = parameters()
    far = far_images((12, 12, 1), params, None)
    return study_seeds(*splits(), near_images(), far, params, Memory(), classes=4)


def test_noise_has_the_moments_of_its_distribution(caplog):
    with caplog.at_level(logging.DEBUG, logger="atelier"):
        noise = far_images((28, 28, 1), parameters(images=200), None)
    assert "Fashion-MNIST is left out" in caplog.text  # which the log file has
    uniform, normal = noise["uniform_noise"] / 255, noise["gaussian_noise"] / 255
    assert list(noise) == ["uniform_noise", "gaussian_noise"]
    assert uniform.shape == normal.shape == (200, 28, 28, 1)
    assert uniform.mean() == pytest.approx(0.5, abs=0.005)
    assert uniform.var() == pytest.approx(1 / 12, abs=0.005)
    assert (normal == 0).mean() == pytest.approx(0.3085, abs=0.01)  # Φ(−0.5)
    assert (normal == 1).mean() == pytest.approx(0.3085, abs=0.01)


def test_fashion_mnist_comes_from_a_folder_of_its_files(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (40, 28, 28), np.uint8)
    labels = np.arange(40, dtype=np.uint8) % 10
    for name, content in (("images-idx3", images), ("labels-idx1", labels)):
        (tmp_path / f"t10k-{name}-ubyte.gz").write_bytes(gzip.compress(packed(content)))
    sets = far_images((14, 14, 3), parameters(fashion_mnist=str(tmp_path)), None)
    assert sets["fashion-mnist"].shape == (25, 14, 14, 3)
    with pytest.raises(FileNotFoundError, match="Expected t10k-images"):
        far_images((14, 14, 3), parameters(fashion_mnist=str(tmp_path / "none")), None)


def test_a_download_asks_for_the_files_of_fashion_mnist():
    asked = []

    def download(name, data_set):
        asked.append((name, data_set.title))
        raise ConnectionError

    with pytest.raises(ConnectionError):
        far_images((28, 28, 1), parameters(fashion_mnist="download"), download)
    assert asked == [("fashion-mnist", "Fashion-MNIST articles of clothing")]


def test_sets_have_at_most_the_given_number_of_images_in_the_shape_of_the_network():
    test = np.full((9, 12, 12, 1), 100, np.uint8)
    wide = {"symbols": np.zeros((40, 20, 20, 3), np.uint8)}
    sets = image_sets(test, near_images(), wide, parameters(corruptions={"scale": 1, "blur": 1}))
    assert [(part.group, part.name, len(part.images)) for part in sets] == [
        ("near", "letters", 25), ("far", "symbols", 25),
        ("corrupted", "scale", 9), ("corrupted", "blur", 9),
    ]  # fmt: skip
    assert {part.images.shape[1:] for part in sets} == {(12, 12, 1)}
    assert sets[2].images.max() == pytest.approx(200 / 255)


def test_each_seed_has_a_network_that_scores_the_same_images(studied):
    assert studied.seeds.tolist() == [0, 1]
    assert studied.names == tuple(SCORES)
    assert studied.groups == {
        "letters": "near", "uniform_noise": "far", "gaussian_noise": "far", "blur": "corrupted",
    }  # fmt: skip
    assert studied.test.shape == (2, len(SCORES), 25)
    assert (studied.test[0] != studied.test[1]).any()
    assert all(values.shape == (2, len(SCORES), 25) for values in studied.sets.values())
    assert (studied.accuracy > 0.9).all()


def test_an_interrupted_study_ends_with_the_same_scores(studied):
    params, memory = parameters(), Memory(dies_after=1)
    far = far_images((12, 12, 1), params, None)
    with pytest.raises(KeyboardInterrupt):
        study_seeds(*splits(), near_images(), far, params, memory, classes=4)
    memory.dies_after = None
    again = study_seeds(*splits(), near_images(), far, params, memory, classes=4)
    assert memory.saved == 2
    assert again.seeds.tolist() == [0, 1]
    np.testing.assert_allclose(again.test, studied.test, rtol=1e-4, atol=1e-4)


def test_scores_of_named_arrays_are_the_same_scores(studied):
    again = ImageScores.from_arrays(studied.arrays())
    assert (again.names, again.groups) == (studied.names, studied.groups)
    for name, values in studied.sets.items():
        np.testing.assert_array_equal(again.sets[name], values)


def test_a_trained_classifier_is_scored_by_its_saved_features():
    train, calibration, test = splits()
    model = build_classifier(
        NetworkParams(architecture="post", dropout=0), 4, shape=(12, 12, 1), seed=0
    )
    outputs = outputs_of_splits(model, {"train": train, "calibration": calibration, "test": test})
    params = parameters(images=50)
    far = far_images((12, 12, 1), params, None)
    scores = score_classifier(model, *outputs, test, near_images(), far, params)
    assert scores.test.shape == (1, len(SCORES), 50)
    energies = np.log(np.exp(outputs.logits["test_logits"].astype(float)).sum(axis=1))
    found = scores.test[0, list(SCORES).index("energy")]
    np.testing.assert_allclose(np.sort(found), np.sort(energies), rtol=1e-5)
    right = outputs.logits["test_logits"].argmax(axis=1) == test["labels"]
    assert scores.accuracy == pytest.approx(right.mean())


def planted_scores(networks=3):
    """Returns two scores by three networks: the first perfect for letters, the second chance."""
    rng = np.random.default_rng(0)
    parts = []
    for seed in range(networks):
        test = np.stack([10 + rng.random(80), rng.random(80)])[None]
        sets = {
            "letters": np.stack([rng.random(60), rng.random(60)])[None],
            "noise": np.stack([10 + rng.random(40) - 0.1 * seed, rng.random(40)])[None],
        }
        groups = {"letters": "near", "noise": "near"}
        accuracy = np.array([0.9 + seed / 100])
        names = ("softmax", "log_density")
        parts.append(ImageScores(names, groups, np.array([seed]), accuracy, test, sets))
    return join_networks(parts)


def test_the_tables_have_the_metrics_of_each_pair():
    scores = planted_scores()
    measures = detection_measures(scores, seed=0, resamples=200)
    rows = network_table(scores, measures)
    assert len(rows) == 3 * 3 * 2  # networks × (two sets and their mean) × scores
    cells = rows.set_index(["seed", "set", "score"])
    expected = detection_metrics(scores.test[2, 0], scores.sets["noise"][2, 0])
    for name, value in expected._asdict().items():
        cell = cells.loc[(2, "noise", "softmax")]
        assert cell[name] == pytest.approx(value)
        assert cell[f"{name}_low"] <= cell[name] <= cell[f"{name}_high"]
    assert cells.loc[(0, "letters", "softmax"), "auroc_low"] == 1
    both = cells.loc[(1, "mean", "softmax"), "auroc"]
    parts = [cells.loc[(1, name, "softmax"), "auroc"] for name in ("letters", "noise")]
    assert both == pytest.approx(np.mean(parts))
    assert set(rows["accuracy"]) == {0.9, 0.91, 0.92}


def test_the_interval_over_seeds_is_students():
    scores = planted_scores()
    measures = detection_measures(scores, seed=0, resamples=50)
    table = seed_table(scores, measures).set_index(["set", "score"])
    by_seed = measures.points[1, :, 0, 0]  # AUROC of noise by the softmax
    cell = table.loc[("noise", "softmax")]
    assert cell["auroc"] == pytest.approx(by_seed.mean())
    reach = 4.302653 * by_seed.std(ddof=1) / np.sqrt(3)
    assert cell["auroc_low"] == pytest.approx(by_seed.mean() - reach, abs=1e-6)
    assert (cell["auroc_least"], cell["auroc_most"]) == (by_seed.min(), by_seed.max())
    assert cell["auroc_images_low"] < cell["auroc"] < cell["auroc_images_high"]
    assert (cell["seeds"], cell["n"]) == (3, 40)
    chance = table.loc[("letters", "log_density")]
    assert chance["auroc_images_low"] < 0.5 < chance["auroc_images_high"]
    assert table.loc[("mean", "softmax"), "n"] == 100


def test_one_seed_has_no_interval_over_seeds():
    scores = planted_scores(1)
    table = seed_table(scores, detection_measures(scores, seed=0, resamples=5))
    assert table["auroc_low"].isna().all()
    assert table["auroc_images_low"].notna().all()
    assert figures.cell_text(table.iloc[0]) == "1.000"


def test_the_summary_has_the_mean_of_each_group():
    scores = planted_scores()
    table = seed_table(scores, detection_measures(scores, seed=0, resamples=5))
    summary = detection_summary(table, scores)
    means = table[table["set"] == "mean"].set_index("score")["auroc"]
    assert summary == {
        "near_auroc_softmax": means["softmax"], "near_auroc_log_density": means["log_density"],
        "accuracy": pytest.approx(0.91), "networks": 3,
    }  # fmt: skip


def test_the_figure_has_every_score_and_set_best_first(studied):
    table = seed_table(studied, detection_measures(studied, seed=0, resamples=5))
    figure = figures.score_figure(table, title="dots")
    (axes,) = figure.axes
    columns = [label.get_text() for label in axes.get_xticklabels()]
    assert columns == [
        "letters", "near\nmean", "uniform\nnoise", "gaussian\nnoise", "far\nmean", "blur",
        "corrupted\nmean",
    ]  # fmt: skip
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert sorted(rows) == sorted(figures.LABELS.values())
    best = table[(table["group"] == "near") & (table["set"] == "mean")]
    assert rows[0] == figures.LABELS[best.loc[best["auroc"].idxmax(), "score"]]
    bold = {label.get_text() for label in axes.get_yticklabels() if label.get_weight() == "bold"}
    assert bold == {"posterior (Gaussians)", "log density (Gaussians)"}
    assert len(axes.texts) == len(SCORES) * 7
    assert isinstance(table, pd.DataFrame)


def test_every_score_has_a_label_in_figures():
    assert set(figures.LABELS) == set(SCORES)
