"""The calibration pipeline on a catalog in memory."""

import numpy as np
import pytest
from scipy.special import softmax
from support.pipelines import run
from support.training import STILL, Memory

from atelier.calibration.networks import dense_network
from atelier.calibration.params import (
    CalibrationParams,
    DensityParams,
    LogitStudyParams,
    RejectionParams,
    SetParams,
    ShiftParams,
)
from atelier.out_of_distribution import SCORES
from atelier.out_of_distribution.params import OutOfDistributionParams
from atelier.pipelines import calibration
from atelier.pipelines.calibration import nodes
from atelier.training.params import NetworkParams, TrainingParams

CLASSES = list("0123456789")


def calibrated(rng, n, temperature):
    logits = rng.normal(size=(n, 10)) * 2
    chosen = softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))
    return (logits * temperature).astype(np.float32), chosen.sum(axis=1).clip(max=9)


def study_of_networks():
    """Returns the parameters of two small networks that score a few images."""
    recipe = TrainingParams(
        optimizer="adam", learning_rate=0.01, schedule="constant", weight_decay=0, averaging=0,
        batch_size=20, epochs=1, patience=1, augmentation=STILL, seed=0, threads=2,
    )  # fmt: skip
    return OutOfDistributionParams(
        network=NetworkParams(architecture="post", dropout=0), training=recipe, seeds=(0, 1),
        train_images=60, fit_images=60, images=12, corruptions={"blur": 2}, fashion_mnist=None,
        resamples=5,
    )  # fmt: skip


def made_features(rng):
    """Returns features ≥ 0 of the splits of the logits, and a last layer."""
    sizes = {"train": 600, "calibration": 2000, "test": 2000}
    features = {f"{name}_features": rng.random((n, 8)) for name, n in sizes.items()}
    return features | {"weights": rng.normal(size=(8, 10)), "bias": np.zeros(10)}


@pytest.fixture(scope="module")
def outputs():
    """Logits three times too large, of a network that never saw the images."""
    rng = np.random.default_rng(0)
    logits = {}
    for split, n in (("train", 600), ("calibration", 2000), ("test", 2000)):
        logits[f"{split}_logits"], logits[f"{split}_labels"] = calibrated(rng, n, 3.0)
    images = rng.integers(0, 255, (60, 28, 28, 1), dtype=np.uint8)
    others = {"images": images, "labels": np.arange(60) % 12}
    model = dense_network(
        10, shape=(28, 28, 1), width=8, depth=1, batch_normalisation=False, seed=0
    )
    provenance = {
        "name": "made", "digest": "00", "classes": CLASSES, "counts": {"train": 600, "test": 2000},
    }  # fmt: skip
    shift = ShiftParams(
        images=40, levels={"scale": (0.3,), "fgsm": (0.1,)}, symbols="#%", symbols_per_class=3,
        resamples=20, seed=0, threads=2,
    )  # fmt: skip
    return run(
        calibration.create_pipeline().filter(node_namespaces=["digits"]),
        **{
            "digits.logits_arrays": logits,
            "digits.provenance": provenance,
            "digits.classifier_model": model,
            "digits.features_arrays": made_features(rng),
            "digits.train_arrays": {"images": images, "labels": np.arange(60) % 10},
            "digits.calibration_arrays": {"images": images, "labels": np.arange(60) % 10},
            "digits.test_arrays": {"images": images, "labels": np.arange(60) % 10},
            "digits.out_of_distribution_checkpoint": Memory(),
            "params:digits.out_of_distribution": study_of_networks(),
            "archives": None,
            "characters.test_arrays": others,
            "characters.provenance": {"classes": [*CLASSES, "A", "B"]},
            "params:digits.study": LogitStudyParams(
                calibrators="all", choose_from="same_predictions", folds=2, seed=0
            ),
            "params:digits.calibration": CalibrationParams(resamples=40, seed=0),
            "params:digits.density": DensityParams(covariance="diagonal", reject=0.05),
            "params:digits.shift": shift,
            "params:digits.sets": SetParams(
                levels=(0.5, 0.9),
                method="lac",
                level=0.9,
                by_class=False,
                allow_empty=False,
                penalty=0.1,
                free_ranks=2,
                folds=2,
                seed=0,
            ),
            "params:digits.rejection": RejectionParams(
                score="temperature", rule="risk", risk=0.3, confidence=0.95, resamples=20, seed=0
            ),
        },
    ) | {"logits": logits}


