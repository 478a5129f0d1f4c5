"""The first table of README: a headline of each experiment."""

import re
from collections.abc import Sequence

from atelier.report.claims.model import Claim, Ledger
from atelier.report.claims.records import claim_interval_text, number_text

BEGIN = "<!-- claims:headlines -->"
END = "<!-- /claims -->"
NOT_RECORDED = "†"


def with_headlines(text: str, ledgers: Sequence[Ledger]) -> str:
    """Returns a text with the table between its two markers.

    Args:
        text: README.
        ledgers: The claims of all experiments.

    Raises:
        ValueError: If the text lacks a marker or has one twice.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(
            f"Expected one {BEGIN} and one {END} in README.md. Received: none or several"
        )
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n{headlines(ledgers)}\n{END}", text)


def headlines(ledgers: Sequence[Ledger]) -> str:
    """Returns the table in Markdown: question, number with interval and n, link to the page."""
    rows = [
        f"| {ledger.question} | {_headline(ledger)} | "
        f"[{ledger.experiment}](docs/experiments/{ledger.experiment}.md) |"
        for ledger in ledgers
    ]
    quoted = any(_is_quoted(ledger.headline_claim) for ledger in ledgers)
    note = (
        f"\n\n{NOT_RECORDED} Not recorded from a run's outputs; see [the ledger](docs/claims.md)."
    )
    return "\n".join(
        ["| question | number, 95 % interval, n | experiment |", "|---|---|---|", *rows]
    ) + (note if quoted else "")


def _headline(ledger: Ledger) -> str:
    claim = ledger.headline_claim
    result = claim.result
    if result is None:
        return f"{ledger.label}: not measured yet"
    interval = claim_interval_text(result, claim)
    parts = [
        f"**{number_text(result.number, claim)}**{NOT_RECORDED if _is_quoted(claim) else ''}",
        f"[{interval}]" if interval else "",
        f"n = {result.n:,}" if result.n else "",
    ]
    return f"{ledger.label}: {', '.join(filter(None, parts))}"


def _is_quoted(claim: Claim) -> bool:
    return claim.result is not None and not claim.result.recorded
