"""Reads and writes the ledger: ``results/claims/*.yml`` and ``results/works.yml``."""

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from atelier.report.claims.model import Claim, Ledger, Work
from atelier.storage.atomic_write import write_atomically

CLAIMS = Path("results/claims")
WORKS = Path("results/works.yml")
ORDER = (
    "ingest",
    "train",
    "calibration",
    "gradients",
    "dropout",
    "maxout",
    "thresholding",
    "clustering",
    "segmentation",
    "sweep",
    "trainability",
    "style_transfer",
    "activation_maximization",
    "drift",
)
"""The experiments in the order of the tables; others follow by name."""
WIDTH = 100
_WORKS = TypeAdapter(dict[str, Work])


def read_ledgers(folder: Path) -> list[Ledger]:
    """Returns the claims of all experiments in the order of :data:`ORDER`.

    Args:
        folder: The folder of the files; without it there are no claims.

    Raises:
        ValueError: If a file is no ledger; the message names it.
    """
    ledgers = [_read(path) for path in sorted(folder.glob("*.yml"))]
    return sorted(ledgers, key=lambda item: _position(item.experiment))


def read_works(path: Path) -> dict[str, Work]:
    """Returns the works whose claims are tested, by their short names."""
    return _WORKS.validate_python(yaml.safe_load(path.read_text("utf-8")))


def find_claim(ledgers: Sequence[Ledger], claim_id: str) -> tuple[Ledger, Claim]:
    """Returns a claim and the experiment that tests it.

    Args:
        ledgers: All experiments.
        claim_id: The claim's name.

    Raises:
        KeyError: If there is no such claim. The message lists their names.
    """
    for ledger in ledgers:
        for claim in ledger.claims:
            if claim.id == claim_id:
                return ledger, claim
    names = ", ".join(claim.id for ledger in ledgers for claim in ledger.claims)
    raise KeyError(f"Expected a claim out of {names}. Received: {claim_id}")


def replace_claim(ledger: Ledger, claim: Claim) -> Ledger:
    """Returns the ledger with one claim replaced by the claim of the same name."""
    claims = tuple(claim if item.id == claim.id else item for item in ledger.claims)
    return ledger.model_copy(update={"claims": claims})


def write_ledger(folder: Path, ledger: Ledger) -> Path:
    """Writes the claims of an experiment, and returns the file."""
    path = folder / f"{ledger.experiment}.yml"
    write_atomically(path, ledger_text(ledger).encode())
    return path


def ledger_text(ledger: Ledger) -> str:
    """Returns the text of an experiment's file, in which defaults are left out."""
    content = ledger.model_dump(mode="json", exclude_defaults=True)
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=WIDTH))


def _position(experiment: str) -> tuple[int, str]:
    return (ORDER.index(experiment) if experiment in ORDER else len(ORDER), experiment)


def _read(path: Path) -> Ledger:
    try:
        ledger = Ledger.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"Expected claims in {path.name}. Received: {error}") from None
    if ledger.experiment != path.stem:
        raise ValueError(
            f"Expected claims of {path.stem} in {path.name}. Received: {ledger.experiment}"
        )
    return ledger
