"""EMNIST's splits from the published files to a trained network, by the full environment."""

import numpy as np
import pytest
from kedro.config import OmegaConfigLoader
from support.emnist import write_emnist
from support.pipelines import run
from support.project import ROOT
from support.training import Memory

from atelier.data.params import SourceParams, SplitParams
from atelier.data.sources import class_names
from atelier.data.user_data.params import UserDataParams
from atelier.evaluation import BootstrapParams
from atelier.pipelines import ingest, train
from atelier.settings import CONFIG_LOADER_ARGS
from atelier.training.params import MovedCopiesParams, NetworkParams, TrainingParams

FIRST_LABEL = {"letters": 1, "balanced": 0}
"""The label that EMNIST gives to the first class of a split."""
PER_CLASS = 6
"""Images of each class in each published part."""
TYPES = {
    "ingest": SourceParams,
    "user_data": UserDataParams,
    "splits": SplitParams,
    "network": NetworkParams,
    "training": TrainingParams,
    "prediction": MovedCopiesParams,
    "evaluation": BootstrapParams,
}


def parameters_of(split: str, folder) -> dict:
    """Returns the parameters of `--env full --params source=mirror,…`, the training cut short."""
    given = {
        "short": {"source": "mirror", "mirror": str(folder)},
        "characters": {
            "ingest": {"split": split},
            "training": {"epochs": 1},
            "evaluation": {"resamples": 5},
        },
    }
    loader = OmegaConfigLoader(
        str(ROOT / "conf"), env="full", runtime_params=given, **CONFIG_LOADER_ARGS
    )
    values = loader["parameters"]["characters"]
    return {f"params:characters.{name}": TYPES[name](**values[name]) for name in TYPES}


@pytest.fixture(scope="module", params=["letters", "balanced"])
def trained(request, tmp_path_factory):
    """Returns the split, its published images, and all outputs of the two pipelines."""
    split, folder = request.param, tmp_path_factory.mktemp(request.param)
    labels = np.repeat(np.arange(len(class_names("emnist", split)), dtype=np.uint8), PER_CLASS)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
    write_emnist(folder, split, images, labels + FIRST_LABEL[split])
    sinks = {"characters.learning_curve": [], "characters.training_checkpoint": Memory()}
    pipelines = ingest.create_pipeline() + train.create_pipeline()
    characters = pipelines.filter(node_namespaces=["characters"])
    inputs = {"archives": None} | parameters_of(split, folder) | sinks
    return split, images, run(characters, **inputs)


def test_a_split_of_emnist_keeps_its_published_test_part_upright(trained):
    split, images, outputs = trained
    assert outputs["characters.provenance"]["name"] == f"emnist-{split}"
    test = outputs["characters.test_arrays"]
    upright = {image.T.tobytes() for image in images}
    assert {image[..., 0].tobytes() for image in test["images"]} == upright


def test_a_split_of_emnist_trains_a_network_with_a_logit_for_each_of_its_classes(trained):
    split, images, outputs = trained
    classes = class_names("emnist", split)
    logits = outputs["characters.logits_arrays"]
    assert logits["test_logits"].shape == (len(images), len(classes))
    assert logits["test_shifted_logits"].shape == (len(images), len(classes))
    assert list(np.bincount(logits["test_labels"])) == [PER_CLASS] * len(classes)
    assert len(outputs["characters.training_history"]) == 1
    assert outputs["characters.test_scores_table"]["class"].tolist() == list(classes)
    assert outputs["characters.test_metrics"]["n"] == len(images)
