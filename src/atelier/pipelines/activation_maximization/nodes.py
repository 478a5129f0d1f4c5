"""Nodes of the activation_maximization pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.activation_maximization.params import PresetParams, SecondParams, StepParams
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


def step(model: Any, provenance: dict[str, Any], params: StepParams) -> Arrays:
    """The post's plain steps: every class from every start, as one batch.

    ``<start>.images`` (steps + 1, classes, height, width, 1), ``<start>.logits``, and
    ``<start>.inside``, the last logits with the border set to 0; random starts are numbered.
    """
    from atelier.activation_maximization import make_starts, step_towards, without_border
    from atelier.training.fitting import unit_logits_of
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    classes, shape = len(provenance["classes"]), model.input_shape[1:]
    kinds: dict[str, int] = {kind: params.seed for kind in params.starts if kind != "random"}
    if "random" in params.starts:
        kinds |= {f"random{i}": params.seed + i for i in range(params.random_starts)}
    starts = [
        make_starts("random" if name.startswith("random") else name, classes, shape, seed=seed)
        for name, seed in kinds.items()
    ]
    targets = np.tile(np.arange(classes), len(starts))
    walked = step_towards(
        model,
        np.concatenate(starts),
        targets,
        steps=params.steps,
        learning_rate=params.learning_rate,
    )
    inside = unit_logits_of(model, without_border(walked.images[-1], params.border))
    parts = {"images": walked.images, "logits": walked.logits, "inside": inside[None]}
    return {
        f"{name}.{part}": values[:, number * classes : (number + 1) * classes]
        for number, name in enumerate(kinds)
        for part, values in parts.items()
    }


def climb(model: Any, provenance: dict[str, Any], params: PresetParams) -> Arrays:
    """Every class by every preset, ``<preset>.images``; the last one's way, ``frames``."""
    from atelier.activation_maximization import Ascent, make_starts
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    ascent, classes = Ascent(model), len(provenance["classes"])
    starts = make_starts(params.start, classes, ascent.shape, seed=params.seed)
    found: dict[str, Array] = {}
    for name, preset in params.presets.items():
        climbed = ascent.climb(
            starts, np.arange(classes), preset, pictures=params.pictures, seed=params.seed
        )
        found |= {f"{name}.images": climbed.images, "frames": climbed.frames}
    return found


def climb_layers(model: Any, params: PresetParams) -> Arrays:
    """What the first channels of every convolution want, by the last preset, by layer."""
    from atelier.activation_maximization import make_starts, maximise
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    *_, preset = params.presets.values()
    starts = make_starts(params.start, params.layers, model.input_shape[1:], seed=params.seed)
    units = np.arange(params.layers)
    return {
        layer.name: maximise(model, starts, units, preset, layer=layer.name, seed=params.seed)
        for layer in model.layers
        if "conv" in layer.name and layer.output.shape[-1] >= params.layers
    }


