"""The scores of test images and of every set of other images by one or more networks."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from atelier.out_of_distribution.base import LastLayer, NetworkOutputs
from atelier.out_of_distribution.images import ImageSet
from atelier.out_of_distribution.scores import fit_scores, score_images
from atelier.training.features import predict_features
from atelier.training.resume import prefixed, without_prefix
from atelier.types import Array, Arrays

SET = "set"


class FittingOutputs(NamedTuple):
    """What scores are fitted to: the outputs of one network."""

    train: NetworkOutputs
    held_out: NetworkOutputs
    last_layer: LastLayer


class ImageScores(NamedTuple):
    """Scores of the same images by several networks."""

    names: tuple[str, ...]
    """Of the scores."""
    groups: dict[str, str]
    """The group of each set of images, by the set's name."""
    seeds: Array
    """Of the networks, (networks,)."""
    accuracy: Array
    """On the test images, (networks,)."""
    test: Array
    """Of the test images, (networks, scores, n)."""
    sets: dict[str, Array]
    """Of each set, (networks, scores, m)."""

    def arrays(self) -> dict[str, Array]:
        """Returns everything as named arrays."""
        return {
            "names": np.array(self.names),
            "set_names": np.array(list(self.groups)),
            "set_groups": np.array(list(self.groups.values())),
            "seeds": self.seeds,
            "accuracy": self.accuracy,
            "test": self.test,
        } | prefixed(SET, self.sets)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Returns the scores of these :meth:`arrays`."""
        names, groups = arrays["set_names"].tolist(), arrays["set_groups"].tolist()
        return cls(
            tuple(arrays["names"].tolist()),
            dict(zip(names, groups, strict=True)),
            arrays["seeds"],
            arrays["accuracy"],
            arrays["test"],
            without_prefix(SET, arrays),
        )


def score_network(
    model: Any,
    fitting: FittingOutputs,
    test: NetworkOutputs,
    sets: Sequence[ImageSet],
    *,
    seed: int,
) -> ImageScores:
    """Returns the scores of test images and of every set by one network.

    Args:
        model: The network with its features, from :func:`atelier.training.feature_model`.
        fitting: Its outputs for training and held-out images.
        test: Its outputs for test images.
        sets: Other images, at least one set.
        seed: Of the network.

    Returns:
        All scores of all images, of this network.
    """
    scores = fit_scores(*fitting)
    everything = np.concatenate([images.images for images in sets])
    features, logits = predict_features(model, everything)
    values = score_images(scores, features, logits)
    ends = np.cumsum([len(images.images) for images in sets])
    parts = np.split(values, ends[:-1], axis=1)
    return ImageScores(
        names=tuple(scores),
        groups={images.name: images.group for images in sets},
        seeds=np.array([seed]),
        accuracy=np.array([(test.logits.argmax(axis=1) == test.labels).mean()]),
        test=score_images(scores, test.features, test.logits)[None],
        sets={images.name: part[None] for images, part in zip(sets, parts, strict=True)},
    )


def join_networks(parts: Sequence[ImageScores]) -> ImageScores:
    """Returns the scores of several networks as one; they are of the same images.

    Args:
        parts: At least one.
    """
    first = parts[0]
    return first._replace(
        seeds=np.concatenate([part.seeds for part in parts]),
        accuracy=np.concatenate([part.accuracy for part in parts]),
        test=np.concatenate([part.test for part in parts]),
        sets={name: np.concatenate([part.sets[name] for part in parts]) for name in first.sets},
    )
