"""Nodes of the maxout pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.maxout.params import (
    ConvolutionalParams,
    FunctionParams,
    MaxoutParams,
    PermutationInvariantParams,
)
from atelier.types import Array, Arrays, Checkpoint, Classifier, History, MetricLog, Metrics


def compare_maxout(
    train: Arrays, test: Arrays, provenance: dict[str, Any], params: MaxoutParams
) -> tuple[pd.DataFrame, Arrays]:
    """Maxout against ReLU with and without dropout; how often each piece wins."""
    from atelier.maxout.comparison import compare_with_relu, piece_shares
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.training.seed, params.training.threads)
    table, model = compare_with_relu(train, test, params, classes=len(provenance["classes"]))
    return table, {"shares": piece_shares(model, test["images"])}


def learn_functions(params: FunctionParams) -> Arrays:
    """One maxout unit learning |x|, ReLU and x²."""
    from atelier.maxout.comparison import fit_functions
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    learnt = fit_functions(pieces=params.pieces, steps=params.steps, seed=params.seed)
    return learnt._asdict()


def train_maxout(
    train: Arrays,
    validation: Arrays,
    calibration: Arrays,
    provenance: dict[str, Any],
    params: PermutationInvariantParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """The paper's recipe on all images but the test's, part of them first."""
    from atelier.data.splits import random_subset
    from atelier.maxout.comparison import permutation_invariant_network
    from atelier.maxout.training import train_with_momentum
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.descent.seed, params.descent.threads)
    parts = (train, validation, calibration)
    together = {name: np.concatenate([part[name] for part in parts]) for name in train}
    everything = random_subset(together, seed=params.descent.seed)
    model = permutation_invariant_network(
        params, shape=train["images"].shape[1:], classes=len(provenance["classes"])
    )
    return train_with_momentum(
        model, everything, params.descent, curve=curve, checkpoint=checkpoint
    )


def train_convolutional(
    train: Arrays,
    validation: Arrays,
    provenance: dict[str, Any],
    params: ConvolutionalParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """The convolutional network; goes on where a killed run of the same recipe stopped."""
    from atelier.maxout.networks import convolutional_maxout
    from atelier.training.fitting import fit
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.training.seed, params.training.threads)
    model = convolutional_maxout(
        len(provenance["classes"]),
        shape=train["images"].shape[1:],
        filters=params.filters,
        pieces=params.pieces,
        input_drop=params.input_drop,
        hidden_drop=params.hidden_drop,
        max_norm=params.max_norm,
        seed=params.training.seed,
    )
    return fit(model, train, validation, params.training, curve=curve, checkpoint=checkpoint)


def evaluate_maxout(
    model: Classifier, train: Arrays, test: Arrays, checkpoint: Checkpoint
) -> Metrics:
    """Mistakes on the test split. The model is saved by now, so the checkpoint can go."""
    from atelier.maxout.comparison import error_rates

    checkpoint.clear()
    return error_rates(model, train, test)


def draw_maxout(
    table: pd.DataFrame,
    pieces: Arrays,
    learnt: Arrays,
    history: History,
    metrics: Metrics,
    provenance: dict[str, Any],
    params: PermutationInvariantParams,
) -> tuple[Any, Any, Any, Any]:
    """The rivals, the pieces, the three functions, the paper's recipe."""
    from atelier.maxout.comparison import TARGETS
    from atelier.maxout.figures import (
        functions_figure,
        maxout_comparison_figure,
        maxout_training_figure,
        pieces_figure,
    )

    name, n = provenance["name"], int(table["n"].iloc[0])
    shares: Array = pieces["shares"]
    size = f"{table['parameters'].min():,} to {table['parameters'].max():,} parameters"
    return (
        maxout_comparison_figure(table, title=f"{name}: maxout and ReLU, {size}, n = {n:,}"),
        pieces_figure(shares, title=f"{name}: which of {shares.shape[1]} pieces wins"),
        functions_figure(learnt, list(TARGETS)),
        maxout_training_figure(history, metrics, first=params.descent.epochs, title=name),
    )
