import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pipelines import run
from support.training import dots

from atelier.drift.params import DriftParams
from atelier.pipelines import drift
from atelier.training.batches import to_unit

PARAMS = DriftParams(
    covariance="diagonal", reject=0.02, alpha=0.01, size=60, draws=5, null_draws=20,
    letters=(0.5,), levels={"noise": (0.3,)}, seed=0, threads=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def inputs():
    train, test, second = (dots(count, 3, seed=i) for i, count in enumerate((200, 200, 100)))
    image = keras.Input(train["images"].shape[1:])
    model = keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(image)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(to_unit(train["images"]), train["labels"], epochs=10, verbose=0)
    letters = dots(50, 4, seed=9)
    letters["images"] = 255 - letters["images"]
    return {
        "digits.classifier_model": model,
        "digits.test_arrays": test,
        "digits.batch_arrays": second,
        "digits.provenance": {"name": "dots", "classes": ["0", "1", "2"]},
        "digits.logits_arrays": {
            "train_logits": model.predict(to_unit(train["images"]), verbose=0),
            "train_labels": train["labels"],
            "calibration_logits": model.predict(to_unit(second["images"]), verbose=0),
        },
        "characters.test_arrays": letters,
        "characters.provenance": {"name": "letters", "classes": ["0", "1", "A", "B"]},
        "params:digits.drift": PARAMS,
    }


@pytest.fixture(scope="module")
def results(inputs):
    return run(drift.create_pipeline(), **inputs)


def test_a_second_sample_of_the_same_source_raises_no_flag(results):
    metrics = results["digits.batch_metrics"]
    assert metrics["drifted"] == 0
    assert (metrics["n"], metrics["reference_n"]) == (100, 200)
    assert len(results["digits.batch_table"]) == 6


def test_inverted_images_raise_it_and_a_missing_channel_does_no_harm(inputs):
    inverted = {"images": 255 - inputs["digits.batch_arrays"]["images"][..., 0]}
    outputs = run(drift.create_pipeline(), **(inputs | {"digits.batch_arrays": inverted}))
    assert outputs["digits.batch_metrics"]["drifted"] == 1
    plt.close("all")


def test_false_alarms_are_counted_and_changes_detected(results):
    table = results["digits.alarms_table"].set_index("change")
    metrics = results["digits.alarms_metrics"]
    assert metrics["false_alarms"] == table.loc["none", "alarm_rate"] <= 0.1
    assert metrics["draws"] == 20
    assert table.loc["letters", "alarm_rate"] == table.loc["noise", "alarm_rate"] == 1


def test_every_figure_is_drawn(results):
    for name in ("batch", "alarms"):
        assert isinstance(results[f"digits.{name}_figure"], Figure)
    plt.close("all")


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ({"pictures": np.zeros(3)}, r"'images'.*pictures"),
        ({"images": np.zeros((3, 12, 12, 1))}, "uint8.*float64"),
        ({"images": np.zeros((3, 9, 9, 1), np.uint8)}, r"\(12, 12, 1\)"),
    ],
)
def test_a_batch_of_another_form_is_refused(batch, words, inputs):
    with pytest.raises(ValueError, match=words):
        run(drift.create_pipeline(), **(inputs | {"digits.batch_arrays": batch}))
