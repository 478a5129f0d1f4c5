"""The guides on own logits and own models: their commands, on small files made for this."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from support.patience import PATIENCE
from support.project import ROOT

from atelier.calibration import load_calibrator, report

GUIDES = ROOT / "docs" / "own_data"


def commands(guide: str) -> list[list[str]]:
    text = (GUIDES / guide).read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines]


def snippets(guide: str) -> list[str]:
    text = (GUIDES / guide).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def run_and_list_imports(project, arguments: list[str]) -> str:
    """Runs a command of kedro in a process that then lists what it has imported of these."""
    program = (
        "import sys\nfrom kedro.framework.cli.cli import main\n"
        f"sys.argv = ['kedro', *{[arguments[0], '--env', 'test', *arguments[1:]]!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    print('ended', end.code)\n"
        "print('imported', sorted({'tensorflow', 'keras', 'jax'} & set(sys.modules)))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=project.folder, env=project.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE,
    ).stdout  # fmt: skip


def test_the_guide_on_logits_holds_and_needs_no_tensorflow(fresh, monkeypatch):
    x, labels = load_digits(return_X_y=True)
    model = LogisticRegression(max_iter=200).fit(x[:900] / 16, labels[:900])
    logits, labels = 3 * model.decision_function(x[900:1200] / 16), labels[900:1200]
    monkeypatch.chdir(fresh.folder)
    save, load, page = snippets("logits.md")
    exec(save, {"logits": logits, "labels": labels})
    first, quick = commands("logits.md")

    output = run_and_list_imports(fresh, first)
    assert "ended 0" in output, output
    assert "imported []" in output

    (parent,) = fresh.runs("calibration.logits")
    (child,) = [run for run in fresh.runs() if run.data.tags.get("namespace") == "logits"]
    assert child.data.tags["pipeline"] == "calibration"
    replay = shlex.split(parent.data.tags["kedro_command"])
    metrics = json.loads(
        fresh.path("08_reporting/test/logits/calibration_metrics.json").read_text()
    )
    folders = (fresh.path(layer, "test", "logits") for layer in ("06_models", "08_reporting"))
    made = {path.name for folder in folders for path in folder.iterdir()}
    named = re.findall(r"`(\w+\.(?:html|parquet|json|png))`", (GUIDES / "logits.md").read_text())
    assert set(named) <= made | {"calibration.html", "calibrator.json"}
    assert metrics["temperature"] > 1  # the logits were made three times too large
    path = fresh.path("06_models/test/logits/chosen_calibrator.json")
    names: dict = {"logits": logits}
    exec(load.replace("data/06_models/base", str(path.parents[1])), names)
    np.testing.assert_array_equal(names["probabilities"], load_calibrator(path).transform(logits))
    table = pd.read_parquet(fresh.path("08_reporting/test/logits/calibration_table.parquet"))
    assert len(table) == 15

    exec(page.replace("path=", "resamples=5, path="), names | {"labels": labels, "report": report})
    assert Path("calibration.html").read_text("utf-8").startswith("<!doctype html>")

    before = path.read_text()
    path.unlink()
    fresh.kedro(*replay[1:])  # the recorded command leaves the same
    assert path.read_text() == before

    fresh.run(*quick[1:])
    table = pd.read_parquet(fresh.path("08_reporting/test/logits/calibration_table.parquet"))
    assert table["method"].tolist() == ["uncalibrated", "temperature", "structured_vector"]


def test_what_is_wrong_with_a_file_stops_the_run_in_words(fresh):
    path = fresh.folder / "bad.csv"
    path.write_text("probability_0,probability_1,label\n0.5,0.6,0\n0.5,0.5,1\n")
    output = fresh.run("--pipeline", "calibration", "--params", f"logits={path}", ok=False)
    assert f"{path}: Expected rows of probabilities" in output
    assert "Divide each row by its sum" in output
    assert not fresh.path("07_model_output").exists()
    output = fresh.run("--params", f"logits={path}", ok=False)
    assert "Expected --pipeline calibration beside logits=" in output


@pytest.mark.timeout(PATIENCE)
def test_the_guide_on_models_holds(fresh):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.save(fresh.folder / "model.keras")
    ascent, check, ranged = commands("models.md")
    both = f"{ascent[2]},{check[2]}"
    assert (ascent[:2], check[:2]) == (["run", "--pipeline"],) * 2
    assert ascent[3:] == check[3:]  # so that one process runs both
    fresh.run("--pipelines", both, *ascent[3:])
    folder = fresh.path("08_reporting/test/model")
    table = pd.read_parquet(folder / "ascent_table.parquet")
    assert table["class"].unique().tolist() == ["0", "1", "2"]
    assert (table.loc[table["preset"] == "free", "logit"] >= table.loc[
        table["preset"] == "free", "logit_at_start"]).all()  # fmt: skip
    assert {path.name for path in folder.iterdir()} >= {
        "ascent.png", "ascent.gif", "ascent_layers.png", "gradient_check.png",
    }  # fmt: skip
    namespaces = {
        (run.data.tags.get("pipeline"), run.data.tags.get("namespace")) for run in fresh.runs()
    }
    assert {("activation_maximization", "model"), ("gradients", "model")} <= namespaces
    fresh.run(*ranged[1:])
    again = pd.read_parquet(folder / "ascent_table.parquet")
    assert again["logit_at_start"].tolist() != table["logit_at_start"].tolist()
