"""What would run, if every node that runs changes its outputs."""

from __future__ import annotations

from collections.abc import Iterable

from atelier.incremental.inspections import Finding, Inspections, file_name
from atelier.incremental.steps import Step

UNKNOWN_SECONDS = 3.0
"""Assumed of a node that has no record."""


def forecast(inspections: Inspections, steps: Iterable[Step]) -> list[Finding]:
    """Returns what is found about the nodes that would run.

    Args:
        inspections: Compares nodes with their records.
        steps: The steps to look at, in an order in which they can run.
    """
    made_anew: set[str] = set()
    findings = []
    for step in steps:
        for finding in inspections.inspect(step, made_anew):
            if finding.reasons:
                findings.append(finding)
                made_anew |= set(map(file_name, finding.node.outputs))
    return findings


def expected_seconds(findings: Iterable[Finding]) -> float:
    """Returns how long nodes will run together, as their records say or by an assumption."""
    records = [finding.record for finding in findings]
    return sum(
        UNKNOWN_SECONDS if record is None or record.seconds is None else record.seconds
        for record in records
    )
