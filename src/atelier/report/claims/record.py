"""Records a claim's number from the outputs of a run."""

import datetime as dt
import platform
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from atelier.report.claims.measurement import Measurement, Number, measure, select
from atelier.report.claims.model import Claim, ClaimResult, Data, RowFacts
from atelier.report.claims.rows import Outputs, derived_rows, read_rows
from atelier.report.claims.verdict import Verdict, decide
from atelier.storage.digests import file_digest
from atelier.storage.origins import Origin, read_origin

ROWS = Path("results/rows")
"""Where the rows behind recorded numbers lie, a file for each claim."""
LIBRARIES = ("atelier", "numpy", "scipy", "tensorflow", "keras", "jax")
DIGITS = 10
"""Significant digits of a recorded number."""


def record_claim(claim: Claim, outputs: Outputs) -> Claim:
    """Returns the claim with the number of the last run; writes the rows behind it.

    Args:
        claim: What to measure.
        outputs: The outputs of the environment that the run had.

    Returns:
        The claim with its result.

    Raises:
        ValueError: If the claim names no outputs, or nothing tells which run wrote them.
        FileNotFoundError: If there are no such outputs.
    """
    measurement = claim.measurement
    if measurement is None:
        raise ValueError(
            f"Expected a measurement in {claim.id}. Received: none; add one to its file"
        )
    path = outputs.path(measurement.of)
    rows = read_rows(path)
    number = measure(measurement, derived_rows(measurement, rows))
    facts, seeds = _facts(claim, path, outputs)
    kept = path if claim.facts else _keep_rows(claim.id, measurement, rows, outputs.root)
    used = select(rows, measurement.where) if measurement.derive is None else rows
    result = ClaimResult(
        recorded=True,
        number=_rounded(number.value),
        low=None if number.low is None else _rounded(number.low),
        high=None if number.high is None else _rounded(number.high),
        n=number.n,
        seeds=tuple(sorted({int(seed) for seed in used["seed"]})) if "seed" in used else seeds,
        verdict=verdict_of(claim, number, facts.environment),
        environment=facts.environment,
        data=_data(claim, path, outputs),
        hardware=facts.hardware,
        versions=facts.versions,
        date=facts.date,
        rows=kept.relative_to(outputs.root).as_posix(),
    )
    return claim.model_copy(update={"result": result})


def verdict_of(claim: Claim, number: Number, environment: str) -> Verdict:
    """Returns the verdict on a claim.

    Args:
        claim: What the source says.
        number: Our number.
        environment: Where it was measured.

    Returns:
        The verdict by the rule of :mod:`atelier.report.claims.verdict`.
    """
    return decide(
        claim.kind,
        number.value,
        low=number.low,
        high=number.high,
        n=number.n,
        theirs=claim.theirs,
        tolerance=claim.tolerance,
        comparable=environment in claim.environments,
    )


def recompute(claim: Claim, root: Path) -> Number:
    """Returns the number that the rows in the project give.

    Args:
        claim: A claim whose result names its rows.
        root: The project's folder.

    Raises:
        ValueError: If the claim has no measurement or no rows.
    """
    if claim.measurement is None or claim.result is None or claim.result.rows is None:
        raise ValueError(f"Expected rows behind {claim.id}. Received: none")
    rows = read_rows(root / claim.result.rows)
    number = measure(claim.measurement, derived_rows(claim.measurement, rows))
    low, high = (None if limit is None else _rounded(limit) for limit in (number.low, number.high))
    return Number(_rounded(number.value), low, high, number.n)


def this_hardware() -> str:
    """Returns the processor of this machine and its number of cores."""
    from os import cpu_count

    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        lines = information.read_text("utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        name = models[0] if models else name
    return f"{name}, {cpu_count()} cores, no GPU"


def _facts(claim: Claim, path: Path, outputs: Outputs) -> tuple[RowFacts, tuple[int, ...]]:
    if claim.facts:
        return claim.facts, ()
    origin = read_origin(path)
    if origin is None:
        raise ValueError(
            f"Expected a record of the run that wrote {path.name}. Received: none; "
            f"run the command again: {claim.command}"
        )
    versions = {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
    facts = RowFacts(
        environment=outputs.env,
        hardware=this_hardware(),
        versions=versions,
        date=dt.datetime.fromisoformat(origin.writer.began).date(),
    )
    return facts, _seeds(origin)


def _seeds(origin: Origin) -> tuple[int, ...]:
    """Returns the seeds among the parameters that made a file."""
    seeds = {
        int(text)
        for name, texts in origin.parameters.items()
        if name.rpartition(".")[2] == "seed"
        for text in texts
        if text.isdigit()
    }
    return tuple(sorted(seeds))


def _data(claim: Claim, path: Path, outputs: Outputs) -> tuple[Data, ...]:
    provenance = outputs.provenance(claim.namespace) if claim.namespace else {}
    digest = provenance.get("digest")
    if digest is None and claim.facts and path.is_file():
        digest = file_digest(path)
    return (Data(name=claim.data, digest=digest),)


def _keep_rows(claim_id: str, measurement: Measurement, rows: pd.DataFrame, root: Path) -> Path:
    """Writes the columns and rows that a measurement uses, and returns the file."""
    selected = select(rows, measurement.where)
    named = _columns(measurement.model_dump())
    selected = selected[[column for column in selected if column in named]].reset_index(drop=True)
    path = root / ROWS / f"{claim_id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    selected.to_parquet(path, index=False)
    return path


def _columns(content: object) -> set[str]:
    """Returns all texts in a measurement, keys included; columns are among them."""
    if isinstance(content, dict):
        return set(content) | set().union(*map(_columns, content.values()))
    if isinstance(content, (list, tuple)):
        return set().union(*map(_columns, content))
    return {content} if isinstance(content, str) else set()


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