def test_the_planted_temperature_is_fitted_and_its_effect_measured(outputs):
    metrics = outputs["digits.calibration_metrics"]
    assert metrics["temperature"] == pytest.approx(3, rel=0.1)
    assert metrics["ece_before"] > 0.15
    assert metrics["ece_ratio"] > 5
    assert metrics["predictions_changed"] == 0
    assert metrics["ece_after_low"] <= metrics["ece_after"] <= metrics["ece_after_high"]


def test_the_registered_model_has_the_measures_after_calibration(outputs):
    served, measured = (
        outputs["digits.registered_confidence"],
        outputs["digits.calibration_metrics"],
    )
    table = outputs["digits.calibration_table"].set_index("method")
    ends = ("", "_low", "_high")
    measures = {f"{name}{end}" for name in ("accuracy", "nll", "ece") for end in ends}
    assert set(served.metrics) == measures | {"n"}
    for end in ends:
        assert served.metrics[f"ece{end}"] == measured[f"ece_after{end}"]
        assert served.metrics[f"nll{end}"] == measured[f"nll_after{end}"]
    assert served.metrics["accuracy"] == table.loc["temperature", "accuracy"]
    assert (served.metrics["n"], served.digest) == (2000, "00")


def test_the_table_has_every_method_and_says_who_changed_predictions(outputs):
    table = outputs["digits.calibration_table"].set_index("method")
    assert table.index[0] == "uncalibrated"
    assert len(table) == 15
    assert table.loc["temperature", "changed"] == 0
    assert table.loc["temperature", "accuracy"] == table.loc["uncalibrated", "accuracy"]
    assert table.loc["matrix", "changed"] > 0
    assert (table["ece_low"] <= table["ece"]).all()
    assert table.loc["temperature", "gain_low"] > 0.1
    assert table.loc["uncalibrated", "gain"] == 0


def test_the_chosen_calibrator_changes_no_prediction_and_says_its_margin(outputs):
    record, table = outputs["digits.chosen_calibrator"], outputs["digits.selection_table"]
    (chosen,) = table[table["chosen"]].to_dict("records")
    assert record["calibrator"] == chosen["method"] == "temperature"
    assert record["class_names"] == CLASSES
    assert record["state"]["temperature"] == outputs["digits.calibration_metrics"]["temperature"]
    assert chosen["gain_low"] > 0.1
    assert list(table["method"]) == list(outputs["digits.calibration_table"]["method"])


def test_the_table_of_networks_has_the_methods_of_guo_alone(outputs):
    table, provenance = outputs["digits.calibration_table"], {"name": "made"}
    networks, figure = nodes.compare_networks(table, table, table, provenance, {"name": "other"})
    assert list(networks.columns) == [
        "network", "n", "uncalibrated", "histogram_binning", "isotonic", "bbq", "platt",
        "temperature", "vector", "matrix",
    ]  # fmt: skip
    assert len(figure.axes[0].get_xticks()) == 8


def test_only_held_out_samples_reach_the_calibrators(outputs):
    """Fitted again by hand on the calibration split alone."""
    from atelier.calibration import CALIBRATORS

    logits = outputs["logits"]
    for name in ("isotonic", "vector"):
        fitted = CALIBRATORS[name]()
        fitted.fit(logits["calibration_logits"], logits["calibration_labels"])
        by_hand = fitted.transform(logits["test_logits"])
        np.testing.assert_array_equal(outputs["digits.probabilities_arrays"][name], by_hand)


def test_out_of_distribution_images_are_symbols_and_letters(outputs):
    images = outputs["digits.out_of_distribution_arrays"]
    assert images["symbols"].shape == (6, 28, 28, 1)
    assert len(images["letters"]) == 10  # classes 10 and 11 of 60 images in 12


