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


def compare(
    train: Arrays, test: Arrays, provenance: dict[str, Any], params: MaxoutParams
) -> tuple[pd.DataFrame, Arrays]:
    """Maxout against ReLU with and without dropout; how often each piece wins."""
    from atelier.maxout.comparison import compare, piece_shares
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.training.seed, params.training.threads)
    table, model = compare(train, test, params, classes=len(provenance["classes"]))
    return table, {"shares": piece_shares(model, test["images"])}


def learn(params: FunctionParams) -> Arrays:
    """One maxout unit learning |x|, ReLU and x²."""
    from atelier.maxout.comparison import learn_functions
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    learnt = learn_functions(pieces=params.pieces, steps=params.steps, seed=params.seed)
    return learnt._asdict()


def descend(
    train: Arrays,
    validation: Arrays,
    calibration: Arrays,
    provenance: dict[str, Any],
    params: PermutationInvariantParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """The paper's recipe on all images but the test's, part of them first."""
    from atelier.data.splits import some
    from atelier.maxout.comparison import permutation_invariant
    from atelier.maxout.training import descend
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.descent.seed, params.descent.threads)
    parts = (train, validation, calibration)
    together = {name: np.concatenate([part[name] for part in parts]) for name in train}
    everything = some(together, seed=params.descent.seed)
    model = permutation_invariant(
        params, shape=train["images"].shape[1:], classes=len(provenance["classes"])
    )
    return descend(model, everything, params.descent, curve=curve, checkpoint=checkpoint)


def convolve(
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


def judge(model: Classifier, train: Arrays, test: Arrays, checkpoint: Checkpoint) -> Metrics:
    """Mistakes on the test split. The model is saved by now, so the checkpoint can go."""
    from atelier.maxout.comparison import test_error

    checkpoint.clear()
    return test_error(model, train, test)


def draw(
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
        descent_figure,
        functions_figure,
        pieces_figure,
        rivals_figure,
    )

    name, n = provenance["name"], int(table["n"].iloc[0])
    shares: Array = pieces["shares"]
    size = f"{table['parameters'].min():,} to {table['parameters'].max():,} parameters"
    return (
        rivals_figure(table, title=f"{name}: maxout and ReLU, {size}, n = {n:,}"),
        pieces_figure(shares, title=f"{name}: which of {shares.shape[1]} pieces wins"),
        functions_figure(learnt, list(TARGETS)),
        descent_figure(history, metrics, first=params.descent.epochs, title=name),
    )
