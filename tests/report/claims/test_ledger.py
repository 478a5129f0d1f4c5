"""The ledger of this repository: its rows give its numbers, and its pages are fresh."""

import functools
import json
import shlex
from pathlib import Path

import pandas as pd
import pytest
import yaml
from pydantic import ValidationError
from support.project import ROOT

from atelier.configuration.arguments import parse_parameters
from atelier.configuration.checks import unknown_parameters
from atelier.configuration.loader import ProjectConfigLoader
from atelier.pipeline_registry import register_pipelines
from atelier.report.claims import ledger, readme
from atelier.report.claims.measurement import Number
from atelier.report.claims.model import Ledger
from atelier.report.claims.page import claims_page
from atelier.report.claims.record import recompute, verdict_of
from atelier.report.claims.records import claims_json, count_recorded
from atelier.settings import CONFIG_LOADER_ARGS

LEDGERS = ledger.read_ledgers(ROOT / ledger.CLAIMS)
WORKS = ledger.read_works(ROOT / ledger.WORKS)
CLAIMS = {claim.id: claim for item in LEDGERS for claim in item.claims}
WITH_ROWS = [name for name, claim in CLAIMS.items() if claim.result and claim.result.rows]
PIPELINES = register_pipelines()


def kedro_runs(command: str) -> list[list[str]]:
    """The words of every `kedro run` in a command line."""
    parts = [shlex.split(part) for part in command.split("&&")]
    return [words[2:] for words in parts if words[:2] == ["kedro", "run"]]


@functools.cache
def unknown_names(env: str, parameters: str) -> list[str]:
    """What the project's own check says of the parameters of a command."""
    loader = ProjectConfigLoader(
        str(ROOT / "conf"),
        env=env,
        runtime_params=parse_parameters(parameters),
        **CONFIG_LOADER_ARGS,
    )
    loader["parameters"]
    return list(unknown_parameters(loader, PIPELINES))


def option(words: list[str], *names: str) -> str | None:
    return next((words[words.index(name) + 1] for name in names if name in words), None)


def test_every_experiment_has_a_file_and_a_page_for_its_headline():
    assert [item.experiment for item in LEDGERS] == list(ledger.ORDER)


def test_ids_are_unique_and_every_claim_names_a_work_and_a_place():
    ids = [claim.id for item in LEDGERS for claim in item.claims]
    assert len(ids) == len(set(ids)) >= 40
    assert {claim.source.work for claim in CLAIMS.values()} <= set(WORKS)
    assert all(claim.source.place for claim in CLAIMS.values())


@pytest.mark.parametrize("name", WITH_ROWS)
def test_the_rows_in_the_repository_give_the_number(name):
    result = CLAIMS[name].result
    number = recompute(CLAIMS[name], ROOT)
    stated = Number(result.number, result.low, result.high, result.n)
    for ours, theirs in zip(number, stated, strict=True):
        assert ours == (None if theirs is None else pytest.approx(theirs, rel=1e-9, abs=1e-12))


def test_a_pooled_share_of_touching_pairs_is_the_same_without_the_ledger():
    """The gain per picture, by pandas alone, from the rows of Data Science Bowl's nuclei."""
    rows = pd.read_parquet(ROOT / "docs/results/dsb2018.parquet")
    totals = rows.groupby("method")["apart"].sum()
    pictures = (rows["method"] == "U-Net").sum()
    gain = (totals["U-Net"] - totals["U-Net, no borders"]) / pictures
    assert CLAIMS["segmentation-borders-separate"].result.number == pytest.approx(gain)


@pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.result])
def test_the_verdict_follows_from_the_rule(name):
    result = CLAIMS[name].result
    number = Number(result.number, result.low, result.high, result.n)
    assert result.verdict == verdict_of(CLAIMS[name], number, result.environment)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_recorded_number_has_rows_data_and_versions_and_another_says_so(name):
    result = CLAIMS[name].result
    if result is None:
        return
    if result.recorded:
        assert (ROOT / result.rows).exists()
        assert result.versions
        assert result.data
    else:
        assert "README" in result.origin
        assert result.rows is None


