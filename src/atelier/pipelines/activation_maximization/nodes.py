"""Nodes of the activation_maximization pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.activation_maximization.params import (
    AscentPresetsParams,
    InputDescentParams,
    SecondNetworkParams,
)
from atelier.training.params import NetworkParams, TrainingParams
from atelier.types import (
    Animation,
    Array,
    Arrays,
    Checkpoint,
    Classifier,
    History,
    MetricLog,
    Metrics,
)


def run_input_descent(model: Any, provenance: dict[str, Any], params: InputDescentParams) -> Arrays:
    """The post's plain steps: every class from every start, as one batch.

    ``<start>.images`` (steps + 1, classes, height, width, 1), ``<start>.logits``, and
    ``<start>.inside``, the last logits with the border set to 0; random starts are numbered.
    """
    from atelier.activation_maximization import descend_cross_entropy, initial_images, zero_border
    from atelier.training.fitting import predict_unit_logits
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    classes, shape = len(provenance["classes"]), model.input_shape[1:]
    kinds: dict[str, int] = {kind: params.seed for kind in params.starts if kind != "random"}
    if "random" in params.starts:
        kinds |= {f"random{i}": params.seed + i for i in range(params.random_starts)}
    starts = [
        initial_images("random" if name.startswith("random") else name, classes, shape, seed=seed)
        for name, seed in kinds.items()
    ]
    targets = np.tile(np.arange(classes), len(starts))
    walked = descend_cross_entropy(
        model,
        np.concatenate(starts),
        targets,
        steps=params.steps,
        learning_rate=params.learning_rate,
    )
    inside = predict_unit_logits(model, zero_border(walked.images[-1], params.border))
    parts = {"images": walked.images, "logits": walked.logits, "inside": inside[None]}
    return {
        f"{name}.{part}": values[:, number * classes : (number + 1) * classes]
        for number, name in enumerate(kinds)
        for part, values in parts.items()
    }


def maximize_classes(model: Any, provenance: dict[str, Any], params: AscentPresetsParams) -> Arrays:
    """Every class by every preset, ``<preset>.images``; the last one's way, ``frames``."""
    from atelier.activation_maximization import GradientAscent, initial_images
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    ascent, classes = GradientAscent(model), len(provenance["classes"])
    starts = initial_images(params.start, classes, ascent.shape, seed=params.seed)
    found: dict[str, Array] = {}
    for name, preset in params.presets.items():
        climbed = ascent.maximize(
            starts, np.arange(classes), preset, pictures=params.pictures, seed=params.seed
        )
        found |= {f"{name}.images": climbed.images, "frames": climbed.frames}
    return found


def maximize_layers(model: Any, params: AscentPresetsParams) -> Arrays:
    """What the first channels of every convolution want, by the last preset, by layer."""
    from atelier.activation_maximization import initial_images, maximize
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    *_, preset = params.presets.values()
    starts = initial_images(params.start, params.layers, model.input_shape[1:], seed=params.seed)
    units = np.arange(params.layers)
    return {
        layer.name: maximize(model, starts, units, preset, layer=layer.name, seed=params.seed)
        for layer in model.layers
        if "conv" in layer.name and layer.output.shape[-1] >= params.layers
    }


