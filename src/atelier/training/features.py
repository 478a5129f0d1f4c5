"""Penultimate features of a trained network: the inputs of its last layer, beside its logits."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from atelier.training.batches import to_unit
from atelier.training.prediction import EVALUATION_BATCH
from atelier.types import Array, Arrays

GRAPH_IMAGES = 8000
"""From so many images on, a compiled graph saves more time than it costs."""


class SplitOutputs(NamedTuple):
    """What a network says of several splits."""

    logits: dict[str, Array]
    """``<split>_logits`` (n, classes) float32 and ``<split>_labels`` (n,) of each split."""
    features: dict[str, Array]
    """``<split>_features`` (n, dimensions) float32 of each split, and the last layer's ``weights``
    (dimensions, classes) and ``bias`` (classes,)."""


def feature_model(model: Any) -> keras.Model:
    """Returns a network with two outputs: the features that its last layer takes, and its logits.

    Args:
        model: A Keras model whose last layer is dense without an activation.

    Raises:
        ValueError: If the last layer is another one.

    Examples:
        >>> import keras
        >>> from atelier.training import feature_model
        >>> image = keras.Input((4, 4, 1))
        >>> hidden = keras.layers.Dense(3)(keras.layers.Flatten()(image))
        >>> model = keras.Model(image, keras.layers.Dense(2)(hidden))
        >>> [output.shape for output in feature_model(model).outputs]
        [(None, 3), (None, 2)]
    """
    last = model.layers[-1]
    if not isinstance(last, keras.layers.Dense) or last.activation is not keras.activations.linear:
        raise ValueError(
            "Expected a network whose last layer is dense and returns logits. "
            f"Received: {type(last).__name__} {last.name}"
        )
    return keras.Model(model.input, [last.input, last.output])


def last_layer_weights(model: Any) -> tuple[Array, Array]:
    """Returns weights (dimensions, classes) and bias (classes,) of a network's last layer.

    Args:
        model: A Keras model whose last layer is dense; without a bias the bias is 0.
    """
    last = model.layers[-1]
    weights = np.asarray(last.kernel)
    return weights, np.asarray(last.bias) if last.use_bias else np.zeros_like(weights[0])


def predict_features(model: Any, images: Array) -> tuple[Array, Array]:
    """Returns features (n, dimensions) and logits (n, classes), float32, from one pass.

    Args:
        model: From :func:`feature_model`.
        images: As the network takes them, mostly in [0, 1].
    """
    if len(images) >= GRAPH_IMAGES:
        outputs = model.predict(images, batch_size=EVALUATION_BATCH, verbose=0)
    else:
        starts = range(0, len(images), EVALUATION_BATCH)
        batches = [model(images[s : s + EVALUATION_BATCH], training=False) for s in starts]
        outputs = [np.concatenate(parts) for parts in zip(*batches, strict=True)]
    features, logits = (np.asarray(array, np.float32) for array in outputs)
    return features, logits


def outputs_of_splits(model: Any, splits: Mapping[str, Arrays]) -> SplitOutputs:
    """Returns logits and penultimate features of each split, from one pass through the network.

    Args:
        model: A network as :func:`feature_model` takes it, for images in [0, 1].
        splits: ``images`` (n, height, width, channels) uint8 and ``labels`` (n,) of each split.
    """
    weights, bias = last_layer_weights(model)
    outputs = SplitOutputs({}, {"weights": weights, "bias": bias})
    with_features = feature_model(model)
    for name, split in splits.items():
        features, logits = predict_features(with_features, to_unit(split["images"]))
        outputs.features[f"{name}_features"] = features
        outputs.logits[f"{name}_logits"] = logits
    outputs.logits.update({f"{name}_labels": split["labels"] for name, split in splits.items()})
    return outputs
