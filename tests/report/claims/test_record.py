"""Recording a claim of a made-up experiment, from the outputs of a run to the pages."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from atelier.report.claims.__main__ import main
from atelier.report.claims.ledger import read_ledgers
from atelier.report.claims.summaries import summarize_claims
from atelier.storage.origins import Origin, Writer, write_origin

WORK = {"archimedes": {"authors": ["Archimedes"], "title": "On Floating Bodies"}}
CLAIM = {
    "id": "weigh-gold",
    "source": {"work": "archimedes", "place": "book 1, proposition 7"},
    "claim": "At least three of four crowns are of gold.",
    "kind": "at least",
    "theirs": 0.75,
    "unit": "%",
    "data": "crowns",
    "namespace": "shop",
    "environments": ["base"],
    "command": "kedro run --pipeline weigh",
    "measurement": {"by": "share", "of": "shop.crowns_table", "value": "gold"},
    "why": "The crowns were weighed in water.",
}
DIGEST = 64 * "a"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A project with one claim, and the outputs of a run that it is about."""
    (tmp_path / "results/claims").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    content = {
        "experiment": "weigh", "question": "How many crowns are of gold?", "headline": "weigh-gold",
        "label": "crowns of gold", "claims": [CLAIM],
    }  # fmt: skip
    (tmp_path / "results/claims/weigh.yml").write_text(yaml.safe_dump(content))
    (tmp_path / "results/works.yml").write_text(yaml.safe_dump(WORK))
    folder = tmp_path / "data/08_reporting/base/shop"
    folder.mkdir(parents=True)
    table = folder / "crowns_table.parquet"
    pd.DataFrame({"gold": [True] * 90 + [False] * 10, "weight": 1.0}).to_parquet(table)
    writer = Writer(run_id="1", began="2026-01-02T03:04:05+00:00", command="kedro run")
    write_origin(table, Origin(writer=writer, parameters={"shop.weigh.seed": ("7",)}))
    provenance = tmp_path / "data/03_primary/base/shop/provenance.json"
    provenance.parent.mkdir(parents=True)
    provenance.write_text(json.dumps({"digest": DIGEST}))
    return tmp_path


def run(lab: Path, *arguments: str) -> int:
    return main(["--project", str(lab), *arguments])


def test_a_claim_is_recorded_with_all_that_it_was_measured_with(lab, capsys):
    assert run(lab, "record", "weigh-gold") == 0
    assert "weigh-gold: 90.00 % [82.56 to 94.48], n = 100: reproduced" in capsys.readouterr().out
    (claim,) = read_ledgers(lab / "results/claims")[0].claims
    result = claim.result
    assert (result.number, round(result.low, 4), round(result.high, 4)) == (0.9, 0.8256, 0.9448)
    assert (result.n, result.seeds, result.verdict) == (100, (7,), "reproduced")
    assert result.recorded
    assert result.date.isoformat() == "2026-01-02"
    assert result.data[0].digest == DIGEST
    assert {"python", "numpy", "tensorflow"} <= set(result.versions)
    assert "cores" in result.hardware
    kept = pd.read_parquet(lab / result.rows)
    assert list(kept) == ["gold"]
    assert len(kept) == 100


def test_another_environment_is_named_and_makes_the_number_not_comparable(lab):
    (lab / "data/08_reporting/base").rename(lab / "data/08_reporting/full")
    assert run(lab, "record", "weigh-gold", "--env", "full") == 0
    (claim,) = read_ledgers(lab / "results/claims")[0].claims
    assert (claim.result.environment, claim.result.verdict) == ("full", "not comparable")


def test_outputs_of_an_unknown_run_are_not_recorded(lab, capsys):
    (lab / "data/08_reporting/base/shop/.crowns_table.parquet.origin.json").unlink()
    before = (lab / "results/claims/weigh.yml").read_bytes()
    assert run(lab, "record", "weigh-gold") == 1
    assert "run the command again: kedro run --pipeline weigh" in capsys.readouterr().err
    assert (lab / "results/claims/weigh.yml").read_bytes() == before


def test_missing_outputs_and_unknown_claims_are_told(lab, capsys):
    (lab / "data/08_reporting/base/shop/crowns_table.parquet").unlink()
    assert run(lab, "record", "weigh-gold") == 1
    assert "Expected the output of a run. Received: no " in capsys.readouterr().err
    assert run(lab, "record", "weigh-silver") == 1
    assert "Expected a claim out of weigh-gold. Received: weigh-silver" in capsys.readouterr().err


def test_the_pages_show_the_claim(lab):
    (lab / "README.md").write_text("before\n<!-- claims:headlines -->\n<!-- /claims -->\nafter\n")
    assert [run(lab, *command) for command in (["record", "weigh-gold"], ["page"], ["readme"])] == [
        0,
        0,
        0,
    ]
    text = (lab / "README.md").read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert (
        "| How many crowns are of gold? | crowns of gold: **90.00 %**, [82.56 to 94.48], n = 100 |"
        in text
    )
    page = (lab / "docs/claims.md").read_text("utf-8")
    assert 'id="weigh-gold"' in page
    assert "At least three of four crowns" in page
    assert (
        json.loads((lab / "docs/claims.json").read_text("utf-8"))["claims"][0]["our_number"] == 0.9
    )


def test_the_report_shows_the_claims_of_an_experiment(lab):
    (before,) = summarize_claims(lab / "results")["weigh"]
    assert (before.ours, before.verdict, before.recorded) == ("", "not measured", False)
    run(lab, "record", "weigh-gold")
    (after,) = summarize_claims(lab / "results")["weigh"]
    assert (after.ours, after.interval, after.n) == ("90.00 %", "82.56 to 94.48", "100")
    assert (after.theirs, after.source) == ("≥ 75.00 %", "Archimedes: book 1, proposition 7")
    assert summarize_claims(lab / "nothing") == {}