def test_every_change_is_evaluated_by_every_score(outputs):
    accuracy, detection = outputs["digits.shift_table"], outputs["digits.detection_table"]
    assert list(accuracy["change"]) == ["none", "scale", "fgsm", "symbols", "letters"]
    assert accuracy.loc[accuracy["change"] == "letters", "accuracy"].isna().all()
    assert len(detection) == 4 * 5
    for name in ("auroc", "aupr", "fpr95"):
        assert detection[name].between(0, 1).all()
        assert (detection[f"{name}_low"] <= detection[f"{name}_high"]).all()


def test_sets_cover_at_their_level_and_are_measured_by_method_and_difficulty(outputs):
    table, ranks = outputs["digits.sets_table"], outputs["digits.set_sizes_table"]
    assert len(table) == 5 * 2
    exact = table[table["method"].isin(["lac", "aps_randomized"])]
    assert (exact["coverage"] > exact["expected_low"] - 0.01).all()
    assert (exact["coverage"] < exact["expected_high"] + 0.01).all()
    assert (table["worst_coverage"] <= table["coverage"]).all()
    sizes = ranks[(ranks["method"] == "aps") & (ranks["level"] == 0.9)]
    assert sizes["n"].sum() == 2000
    assert sizes["mean_size"].is_monotonic_increasing  # of the label's rank: difficulty
    metrics = outputs["digits.sets_metrics"]
    assert metrics["coverage"] > 0.87
    assert metrics["empty"] == 0
    assert outputs["digits.prediction_sets"]["level"] == 0.9


def test_the_rule_of_a_stated_risk_is_kept_on_the_test_split_and_served(outputs):
    rule, table = outputs["digits.rejection_rule"], outputs["digits.rejection_table"]
    assert (rule["score"], rule["rule"], rule["rejects"]) == ("temperature", "risk", "below")
    by_score = table.set_index("score")
    assert set(by_score.index) == {
        "softmax", "temperature", "calibrated", "energy", "posterior", "log_density",
    }  # fmt: skip
    row = by_score.loc["temperature"]
    assert row["threshold"] == rule["threshold"]
    assert row["risk_low"] <= 0.3
    assert 0.1 < row["coverage"] < 1
    assert row["augrc"] < by_score.loc["log_density", "augrc"]
    assert (table["excess_augrc"] >= 0).all()
    assert outputs["digits.rejection_metrics"]["guaranteed_coverage"] == row["coverage"]


def test_the_calibrated_model_has_its_card(outputs):
    served = outputs["digits.registered_confidence"]
    assert set(served.prediction) == {
        "label",
        "probability",
        "probabilities",
        "log_density",
        "reject",
        "set",
    }
    temperature = outputs["digits.calibration_metrics"]["temperature"]
    assert f"T = {temperature:.5g}" in served.description
    assert "95 % interval" in served.tags["ece_after"]
    assert served.tags["digest"] == "00"
    assert served.tags["calibrator"] in served.tags["calibrator_choice"]
    assert served.tags["set_level"] == "0.9"
    assert "level 0.9 (LAC)" in served.description
    assert "a risk of 0.3 with confidence 0.95" in served.tags["rejection"]
    assert served.prediction["set"].shape == (2, 10)


def test_every_score_is_compared_on_near_far_and_corrupted_images(outputs):
    table = outputs["digits.out_of_distribution_table"]
    sets = ["symbols", "letters", "mean", "uniform_noise", "gaussian_noise", "mean", "blur", "mean"]
    assert list(table["set"].iloc[:: len(SCORES)]) == sets
    assert list(table["score"].iloc[: len(SCORES)]) == list(SCORES)
    by_network = outputs["digits.network_scores_table"]
    assert set(by_network["seed"]) == {0, 1}
    metrics = outputs["digits.out_of_distribution_metrics"]
    assert metrics["networks"] == 2
    assert len(metrics) == 3 * len(SCORES) + 2
    classifier = outputs["digits.classifier_scores_table"]
    assert len(classifier) == len(sets) * len(SCORES)
    assert classifier["auroc"].between(0, 1).all()
