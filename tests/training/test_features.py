"""Penultimate features, which the last layer maps to the logits."""

import keras
import numpy as np
import pytest

from atelier.training import (
    feature_model,
    features,
    last_layer_weights,
    outputs_of_splits,
    predict_features,
    predict_logits,
)
from atelier.training.networks import build_classifier
from atelier.training.params import NetworkParams


@pytest.mark.parametrize(("architecture", "width"), [("post", 128), ("strong", 512)])
def test_the_last_layer_maps_features_to_the_logits_of_the_network(architecture, width):
    model = build_classifier(NetworkParams(architecture=architecture, dropout=0.5), 7, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    splits = {"train": {"images": images, "labels": np.arange(5)},
              "test": {"images": images[:2], "labels": np.arange(2)}}  # fmt: skip
    outputs = outputs_of_splits(model, splits)
    assert list(outputs.logits) == ["train_logits", "test_logits", "train_labels", "test_labels"]
    values, weights = outputs.features["train_features"], outputs.features["weights"]
    assert (values.shape, values.dtype) == ((5, width), np.float32)
    assert outputs.features["test_features"].shape == (2, width)
    assert weights.shape == (width, 7)
    logits = outputs.logits["train_logits"]
    largest = np.abs(values).astype(np.float64) @ np.abs(weights) + 1
    mapped = values.astype(np.float64) @ weights + outputs.features["bias"]
    rounding = width * np.finfo(np.float32).eps * largest
    assert (np.abs(mapped - logits) <= rounding).all()
    close = 9216 * np.finfo(np.float32).eps * np.abs(logits).max()
    np.testing.assert_allclose(logits, predict_logits(model, images), rtol=0, atol=close)


def test_features_are_the_same_with_and_without_a_compiled_graph(monkeypatch):
    model = feature_model(
        build_classifier(NetworkParams(architecture="strong", dropout=0.5), 7, seed=0)
    )
    images = np.random.default_rng(0).random((501, 28, 28, 1), np.float32)  # two batches
    found = predict_features(model, images)
    monkeypatch.setattr(features, "GRAPH_IMAGES", 1)
    for values, again in zip(found, predict_features(model, images), strict=True):
        np.testing.assert_allclose(values, again, rtol=1e-3, atol=1e-4)


def test_a_last_layer_without_a_bias_has_the_bias_0():
    image = keras.Input((3,))
    model = keras.Model(image, keras.layers.Dense(2, use_bias=False)(image))
    weights, bias = last_layer_weights(model)
    assert (weights.shape, bias.tolist()) == ((3, 2), [0, 0])


def test_a_network_that_ends_in_a_softmax_has_no_features():
    image = keras.Input((3,))
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(image))
    with pytest.raises(ValueError, match="Expected a network whose last layer is dense"):
        feature_model(model)
