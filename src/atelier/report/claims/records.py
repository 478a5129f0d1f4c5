"""Claims as records for programs, and their numbers as texts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from atelier.report.claims.model import Claim, ClaimResult, Ledger, Work
from atelier.report.claims.verdict import RULE

ROUND = 100.0
COUNT_OF_PAIRS = "ordering"


def claim_records(ledgers: Sequence[Ledger], works: Mapping[str, Work]) -> list[dict[str, Any]]:
    """Returns a record for each claim, as ``claims.json`` has it.

    Args:
        ledgers: The claims of all experiments.
        works: The works that they name.
    """
    return [_record(ledger, claim, works) for ledger in ledgers for claim in ledger.claims]


def claims_json(ledgers: Sequence[Ledger], works: Mapping[str, Work]) -> str:
    """Returns the ledger as JSON: the rule of the verdicts, and a record for each claim.

    Args:
        ledgers: The claims of all experiments.
        works: The works that they name.
    """
    content = {"rule": RULE, "claims": claim_records(ledgers, works)}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _record(ledger: Ledger, claim: Claim, works: Mapping[str, Work]) -> dict[str, Any]:
    work = works[claim.source.work]
    result = claim.result
    ours = result.model_dump(mode="json") if result else {}
    return {
        "id": claim.id,
        "experiment": ledger.experiment,
        "source": {
            "work": work.short,
            "title": work.title,
            "place": claim.source.place,
            "address": work.address,
        },
        "claim": claim.claim,
        "kind": claim.kind,
        "their_number": claim.theirs,
        "our_number": ours.get("number"),
        "low": ours.get("low"),
        "high": ours.get("high"),
        "n": ours.get("n"),
        "seeds": ours.get("seeds", []),
        "verdict": ours.get("verdict"),
        "why": claim.why,
        "command": claim.command,
        "environment": ours.get("environment"),
        "data": ours.get("data", [{"name": claim.data, "digest": None}]),
        "hardware": ours.get("hardware"),
        "versions": ours.get("versions", {}),
        "date": ours.get("date"),
        "rows": ours.get("rows"),
        "recorded": ours.get("recorded", False),
        "origin": ours.get("origin"),
    }


def number_text(value: float | None, claim: Claim) -> str:
    """Returns a number with the decimals and the unit of its claim.

    Args:
        value: The number; None is an empty text.
        claim: Its decimals and its unit.
    """
    if value is None:
        return ""
    scaled = value * ROUND if claim.unit else value
    text = f"{scaled:,.{claim.digits}f}".replace("-", "−")
    if text.startswith("−") and not text.strip("−0."):
        text = text[1:]
    return f"{text} {claim.unit}".rstrip()


def theirs_text(claim: Claim) -> str:
    """Returns what the source states: a number, or the direction of a comparison."""
    words = {
        "at least": "≥ ",
        "at most": "≤ ",
        "equals": "",
    }
    if claim.kind in words:
        return words[claim.kind] + number_text(claim.theirs, claim)
    return {"above zero": "> 0", "below zero": "< 0"}.get(claim.kind, "all in order")


def claim_interval_text(result: ClaimResult, claim: Claim) -> str:
    """Returns the interval without the unit; empty where there is none, or where it is a point.

    Args:
        result: The limits.
        claim: Their decimals and their unit.
    """
    if result.low is None or result.high is None or result.low == result.high:
        return ""
    limits = (number_text(limit, claim) for limit in (result.low, result.high))
    return " to ".join(limit.removesuffix(f" {claim.unit}") for limit in limits)


def claim_line(claim: Claim) -> str:
    """Returns a claim's result in one line."""
    if claim.result is None:
        return f"{claim.id}: no number"
    interval = claim_interval_text(claim.result, claim)
    return (
        f"{claim.id}: {number_text(claim.result.number, claim)}"
        f"{f' [{interval}]' if interval else ''}, n = {claim.result.n or '-'}: "
        f"{claim.result.verdict}"
    )


def count_recorded(claims: Iterable[Claim]) -> tuple[int, int, int]:
    """Returns how many claims have a recorded number, a quoted number and no number."""
    results = [claim.result for claim in claims]
    recorded = sum(result is not None and result.recorded for result in results)
    missing = sum(result is None for result in results)
    return recorded, len(results) - recorded - missing, missing
