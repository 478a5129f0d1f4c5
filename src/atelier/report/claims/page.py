"""The page of the site about all claims, in Markdown with tables in HTML."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from atelier.report.claims.model import Claim, ClaimResult, Ledger, Work
from atelier.report.claims.records import (
    claim_interval_text,
    count_recorded,
    number_text,
    theirs_text,
)
from atelier.report.claims.verdict import RULE, Verdict

NOT_MEASURED = "not measured"
"""Stands for the verdict on a claim without a number."""


@dataclass(frozen=True)
class ClaimRow:
    """What the page shows of a claim, as texts and as values to sort by."""

    experiment: str
    claim: Claim
    work: Work
    theirs: str
    ours: str
    interval: str
    n_text: str
    verdict: str
    status: str
    value: str
    low: str
    n: str
    facts: list[tuple[str, str]]


def claims_page(ledgers: Sequence[Ledger], works: Mapping[str, Work]) -> str:
    """Returns the page.

    Args:
        ledgers: The claims of all experiments.
        works: The works that they name.
    """
    from atelier.report.page import templates

    claims = [claim for ledger in ledgers for claim in ledger.claims]
    template = templates("atelier.report.claims").get_template("page.md.j2")
    _, quoted, _ = count_recorded(claims)
    text = template.render(
        claims=claims,
        quoted=quoted,
        summary=list(_summary(claims)),
        rows=[claim_row(ledger, claim, works) for ledger in ledgers for claim in ledger.claims],
        rule=_Text(RULE),
    )
    return f"{text.rstrip()}\n"


class _Text(str):
    """Markdown, which the template does not escape."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def claim_row(ledger: Ledger, claim: Claim, works: Mapping[str, Work]) -> ClaimRow:
    """Returns the row of a claim.

    Args:
        ledger: The experiment that tests it.
        claim: The claim.
        works: The works that claims name.

    Returns:
        What the page shows of the claim.
    """
    result = claim.result
    return ClaimRow(
        experiment=ledger.experiment,
        claim=claim,
        work=works[claim.source.work],
        theirs=theirs_text(claim),
        ours=number_text(result.number, claim) if result else "",
        interval=claim_interval_text(result, claim) if result else "",
        n_text=f"{result.n:,}" if result and result.n else "",
        verdict=result.verdict if result else NOT_MEASURED,
        status="recorded" if result and result.recorded else "not recorded",
        value=str(result.number) if result else "",
        low=str(result.low) if result and result.low is not None else "",
        n=str(result.n) if result and result.n else "",
        facts=list(_facts(claim, result)) if result else [],
    )


def _summary(claims: Sequence[Claim]) -> Iterator[tuple[str, int, int]]:
    """Yields for each verdict how many claims have it, and how many of these are recorded."""
    verdicts = [claim.result.verdict if claim.result else NOT_MEASURED for claim in claims]
    recorded = Counter(
        claim.result.verdict for claim in claims if claim.result and claim.result.recorded
    )
    counts = Counter(verdicts)
    for verdict in (*get_args(Verdict), NOT_MEASURED):
        if counts[verdict]:
            yield verdict, counts[verdict], recorded[verdict]


def _facts(claim: Claim, result: ClaimResult) -> Iterator[tuple[str, str]]:
    yield "id", claim.id
    if result.origin:
        yield "origin", result.origin
    yield "environment", result.environment
    for data in result.data:
        yield "data", f"{data.name}{f', SHA-256 {data.digest}' if data.digest else ''}"
    if result.seeds:
        yield "seeds", ", ".join(map(str, result.seeds))
    yield "hardware", result.hardware
    if result.versions:
        yield "versions", ", ".join(f"{name} {text}" for name, text in result.versions.items())
    if result.date:
        yield "date", result.date.isoformat()
    if result.rows:
        yield "rows", result.rows
