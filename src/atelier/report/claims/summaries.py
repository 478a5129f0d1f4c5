"""The claims of an experiment, as the report shows them."""

from collections.abc import Mapping
from pathlib import Path

from atelier.report.claims.ledger import CLAIMS, WORKS, read_ledgers, read_works
from atelier.report.claims.model import Claim, Work
from atelier.report.claims.records import claim_interval_text, number_text, theirs_text
from atelier.report.results import ClaimSummary


def summarize_claims(results: Path) -> dict[str, list[ClaimSummary]]:
    """Returns the claims that each experiment tests; none where there is no ledger.

    Args:
        results: The project's folder of results.
    """
    ledgers = read_ledgers(results / CLAIMS.name)
    works = read_works(results / WORKS.name) if ledgers else {}
    return {item.experiment: [_tested(claim, works) for claim in item.claims] for item in ledgers}


def _tested(claim: Claim, works: Mapping[str, Work]) -> ClaimSummary:
    result = claim.result
    return ClaimSummary(
        claim=claim.claim,
        source=f"{works[claim.source.work].short}: {claim.source.place}",
        theirs=theirs_text(claim),
        ours=number_text(result.number, claim) if result else "",
        interval=claim_interval_text(result, claim) if result else "",
        n=f"{result.n:,}" if result and result.n else "",
        environment=result.environment if result else "",
        recorded=bool(result and result.recorded),
        verdict=result.verdict if result else "not measured",
    )
