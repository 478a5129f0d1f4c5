import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pipelines import run
from support.training import NoCheckpoint, dots

from atelier.activation_maximization.params import (
    AscentParams,
    AscentPresetsParams,
    InputDescentParams,
    SecondNetworkParams,
)
from atelier.pipelines import activation_maximization
from atelier.training.batches import to_unit
from atelier.training.params import AugmentationParams, NetworkParams, TrainingParams

pytestmark = pytest.mark.usefixtures("reproducible")

MACHINE = {"seed": 0, "threads": 2}
TRAINING = TrainingParams(
    optimizer="adam", learning_rate=0.01, schedule="constant", weight_decay=0, averaging=0,
    batch_size=20, epochs=1, patience=1, seed=0, threads=2,
    augmentation=AugmentationParams(degrees=0, scale=0, shear=0, pixels=0),
)  # fmt: skip
STEPS = InputDescentParams(
    starts=("ones", "random"), random_starts=2, steps=3, learning_rate=1.0, border=1, **MACHINE
)
WAY = AscentParams(
    steps=4, rate=0.1, l2=0.1, variation=0.5, jitter=1, blur=0.5, blur_every=2, clip=True
)
PRESETS = AscentPresetsParams(
    presets={"free": WAY.model_copy(update={"l2": 0.0}), "smooth": WAY}, start="half", layers=2,
    pictures=3, **MACHINE,
)  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint():
    return NoCheckpoint()


@pytest.fixture(scope="module")
def curve():
    return []


@pytest.fixture(scope="module")
def made_pictures(checkpoint, curve):
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


def test_every_class_walks_from_every_start(made_pictures):
    steps = made_pictures["digits.input_descent_arrays"]
    assert {name.split(".")[0] for name in steps} == {"ones", "random0", "random1"}
    assert steps["ones.images"].shape == (4, 3, 12, 12, 1)
    assert steps["random1.logits"].shape == (4, 3, 3)
    assert (steps["random0.images"][0] != steps["random1.images"][0]).any()
    assert (steps["ones.images"][0] == 1).all()


def test_a_border_of_zeros_is_asked_about(made_pictures):
    steps, metrics = (
        made_pictures["digits.input_descent_arrays"],
        made_pictures["digits.activation_maximization_metrics"],
    )
    inside = steps["ones.inside"][-1]
    probs = np.exp(inside) / np.exp(inside).sum(axis=1, keepdims=True)
    assert metrics["ones.confidence_without_border"] == pytest.approx(np.diag(probs).mean())


def test_every_preset_and_layer_has_its_pictures(made_pictures):
    ascent = made_pictures["digits.gradient_ascent_arrays"]
    assert ascent["free.images"].shape == ascent["smooth.images"].shape == (3, 12, 12, 1)
    np.testing.assert_array_equal(ascent["frames"][-1], ascent["smooth.images"])
    assert made_pictures["digits.layer_ascent_arrays"]["conv"].shape == (2, 12, 12, 1)


def test_the_second_network_is_another(made_pictures, checkpoint, curve):
    assert len(curve) == len(made_pictures["digits.second_classifier_history"])
    assert made_pictures["digits.second_classifier_model"].output_shape == (None, 3)
    assert checkpoint.cleared == 1


def test_the_table_has_a_row_for_every_picture(made_pictures):
    table = made_pictures["digits.activation_maximization_table"]
    assert dict(table["way"].value_counts()) == {"random": 6, "ones": 3, "free": 3, "smooth": 3}
    assert (
        table[["confidence", "calibrated", "density_confidence", "typicality_quantile"]].max().max()
        <= 1
    )
    metrics = made_pictures["digits.activation_maximization_metrics"]
    assert metrics["random.images"] == 6
    assert metrics["between_seeds"] > 0
    assert len(made_pictures["digits.start_distances_table"]) == 3


def test_all_is_drawn(made_pictures):
    for name in ("_starts", "_error", "_difference", "", "_confidence", "_layers"):
        assert isinstance(made_pictures[f"digits.activation_maximization{name}_figure"], Figure)
    assert made_pictures["digits.activation_maximization_animation"].frames.shape[0] == 3
    plt.close("all")
