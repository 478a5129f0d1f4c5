import numpy as np
import pandas as pd
import pytest

from atelier.activation_maximization import evaluation
from atelier.activation_maximization.evaluation import ClassImages, ConfidenceModels, RealImages
from atelier.calibration.density import DensityModel


def test_distances_are_those_worked_by_hand():
    images = np.zeros((3, 1, 4, 1))
    images[1], images[2] = 0.2, 1.0
    real = RealImages(images, np.array([0, 0, 1]))
    maximized = np.stack([images[1] + 0.3, images[2] - 0.5])
    distances = evaluation.class_distances(maximized, np.array([0, 1]), real)
    np.testing.assert_allclose(distances["distance_to_mean"], [0.4, 0.5])  # means .1 and 1
    np.testing.assert_allclose(distances["distance_to_nearest"], [0.3, 0.5])


def sets_of_three_starts():
    """Images of one pixel of two classes."""
    pixels = {("ones", 0): [1.0, 1.0], ("random", 0): [0.0, 0.0], ("random", 1): [0.5, 0.0]}
    return [
        ClassImages(start, start, draw, np.reshape(values, (2, 1, 1, 1)))
        for (start, draw), values in pixels.items()
    ]


def test_distances_of_starts_are_those_worked_by_hand():
    table = evaluation.start_distances(sets_of_three_starts())
    pairs = table[["start", "draw", "second_start", "second_draw"]].to_numpy().tolist()
    assert pairs == [
        ["ones", 0, "random", 0], ["ones", 0, "random", 1], ["random", 0, "random", 1]
    ]  # fmt: skip
    distances = table[["distance", "min_distance", "max_distance"]].to_numpy().tolist()
    assert distances == [[1, 1, 1], [0.75, 0.5, 1], [0.25, 0, 0.5]]


def test_the_error_probability_is_exact_where_confidence_rounds_to_one():
    logits = np.array([[50.0, 0.0]])
    assert evaluation.target_confidence(logits, np.array([0]))[0] == 1
    error = evaluation.error_probability(logits, np.array([0]))[0]
    assert error == pytest.approx(np.exp(-50), rel=1e-6, abs=0)


@pytest.fixture
def models(rng):
    """Two classes about (4, 0) and (0, 4)."""
    logits = np.concatenate([rng.normal((4, 0), 1, (500, 2)), rng.normal((0, 4), 1, (500, 2))])
    density = DensityModel("diagonal").fit(logits, np.repeat([0, 1], 500))
    return ConfidenceModels(2.0, density, density.log_density(logits))


def test_far_from_all_data_the_softmax_is_sure_and_the_density_is_low(models):
    logits = np.array([[4.0, 0.0], [40.0, 0.0]])
    table = evaluation.score_logits(logits, logits[:, ::-1], np.array([0, 0]), models)
    assert table["confidence"].iloc[1] > 0.9999
    assert table["calibrated"].iloc[0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert table["typicality_quantile"].iloc[0] < 0.5
    assert table["typicality_quantile"].iloc[1] == 1
    assert not table["second_agrees"].any()


def test_final_images_are_the_last_step_of_a_descent_and_every_preset():
    descent = {
        "start": np.array(["ones", "random"]), "draw": np.array([0, 3]),
        "images": np.arange(12.0).reshape(2, 3, 2, 1, 1, 1),
    }  # fmt: skip
    ascent = {
        "preset": np.array(["smooth"]), "start": np.array(["half"]), "draw": np.array([0]),
        "images": np.full((1, 2, 1, 1, 1), 7.0),
    }  # fmt: skip
    first, second, third = evaluation.final_images(descent, ascent)
    assert first[:3] == ("ones", "ones", 0)
    assert second[:3] == ("random", "random", 3)
    assert third[:3] == ("smooth", "half", 0)
    assert first.images.ravel().tolist() == [4, 5]
    assert second.images.ravel().tolist() == [10, 11]
    assert third.images.ravel().tolist() == [7, 7]


def test_the_table_of_scores_has_a_row_for_every_image(models):
    def classify(images):
        value = images.reshape(-1, 1)
        return np.concatenate([4 * value, 4 - 4 * value], axis=1)

    real = RealImages(np.reshape([1.0, 0.0], (2, 1, 1, 1)), np.array([0, 1]))
    sets = sets_of_three_starts()
    table = evaluation.score_images_table(sets, (classify, classify), models, real)
    assert table["method"].tolist() == ["ones"] * 2 + ["random"] * 4
    assert table["draw"].tolist() == [0, 0, 0, 0, 1, 1]
    assert table["label"].tolist() == [0, 1] * 3
    assert table["distance_to_nearest"].tolist() == [0, 1, 1, 0, 0.5, 0]
    assert table["second_agrees"].tolist() == [True, False, False, True, True, True]


def test_metrics_give_the_agreement_with_its_interval():
    table = pd.DataFrame({"method": ["plain"] * 10, "second_agrees": [True] * 7 + [False] * 3})
    for column in ("confidence", "distance_to_mean", "distance_to_nearest", "typicality_quantile"):
        table[column] = 0.5
    distances = pd.DataFrame(
        {"start": ["ones", "random"], "second_start": ["random", "random"], "distance": [3.0, 1.0]}
    )
    metrics = evaluation.maximization_metrics(table, distances, table)
    assert metrics["plain.second_agreement"] == 0.7
    assert metrics["plain.second_agreement_low"] == pytest.approx(0.3968, abs=1e-4)  # Wilson
    assert metrics["plain.second_agreement_high"] == pytest.approx(0.8922, abs=1e-4)
    assert metrics["distance_between_starts"] == 3
    assert metrics["distance_between_draws"] == 1


def test_confidence_without_the_border_is_summarised_by_kind_of_start():
    certain, uncertain = np.array([[9.0, -9.0], [-9.0, 9.0]]), np.zeros((2, 2))
    starts = np.array(["random", "random"])
    metrics = evaluation.border_metrics(starts, np.stack([certain, uncertain]))
    assert metrics["random.confidence_without_border"] == pytest.approx(0.75)
    assert metrics["random.min_confidence_without_border"] == pytest.approx(0.5)