def train_second(
    train: Arrays,
    validation: Arrays,
    provenance: dict[str, Any],
    network: NetworkParams,
    training: TrainingParams,
    second: SecondParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """An independent network to ask: other first weights, another order of the images."""
    from atelier.training.fitting import fit
    from atelier.training.networks import build
    from atelier.training.reproducibility import make_reproducible

    recipe = training.model_copy(update={"seed": second.seed, "epochs": second.epochs})
    make_reproducible(recipe.seed, recipe.threads)
    model = build(network, len(provenance["classes"]), shape=train["images"].shape[1:])
    model, history = fit(model, train, validation, recipe, curve=curve, checkpoint=checkpoint)
    return model, history


def judge(
    model: Classifier,
    other: Classifier,
    train: Arrays,
    test: Arrays,
    logits: Arrays,
    stepped: Arrays,
    climbed: Arrays,
    provenance: dict[str, Any],
    params: SecondParams,
    checkpoint: Checkpoint,
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics]:
    """The two facts measured, and what each confidence says. Checkpoints can go by now."""
    from atelier.activation_maximization import evaluation as facts
    from atelier.training.batches import to_unit
    from atelier.training.fitting import unit_logits_of
    from atelier.training.reproducibility import make_reproducible

    checkpoint.clear()
    make_reproducible(params.seed, params.threads)
    classes = len(provenance["classes"])
    targets, real = np.arange(classes), to_unit(train["images"])
    judges = facts.judges_from(logits, params.covariance)
    ways = {
        name.removesuffix(".images"): images if way == "climbed" else images[-1]
        for way, arrays in (("stepped", stepped), ("climbed", climbed))
        for name, images in arrays.items()
        if name.endswith(".images")
    }
    tables = []
    for name, images in ways.items():
        thought = facts.judged(
            unit_logits_of(model, images), unit_logits_of(other, images), targets, judges
        )
        far = facts.likeness(images, targets, real, train["labels"])
        way = name.rstrip("0123456789") if name.startswith("random") else name
        tables.append(pd.concat([thought, far], axis=1).assign(way=way, start=name, label=targets))
    table = pd.concat(tables, ignore_index=True)
    results = {name: ways[name] for name in ways if f"{name}.inside" in stepped}
    distances = facts.start_distances(results)
    some = slice(0, 500)
    baseline = facts.likeness(
        to_unit(test["images"][some]), test["labels"][some], real, train["labels"]
    )
    inside = {name: stepped[f"{name}.inside"][-1] for name in results}
    metrics = facts.headline(table, distances, baseline) | facts.border_metrics(inside, targets)
    return table, distances, metrics


def draw_steps(
    train: Arrays, stepped: Arrays, provenance: dict[str, Any], params: StepParams
) -> tuple[Any, Any, Any]:
    """Where every start leads, how doubt falls, one picture's way."""
    from atelier.activation_maximization import evaluation as facts
    from atelier.activation_maximization import figures as plots
    from atelier.activation_maximization import without_border
    from atelier.data.card import class_moments

    classes, name = provenance["classes"], provenance["name"]
    targets, done = np.arange(len(classes)), f"{params.steps} plain steps"
    kinds = [kind for kind in ("ones", "half", "zeros", "random0") if f"{kind}.images" in stepped]
    logits = {kind: stepped[f"{kind}.logits"] for kind in kinds}
    trust = {kind: facts.confidence(logits[kind], targets) for kind in kinds}
    last = {kind: stepped[f"{kind}.images"][-1, ..., 0] for kind in kinds}
    notes = {kind: [f"{one:.5f}" for one in trust[kind][-1]] for kind in kinds}
    doubts = {kind: facts.doubt(logits[kind], targets) for kind in kinds}
    _, deviations = class_moments(train["images"], train["labels"], len(classes))
    label, kind = int(deviations.mean(axis=(1, 2)).argmax()), kinds[-1]
    start, end = stepped[f"{kind}.images"][[0, -1], label]
    inside = without_border(end[None], params.border)[0]
    kept = facts.confidence(stepped[f"{kind}.inside"][-1], targets)[label]
    way = {
        f"start: {kind}": (start, f"confidence {trust[kind][0, label]:.5f}"),
        f"after {params.steps} steps": (end, f"{trust[kind][-1, label]:.5f}"),
        "difference": (end - start, "red: brighter"),
        f"outer {params.border} set to 0": (inside, f"{kept:.5f}"),
        "class deviation": (deviations[label][..., None], "of real images"),
    }
    return (
        plots.rows_figure(last, notes, classes, title=f"{name}: {done} from each start"),
        plots.doubts_figure(doubts, title=f"{name}: {done}, all classes"),
        plots.change_figure(
            {heading: (picture[..., 0], note) for heading, (picture, note) in way.items()},
            title=f"{name}: class {classes[label]}, the most variable by mean deviation",
        ),
    )


def draw_wanted(
    train: Arrays,
    logits: Arrays,
    climbed: Arrays,
    layers: Arrays,
    table: pd.DataFrame,
    provenance: dict[str, Any],
    params: SecondParams,
) -> tuple[Any, Any, Any, Animation]:
    """What is wanted beside what is, who believes it, what single units want, a film."""
    from atelier.activation_maximization import evaluation as facts
    from atelier.activation_maximization import figures as plots
    from atelier.data.card import class_moments

    classes, name = provenance["classes"], provenance["name"]
    means, deviations = class_moments(train["images"], train["labels"], len(classes))
    ways = {key.removesuffix(".images"): one[..., 0] for key, one in climbed.items() if "." in key}
    wanted = {"class mean": means, "deviation": deviations} | ways
    units = {layer: pictures[..., 0] for layer, pictures in layers.items()}
    ordinary = facts.judges_from(logits, params.covariance).ordinary
    return (
        plots.rows_figure(wanted, {}, classes, title=f"{name}: what is, what the network wants"),
        plots.trust_figure(table, ordinary, title=f"{name}: who believes {len(table)} pictures"),
        plots.layers_figure(units, title=f"{name}: what units want"),
        Animation(plots.film(climbed["frames"][..., 0]), 0.2),
    )
