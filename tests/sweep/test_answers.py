"""The tables that `python -m atelier.sweep.answers` prints from rows that are there already."""

import numpy as np
import pandas as pd
import pytest

from atelier.sweep.answers import main, study_answers


@pytest.fixture
def rows() -> pd.DataFrame:
    """Three rates and two seeds of an arm; the members of the middle rate are the best."""
    accuracy = [0.0, 0.0, 1.0, 0.75, 0.5, 0.5]
    hits = [b"\x00", b"\x00", b"\xf0", b"\xe0", b"\xc0", b"\x30"]
    return pd.DataFrame(
        {
            "optimizer": "sgd",
            "dropout": 0.0,
            "learning_rate": [0.01, 0.01, 0.1, 0.1, 1.0, 1.0],
            "seed": [0, 1] * 3,
            "selection_accuracy": accuracy,
            "test_accuracy": accuracy,
            "train_loss": 1.0,
            "test_nll": 1.0,
            "test_ece": 0.1,
            "diverged": False,
            "test_hits": hits,
        }
    )


def test_the_best_of_one_training_is_the_mean_and_that_of_many_the_best(rows):
    answers = study_answers(rows, selection_images=4, test_images=4, seed=0)
    budgets = answers["Best of k trainings"].set_index("k")["test_accuracy"]
    assert budgets[1] == pytest.approx((0 + 0.875 + 0.5) / 3)
    assert budgets[50] == pytest.approx(1, abs=1e-3)  # 1 - (5/6)^50
    (best,) = answers["Best learning rates"].to_dict("records")
    assert best["test_accuracy"] == pytest.approx(0.875)
    (chance,) = answers["Chance at the best rate"].to_dict("records")
    assert chance["observed"] == pytest.approx(np.std([1, 0.75], ddof=1))


def test_rows_of_a_file_and_of_a_folder_are_printed_alike(rows, tmp_path, capsys):
    (tmp_path / "chunks").mkdir()
    rows.to_parquet(tmp_path / "study.parquet")
    rows[:3].to_parquet(tmp_path / "chunks" / "chunk-00000.parquet")
    rows[3:].to_parquet(tmp_path / "chunks" / "chunk-00001.parquet")
    printed = []
    for path in ("study.parquet", "chunks"):
        main([str(tmp_path / path), "--images", "4", "4"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Probability of a collapse" in printed[0]


def test_rows_without_predictions_have_no_table_of_chance(rows):
    table = rows.drop(columns="test_hits")
    answers = study_answers(table, selection_images=4, test_images=4, seed=0)
    assert "Chance at the best rate" not in answers
    assert "Effect of dropout" not in answers


def test_a_folder_without_rows_is_named(tmp_path):
    with pytest.raises(SystemExit, match="Expected parquet files in .*none"):
        main([str(tmp_path), "--images", "4", "4"])