@pytest.mark.parametrize("name", CLAIMS)
def test_commands_name_pipelines_environments_parameters_and_files_that_exist(name):
    command = CLAIMS[name].command
    runs = kedro_runs(command)
    assert runs or command.startswith("python ")
    for words in runs:
        named = option(words, "--pipeline", "--pipelines", "-p")
        assert named
        assert set(named.split(",")) <= set(PIPELINES)
        env = option(words, "--env") or "base"
        assert (ROOT / "conf" / env).is_dir()
        assert unknown_names(env, option(words, "--params") or "") == []
    for word in shlex.split(command):
        if word.endswith((".py", ".yml", ".parquet")):
            assert (ROOT / word).exists()


def test_nothing_names_a_machine_or_an_address_of_a_package_index():
    files = [
        *(ROOT / ledger.CLAIMS).glob("*.yml"),
        ROOT / "docs/claims.md",
        ROOT / "docs/claims.json",
    ]
    text = "".join(path.read_text("utf-8") for path in files)
    assert not any(word in text for word in ("/work/", "/home/", "/root/", "/tmp/", "127.0.0.1"))


def test_the_files_are_as_the_command_writes_them():
    for item in LEDGERS:
        path = ROOT / ledger.CLAIMS / f"{item.experiment}.yml"
        assert path.read_text("utf-8") == ledger.ledger_text(item)


def test_the_page_and_its_json_are_fresh():
    """After a change: python -m atelier.report.claims page."""
    assert (ROOT / "docs/claims.md").read_text("utf-8") == claims_page(LEDGERS, WORKS)
    assert (ROOT / "docs/claims.json").read_text("utf-8") == claims_json(LEDGERS, WORKS)


def test_the_json_has_the_fields_of_a_row_and_every_claim():
    records = json.loads((ROOT / "docs/claims.json").read_text("utf-8"))["claims"]
    assert [record["id"] for record in records] == list(CLAIMS)
    fields = {
        "id", "source", "claim", "their_number", "our_number", "low", "high", "n", "seeds",
        "verdict", "why", "command", "environment", "data",
        "hardware", "versions", "date", "rows", "recorded",
    }  # fmt: skip
    assert all(fields <= set(record) for record in records)
    recorded, quoted, missing = count_recorded(CLAIMS.values())
    assert sum(record["recorded"] for record in records) == recorded
    assert recorded + quoted + missing == len(records)


def test_the_table_of_readme_is_fresh():
    """After a change: python -m atelier.report.claims readme."""
    text = (ROOT / "README.md").read_text("utf-8")
    if "## The experiments" in text or readme.BEGIN in text:
        assert readme.with_headlines(text, LEDGERS) == text


def test_the_table_of_readme_has_a_row_for_each_of_the_14_experiments():
    rows = [line for line in readme.headlines(LEDGERS).splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 14
    for row, item in zip(rows, LEDGERS, strict=True):
        assert f"(docs/experiments/{item.experiment}.md)" in row
        assert ("†" in row) == (not item.headline_claim.result.recorded)


def test_markers_that_are_missing_or_doubled_are_an_error():
    for text in ("no markers", readme.BEGIN, 2 * f"{readme.BEGIN}\n{readme.END}\n"):
        with pytest.raises(ValueError, match="Expected one <!-- claims:headlines -->"):
            readme.with_headlines(text, LEDGERS)


def test_an_unknown_field_of_a_claim_is_refused():
    content = yaml.safe_load((ROOT / ledger.CLAIMS / "train.yml").read_text("utf-8"))
    content["claims"][0]["colour"] = "red"
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Ledger.model_validate(content)


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path):
    (tmp_path / "train.yml").write_text("experiment: train\n")
    with pytest.raises(ValueError, match=r"Expected claims in train\.yml"):
        ledger.read_ledgers(tmp_path)


def test_without_a_folder_there_are_no_claims(tmp_path: Path):
    assert ledger.read_ledgers(tmp_path / "nothing") == []