def train_second_classifier(
    train: Arrays,
    validation: Arrays,
    provenance: dict[str, Any],
    network: NetworkParams,
    training: TrainingParams,
    second: SecondNetworkParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """An independent network to ask: other first weights, another order of the images."""
    from atelier.training.fitting import fit
    from atelier.training.networks import build_classifier
    from atelier.training.reproducibility import make_reproducible

    recipe = training.model_copy(update={"seed": second.seed, "epochs": second.epochs})
    make_reproducible(recipe.seed, recipe.threads)
    model = build_classifier(network, len(provenance["classes"]), shape=train["images"].shape[1:])
    model, history = fit(model, train, validation, recipe, curve=curve, checkpoint=checkpoint)
    return model, history


def evaluate_maximized_images(
    model: Classifier,
    other: Classifier,
    train: Arrays,
    test: Arrays,
    logits: Arrays,
    stepped: Arrays,
    climbed: Arrays,
    provenance: dict[str, Any],
    params: SecondNetworkParams,
    checkpoint: Checkpoint,
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics]:
    """The two facts measured, and what each confidence says. Checkpoints can go by now."""
    from atelier.activation_maximization import evaluation as facts
    from atelier.training.batches import to_unit
    from atelier.training.fitting import predict_unit_logits
    from atelier.training.reproducibility import make_reproducible

    checkpoint.clear()
    make_reproducible(params.seed, params.threads)
    classes = len(provenance["classes"])
    targets, real = np.arange(classes), to_unit(train["images"])
    judges = facts.fit_confidence_models(logits, params.covariance)
    ways = {
        name.removesuffix(".images"): images if way == "climbed" else images[-1]
        for way, arrays in (("stepped", stepped), ("climbed", climbed))
        for name, images in arrays.items()
        if name.endswith(".images")
    }
    tables = []
    for name, images in ways.items():
        thought = facts.score_maximized_images(
            predict_unit_logits(model, images), predict_unit_logits(other, images), targets, judges
        )
        far = facts.class_distances(images, targets, real, train["labels"])
        way = name.rstrip("0123456789") if name.startswith("random") else name
        tables.append(pd.concat([thought, far], axis=1).assign(way=way, start=name, label=targets))
    table = pd.concat(tables, ignore_index=True)
    results = {name: ways[name] for name in ways if f"{name}.inside" in stepped}
    distances = facts.start_distances(results)
    some = slice(0, 500)
    baseline = facts.class_distances(
        to_unit(test["images"][some]), test["labels"][some], real, train["labels"]
    )
    inside = {name: stepped[f"{name}.inside"][-1] for name in results}
    metrics = facts.maximization_metrics(table, distances, baseline) | facts.border_metrics(
        inside, targets
    )
    return table, distances, metrics


def draw_input_descent(
    train: Arrays, stepped: Arrays, provenance: dict[str, Any], params: InputDescentParams
) -> tuple[Any, Any, Any]:
    """Where every start leads, how doubt falls, one picture's way."""
    from atelier.activation_maximization import evaluation as facts
    from atelier.activation_maximization import figures as plots
    from atelier.activation_maximization import zero_border
    from atelier.data.class_statistics import class_moments

    classes, name = provenance["classes"], provenance["name"]
    targets, done = np.arange(len(classes)), f"{params.steps} plain steps"
    kinds = [kind for kind in ("ones", "half", "zeros", "random0") if f"{kind}.images" in stepped]
    logits = {kind: stepped[f"{kind}.logits"] for kind in kinds}
    trust = {kind: facts.target_confidence(logits[kind], targets) for kind in kinds}
    last = {kind: stepped[f"{kind}.images"][-1, ..., 0] for kind in kinds}
    notes = {kind: [f"{one:.5f}" for one in trust[kind][-1]] for kind in kinds}
    doubts = {kind: facts.error_probability(logits[kind], targets) for kind in kinds}
    _, deviations = class_moments(train["images"], train["labels"], len(classes))
    label, kind = int(deviations.mean(axis=(1, 2)).argmax()), kinds[-1]
    start, end = stepped[f"{kind}.images"][[0, -1], label]
    inside = zero_border(end[None], params.border)[0]
    kept = facts.target_confidence(stepped[f"{kind}.inside"][-1], targets)[label]
    way = {
        f"start: {kind}": (start, f"confidence {trust[kind][0, label]:.5f}"),
        f"after {params.steps} steps": (end, f"{trust[kind][-1, label]:.5f}"),
        "difference": (end - start, "red: brighter"),
        f"outer {params.border} set to 0": (inside, f"{kept:.5f}"),
        "class deviation": (deviations[label][..., None], "of real images"),
    }
    return (
        plots.image_rows_figure(last, notes, classes, title=f"{name}: {done} from each start"),
        plots.error_probability_figure(doubts, title=f"{name}: {done}, all classes"),
        plots.difference_figure(
            {heading: (picture[..., 0], note) for heading, (picture, note) in way.items()},
            title=f"{name}: class {classes[label]}, the most variable by mean deviation",
        ),
    )


def draw_maximized_images(
    train: Arrays,
    logits: Arrays,
    climbed: Arrays,
    layers: Arrays,
    table: pd.DataFrame,
    provenance: dict[str, Any],
    params: SecondNetworkParams,
) -> tuple[Any, Any, Any, Animation]:
    """What is wanted beside what is, who believes it, what single units want, a film."""
    from atelier.activation_maximization import evaluation as facts
    from atelier.activation_maximization import figures as plots
    from atelier.data.class_statistics import class_moments

    classes, name = provenance["classes"], provenance["name"]
    means, deviations = class_moments(train["images"], train["labels"], len(classes))
    ways = {key.removesuffix(".images"): one[..., 0] for key, one in climbed.items() if "." in key}
    wanted = {"class mean": means, "deviation": deviations} | ways
    units = {layer: pictures[..., 0] for layer, pictures in layers.items()}
    ordinary = facts.fit_confidence_models(logits, params.covariance).ordinary
    return (
        plots.image_rows_figure(
            wanted, {}, classes, title=f"{name}: what is, what the network wants"
        ),
        plots.confidence_figure(
            table, ordinary, title=f"{name}: who believes {len(table)} pictures"
        ),
        plots.layer_units_figure(units, title=f"{name}: what units want"),
        Animation(plots.ascent_frames(climbed["frames"][..., 0]), 0.2),
    )
