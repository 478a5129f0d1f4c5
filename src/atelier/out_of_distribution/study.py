"""Scores of out-of-distribution images by networks that differ in their seeds."""

import logging
from collections.abc import Mapping
from typing import Any

from atelier.data.splits import random_subset
from atelier.out_of_distribution.base import LastLayer, NetworkOutputs
from atelier.out_of_distribution.image_scores import (
    FittingOutputs,
    ImageScores,
    join_networks,
    score_network,
)
from atelier.out_of_distribution.images import image_sets
from atelier.out_of_distribution.params import OutOfDistributionParams
from atelier.training.batches import to_unit
from atelier.training.features import feature_model, last_layer_weights, predict_features
from atelier.training.fitting import fit_all_epochs
from atelier.training.networks import build_classifier
from atelier.training.resume import Row, Rows, fingerprint_of, prefixed, run_rounds, without_prefix
from atelier.types import Array, Arrays, Checkpoint, Images

logger = logging.getLogger(__name__)


def score_classifier(
    model: Any,
    logits: Arrays,
    features: Arrays,
    test: Arrays,
    near: Mapping[str, Images],
    far: Mapping[str, Images],
    params: OutOfDistributionParams,
) -> ImageScores:
    """Returns the scores of test images and of all other sets by a trained classifier.

    Args:
        model: A network whose last layer is dense, for images in [0, 1].
        logits: ``train_logits``, ``train_labels`` and those of the splits calibration and test.
        features: ``train_features`` … of the same splits, ``weights`` and ``bias``.
        test: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        near: Images of no class that resemble the network's own, uint8, by name.
        far: Other images of no class, likewise.
        params: How many images are taken, and how they are changed.

    Returns:
        All scores of all images, of one network.
    """
    seed = params.training.seed
    train = {
        "features": features["train_features"],
        "logits": logits["train_logits"],
        "labels": logits["train_labels"],
    }
    own = {
        "images": test["images"],
        "features": features["test_features"],
        "logits": logits["test_logits"],
        "labels": test["labels"],
    }
    own = random_subset(own, params.images, seed=seed)
    sets = image_sets(own.pop("images"), near, far, params)
    fitting = FittingOutputs(
        NetworkOutputs(**random_subset(train, params.fit_images, seed=seed)),
        NetworkOutputs(
            features["calibration_features"],
            logits["calibration_logits"],
            logits["calibration_labels"],
        ),
        LastLayer(features["weights"], features["bias"]),
    )
    return score_network(feature_model(model), fitting, NetworkOutputs(**own), sets, seed=seed)


def study_seeds(
    train: Arrays,
    calibration: Arrays,
    test: Arrays,
    near: Mapping[str, Images],
    far: Mapping[str, Images],
    params: OutOfDistributionParams,
    checkpoint: Checkpoint,
    *,
    classes: int,
) -> ImageScores:
    """Trains a network for each seed and returns the scores of the same images by all of them.

    Args:
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        calibration: Likewise; scores that need images held out from training are fitted to it.
        test: Likewise.
        near: Images of no class that resemble the network's own, uint8, by name.
        far: Other images of no class, likewise.
        params: The networks, their recipe, their seeds and the images.
        checkpoint: Keeps the scores of each finished network; the study continues after the last.
        classes: Number of logits of each network.

    Returns:
        All scores of all images, of each network in the order of the seeds.
    """
    study = SeedStudy(train, calibration, test, near, far, params, classes=classes)
    description = f"{classes} {params.model_dump_json()}"
    identity = fingerprint_of(description, train, calibration, test, near, far)
    run_rounds(study, identity, checkpoint=checkpoint)
    return join_networks(study.networks)


class SeedStudy:
    """The study; its rounds are networks.

    Args:
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        calibration: Likewise.
        test: Likewise.
        near: Images of no class that resemble the network's own, uint8, by name.
        far: Other images of no class, likewise.
        params: The networks and their recipe.
        classes: Number of logits of each network.
    """

    def __init__(
        self,
        train: Arrays,
        calibration: Arrays,
        test: Arrays,
        near: Mapping[str, Images],
        far: Mapping[str, Images],
        params: OutOfDistributionParams,
        *,
        classes: int,
    ) -> None:
        self.train, self.calibration, self.params = train, calibration, params
        self.classes = classes
        self.test = random_subset(test, params.images, seed=params.training.seed)
        self.sets = image_sets(self.test["images"], near, far, params)
        self.networks: list[ImageScores] = []

    def state(self) -> dict[str, Array]:
        """Returns the scores by every network so far."""
        state: dict[str, Array] = {}
        for index, scores in enumerate(self.networks):
            state |= prefixed(str(index), scores.arrays())
        return state

    def restore(self, state: Arrays) -> None:
        """Takes up the scores of a saved state."""
        indices = range(sum(name.partition(".")[2] == "test" for name in state))
        self.networks = [
            ImageScores.from_arrays(without_prefix(str(index), state)) for index in indices
        ]

    def finished(self, history: Rows) -> bool:
        """Returns whether each seed has its network."""
        return len(history) == len(self.params.seeds)

    def advance(self, history: Rows) -> Row:
        """Trains the next network and scores all images by it."""
        seed = self.params.seeds[len(history)]
        self.networks.append(self._scores(seed))
        row = {"seed": seed, "accuracy": float(self.networks[-1].accuracy[0])}
        logger.debug("network %d/%d: %s", len(history) + 1, len(self.params.seeds), row)
        return row

    def _scores(self, seed: int) -> ImageScores:
        params = self.params
        recipe = params.training.model_copy(update={"seed": seed})
        subset = random_subset(self.train, params.train_images, seed=seed)
        shape = subset["images"].shape[1:]
        model = build_classifier(params.network, self.classes, shape=shape, seed=seed)
        fit_all_epochs(model, subset, recipe)
        with_features = feature_model(model)
        fitting_images = {name: array[: params.fit_images] for name, array in subset.items()}
        fitting = FittingOutputs(
            _outputs(with_features, fitting_images),
            _outputs(with_features, self.calibration),
            LastLayer(*last_layer_weights(model)),
        )
        return score_network(
            with_features, fitting, _outputs(with_features, self.test), self.sets, seed=seed
        )


def _outputs(model: Any, split: Arrays) -> NetworkOutputs:
    return NetworkOutputs(*predict_features(model, to_unit(split["images"])), split["labels"])
