"""Pipelines on a catalog in memory, with the real functions and tiny data."""

import numpy as np
import pytest
from support.pipelines import run
from support.training import STILL, Memory

from atelier.data.params import SPLITS, SourceParams, SplitParams
from atelier.data.user_data.params import UserDataParams
from atelier.evaluation import BootstrapParams
from atelier.pipelines import ingest, train
from atelier.training.params import MovedCopiesParams, NetworkParams, TrainingParams


def user_data(path: str | None = None) -> UserDataParams:
    return UserDataParams(
        data=path, side=None, resize="pad", channels=None, background="white", order="name",
        unreadable=0.01, label_column="label", file_column="file", group_column="group",
    )  # fmt: skip


@pytest.fixture(scope="module")
def ingested():
    source = SourceParams(
        dataset="emnist", split="balanced", parts="both", source="embedded", mirror=None,
        glyphs_per_class=6, limit=None, seed=0,
    )  # fmt: skip
    splits = SplitParams(validation=0.2, calibration=0.2, test=0.2, seed=0)
    pipeline = ingest.create_pipeline().filter(node_namespaces=["characters"])
    inputs = {
        "params:characters.ingest": source,
        "params:characters.splits": splits,
        "params:characters.user_data": user_data(),
    }
    return run(pipeline, archives=None, **inputs)


def test_ingest_splits_glyphs_into_four_and_says_what_they_are(ingested):
    record = ingested["characters.provenance"]
    assert record["name"] == "glyphs"
    assert sum(record["counts"].values()) == 47 * 6
    for split, count in record["counts"].items():
        arrays = ingested[f"characters.{split}_arrays"]
        assert arrays["images"].shape == (count, 28, 28, 1)
        assert arrays["images"].dtype == np.uint8


def test_a_users_data_take_the_place_of_the_source(tmp_path, made):
    split = made(90, 9)
    np.savez(tmp_path / "mine.npz", **split)
    source = SourceParams(
        dataset="mnist", split=None, parts="both", source="mirror", mirror="nowhere",
        glyphs_per_class=6, limit=None, seed=0,
    )  # fmt: skip
    inputs = {
        "params:digits.ingest": source,
        "params:digits.splits": SplitParams(validation=0.2, calibration=0.2, test=0.2, seed=0),
        "params:digits.user_data": user_data(str(tmp_path / "mine.npz")),
    }
    pipeline = ingest.create_pipeline().filter(node_namespaces=["digits"])
    record = run(pipeline, archives=None, **inputs)["digits.provenance"]
    assert (record["name"], record["source"]) == ("mine", "data")
    assert record["counts"] == {"train": 36, "validation": 18, "calibration": 18, "test": 18}


def test_ingest_describes_every_class(ingested):
    table = ingested["characters.classes_table"]
    counts = ingested["characters.provenance"]["counts"]
    assert len(table) == 47
    assert {split: table[split].sum() for split in counts} == counts
    assert ingested["characters.data_metrics"]["test_images_in_train"] == 0


def test_ingest_draws_what_is_there(ingested):
    for name in ("counts", "contact_sheet", "moments", "deviation"):
        figure = ingested[f"characters.{name}_figure"]
        assert any(axes.has_data() for axes in figure.axes)


@pytest.fixture(scope="module")
def trained(made):
    def at_28(split):
        return split | {"images": np.pad(split["images"], ((0, 0), (8, 8), (8, 8), (0, 0)))}

    splits = {name: at_28(made(90, 9, seed=seed)) for seed, name in enumerate(SPLITS)}
    training = TrainingParams(
        optimizer="adam", learning_rate=0.003, schedule="constant", weight_decay=0, averaging=0,
        batch_size=10, epochs=4, patience=4, augmentation=STILL, seed=0, threads=2,
    )  # fmt: skip
    inputs = {f"digits.{name}_arrays": split for name, split in splits.items()} | {
        "digits.provenance": {"name": "made", "digest": "00", "classes": list("abcdefghi")},
        "params:digits.network": NetworkParams(architecture="post", dropout=0.1),
        "params:digits.training": training,
        "params:digits.prediction": MovedCopiesParams(shift=0),
        "params:digits.evaluation": BootstrapParams(resamples=20, seed=0),
        "digits.learning_curve": [],
        "digits.training_checkpoint": Memory(),
    }
    return run(train.create_pipeline().filter(node_namespaces=["digits"]), **inputs) | inputs


def test_train_reports_what_its_own_logits_say(trained):
    logits, metrics = trained["digits.logits_arrays"], trained["digits.test_metrics"]
    correct = (logits["test_logits"].argmax(axis=1) == logits["test_labels"]).mean()
    assert metrics["accuracy"] == correct > 0.9
    assert metrics["n"] == 90
    for split in ("train", "calibration", "test"):
        np.testing.assert_array_equal(
            logits[f"{split}_labels"], trained[f"digits.{split}_arrays"]["labels"]
        )


def test_train_writes_its_curve_epoch_by_epoch(trained):
    assert trained["digits.learning_curve"] == list(trained["digits.training_history"])
    assert len(trained["digits.learning_curve"]) == 4


def test_the_checkpoint_goes_once_the_model_is_saved(trained):
    assert trained["digits.training_checkpoint"].cleared


LONGEST_SUM = 9216
"""Products in a logit's longest sum, the dense layer's at 28 x 28: n of them err by n ε at most."""


def test_what_is_registered_takes_stored_images_and_carries_its_numbers(trained):
    """The same network in two compiled graphs, whose sums may run in another order."""
    served = trained["digits.registered_classifier"]
    images = trained["digits.test_arrays"]["images"]
    logits = trained["digits.logits_arrays"]["test_logits"]
    rounding = LONGEST_SUM * np.finfo(np.float32).eps * np.abs(logits).max()
    assert np.ptp(logits, axis=1).min() > 10 * rounding
    np.testing.assert_allclose(
        served.model.predict(images, verbose=0), logits, rtol=0, atol=rounding
    )
    assert served.metrics == trained["digits.test_metrics"]
    assert "n = 90" in served.tags["test_accuracy"]
    assert served.tags["source"] == "made"


def test_train_draws_every_figure(trained):
    for name in ("learning", "confusion", "mistakes"):
        assert trained[f"digits.{name}_figure"].axes
