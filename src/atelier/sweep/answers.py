"""Prints what the rows of a study answer, without training anything.

``python -m atelier.sweep.answers ROWS --images SELECTION TEST``
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from atelier.configuration.terminal import use_ascii_fallback
from atelier.sweep.analysis import best_learning_rates
from atelier.sweep.arms import arm_columns
from atelier.sweep.budgets import compare_budgets
from atelier.sweep.chance import chance_at_best
from atelier.sweep.chunk_trainer import (
    CORRECT_COLUMN,
    correct_predictions,
    packed_predictions,
)
from atelier.sweep.collapse import collapse_probability
from atelier.sweep.paired_comparison import dropout_effect
from atelier.sweep.sensitivity import rate_sensitivity
from atelier.types import Array

SHOWN_BUDGETS = (1, 2, 3, 5, 10, 20, 50)
"""Numbers of trainings that are printed."""
SHOWN_COLUMNS = (
    *("best_rate", "as_good_low", "as_good_high", "test_accuracy", "low", "high", "deviation"),
    *("seeds", "test_ece", "plateau_decades", "calibrated_rate", "calibrated_ece", "edge"),
)
"""Columns of the table of best rates that are printed."""


def main(arguments: list[str] | None = None) -> None:
    """Prints the tables."""
    use_ascii_fallback(sys.stdout, sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        table = _read_rows(options.rows)
    except OSError as error:
        sys.exit(f"atelier.sweep.answers: {error}")
    selection_images, test_images = options.images
    tables = study_answers(
        table, selection_images=selection_images, test_images=test_images, seed=options.seed
    )
    for title, answer in tables.items():
        rows = answer.to_string(index=False, float_format="{:.4g}".format)
        sys.stdout.write(f"{title}\n{rows}\n\n")


def study_answers(
    table: pd.DataFrame, *, selection_images: int, test_images: int, seed: int
) -> dict[str, pd.DataFrame]:
    """Computes the tables that follow from the rows of a study alone.

    Args:
        table: A row per member; with :data:`CORRECT_COLUMN`, intervals resample test images, and
            the table of chance is there.
        selection_images: Number of images of the selection split.
        test_images: Number of images of the test split.
        seed: Of the resampling.

    Returns:
        By title: the best rates, the best of k trainings, who overtakes whom, tolerated ranges,
        collapses; from the classified images also the effect of dropout, and chance.
    """
    table = table.reset_index(drop=True)
    correct = _correct(table, test_images)
    best = best_learning_rates(table, selection_images=selection_images, test_images=test_images)
    budgets, overtaking = compare_budgets(table, correct, images=test_images, seed=seed)
    answers = {
        "Best learning rates": best[[*arm_columns(best), *SHOWN_COLUMNS]],
        "Best of k trainings": budgets[budgets["k"].isin(SHOWN_BUDGETS)],
        "The k at which an arm overtakes another": overtaking,
        "Tolerated range of rates, decades": rate_sensitivity(
            table, correct, best, images=test_images, seed=seed
        ),
        "Probability of a collapse": collapse_probability(table, best),
    }
    if correct is not None:
        answers["Effect of dropout"] = dropout_effect(table, correct, best, seed=seed)
        answers["Chance at the best rate"] = chance_at_best(table, correct, best)
    return answers


def _correct(table: pd.DataFrame, images: int) -> Array | None:
    """Returns which test images each member classifies correctly; None where no row says it."""
    if CORRECT_COLUMN not in table:
        return None
    return correct_predictions(packed_predictions(table), images)


def _read_rows(path: Path) -> pd.DataFrame:
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"Expected parquet files in {path}. Received: none")
    return pd.concat(map(pd.read_parquet, files), ignore_index=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m atelier.sweep.answers", description=__doc__)
    parser.add_argument("rows", type=Path, help="study.parquet, or a folder of chunks")
    parser.add_argument(
        "--images",
        type=int,
        nargs=2,
        required=True,
        metavar=("SELECTION", "TEST"),
        help="number of images of the two splits",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the resampling (default: 0)")
    return parser


if __name__ == "__main__":
    main()
