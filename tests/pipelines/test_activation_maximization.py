import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from support.ascent import ascent_params
from support.pipelines import run
from support.training import NoCheckpoint, dots

from atelier.activation_maximization.params import (
    AscentPresetsParams,
    InputDescentParams,
    SecondNetworkParams,
)
from atelier.pipelines import activation_maximization
from atelier.training.batches import to_unit
from atelier.training.params import AugmentationParams, NetworkParams, TrainingParams

MACHINE = {"seed": 0, "threads": 2}
TRAINING = TrainingParams(
    optimizer="adam", learning_rate=0.01, schedule="constant", weight_decay=0, averaging=0,
    batch_size=20, epochs=1, patience=1, seed=0, threads=2,
    augmentation=AugmentationParams(degrees=0, scale=0, shear=0, pixels=0),
)  # fmt: skip
STEPS = InputDescentParams(
    starts=("ones", "random"), random_starts=2, steps=3, learning_rate=1.0, border=1, **MACHINE
)
ASCENT = ascent_params(steps=4, l2=0.1, variation=0.5, jitter=1, blur=0.5, blur_every=2)
PRESETS = AscentPresetsParams(
    presets={"free": ASCENT.model_copy(update={"l2": 0.0}), "smooth": ASCENT}, start="half",
    layers=2, pictures=3, **MACHINE,
)  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint():
    return NoCheckpoint()


@pytest.fixture(scope="module")
def curve():
    return []


@pytest.fixture(scope="module")
def results(checkpoint, curve):
    train, test = dots(120, 3, seed=0), dots(30, 3, seed=1)
    image = keras.Input(train["images"].shape[1:])
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    model = keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(maps)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(to_unit(train["images"]), train["labels"], epochs=3, verbose=0)
    logits = {
        f"{name}_{kind}": value
        for name, split in (("train", train), ("calibration", test), ("test", test))
        for kind, value in (
            ("logits", model.predict(to_unit(split["images"]), verbose=0)),
            ("labels", split["labels"]),
        )
    }
    return run(
        activation_maximization.create_pipeline(),
        **{
            "digits.classifier_model": model,
            "digits.provenance": {"name": "dots", "classes": ["0", "1", "2"]},
            "digits.train_arrays": train,
            "digits.validation_arrays": test,
            "digits.test_arrays": test,
            "digits.logits_arrays": logits,
            "digits.second_classifier_curve": curve,
            "digits.second_classifier_checkpoint": checkpoint,
            "params:digits.network": NetworkParams(architecture="post", dropout=0.0),
            "params:digits.training": TRAINING,
            "params:digits.steps": STEPS,
            "params:digits.ascent": PRESETS,
            "params:digits.second": SecondNetworkParams(
                epochs=2, covariance="diagonal", seed=5, threads=2
            ),
        },
    )


def test_every_class_is_reached_from_every_start(results):
    descent = results["digits.input_descent_arrays"]
    assert descent["start"].tolist() == ["ones", "random", "random"]
    assert descent["draw"].tolist() == [0, 0, 1]
    assert descent["images"].shape == (3, 4, 3, 12, 12, 1)
    assert descent["logits"].shape == (3, 4, 3, 3)
    assert (descent["images"][1, 0] != descent["images"][2, 0]).any()
    assert (descent["images"][0, 0] == 1).all()


def test_the_confidence_with_a_border_of_zeros_is_measured(results):
    metrics = results["digits.activation_maximization_metrics"]
    logits = results["digits.input_descent_arrays"]["border_logits"][0]
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert metrics["ones.confidence_without_border"] == pytest.approx(np.diag(probs).mean())


def test_every_preset_and_layer_has_its_images(results):
    ascent = results["digits.gradient_ascent_arrays"]
    assert ascent["preset"].tolist() == ["free", "smooth"]
    assert ascent["images"].shape == (2, 3, 12, 12, 1)
    np.testing.assert_array_equal(ascent["frames"][-1], ascent["images"][1])
    assert results["digits.layer_ascent_arrays"]["conv"].shape == (2, 12, 12, 1)


def test_the_second_classifier_is_another(results, checkpoint, curve):
    assert len(curve) == len(results["digits.second_classifier_history"])
    assert results["digits.second_classifier_model"].output_shape == (None, 3)
    assert checkpoint.cleared == 1


def test_the_table_has_a_row_for_every_image(results):
    table = results["digits.activation_maximization_table"]
    counts = dict(table["method"].value_counts())
    assert counts == {"random": 6, "ones": 3, "free": 3, "smooth": 3}
    shares = ["confidence", "calibrated", "density_confidence", "typicality_quantile"]
    assert table[shares].max().max() <= 1
    metrics = results["digits.activation_maximization_metrics"]
    assert metrics["random.images"] == 6
    assert metrics["distance_between_draws"] > 0
    assert len(results["digits.start_distances_table"]) == 3


def test_all_figures_are_drawn(results):
    for name in ("", "_starts", "_error", "_difference", "_confidence", "_layers"):
        figure = results[f"digits.activation_maximization{name}_figure"]
        assert isinstance(figure, Figure)
    starts = results["digits.activation_maximization_starts_figure"]
    labels = [axes.get_ylabel() for axes in starts.axes if axes.get_ylabel()]
    assert labels == ["ones", "random"]
    difference = results["digits.activation_maximization_difference_figure"]
    titles = [axes.get_title(loc="left") for axes in difference.axes]
    assert titles[:2] == ["start: random", "after 3 steps"]
    assert results["digits.activation_maximization_animation"].frames.shape[0] == 3
    plt.close("all")
