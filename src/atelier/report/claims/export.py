"""The ledger as an RO-Crate: claims, the rows behind them, and Croissant descriptions."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from atelier.report.claims import ledger, records
from atelier.report.claims.croissant import PUBLISHED, published_description, tables_description
from atelier.report.claims.model import Ledger, Work

TABLES = "croissant.json"
LICENCE = "https://spdx.org/licenses/MIT.html"


def export_ledger(root: Path, folder: Path) -> None:
    """Writes an RO-Crate 1.1 with the claims, their rows, and a Croissant file of each data set.

    Args:
        root: The project's folder.
        folder: A new or empty folder.

    Raises:
        FileExistsError: If the folder has files.
        ModuleNotFoundError: If a library of the export is not installed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(
            f"Expected a new or empty folder. Received: {folder}, which has files"
        )
    ledgers = ledger.read_ledgers(root / ledger.CLAIMS)
    works = ledger.read_works(root / ledger.WORKS)
    folder.mkdir(parents=True, exist_ok=True)
    tables = _copy_rows(root, folder, ledgers)
    (folder / "claims.json").write_text(records.claims_json(ledgers, works), "utf-8")
    published = _published(ledgers)
    description = tables_description(folder, tables, version=version("atelier"), date=published)
    (folder / TABLES).write_text(description, "utf-8")
    for name in PUBLISHED:
        (folder / f"croissant-{name}.json").write_text(published_description(name), "utf-8")
    _write_crate(folder, tables, works, published)


def row_files(root: Path, ledgers: Sequence[Ledger]) -> list[Path]:
    """Returns the parquet files behind the numbers, each once.

    Args:
        root: The project's folder.
        ledgers: The claims of all experiments.
    """
    results = [claim.result for item in ledgers for claim in item.claims]
    named = {root / result.rows for result in results if result and result.rows}
    files = [sorted(path.rglob("*.parquet")) if path.is_dir() else [path] for path in named]
    return sorted({path for group in files for path in group})


def _copy_rows(root: Path, folder: Path, ledgers: Sequence[Ledger]) -> list[Path]:
    copies = []
    for path in row_files(root, ledgers):
        copy = folder / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
        copies.append(copy)
    return copies


def _published(ledgers: Sequence[Ledger]) -> dt.date:
    """Returns the day of the newest recorded number."""
    results = [claim.result for item in ledgers for claim in item.claims]
    return max(result.date for result in results if result and result.date)


def _write_crate(
    folder: Path, tables: Sequence[Path], works: dict[str, Work], published: dt.date
) -> None:
    crate = _crate()
    crate.name = "atelier: claims of posts and papers, and what was measured"
    crate.description = "Numbers of replications with their intervals, the rows behind them."
    crate.license = LICENCE
    crate.datePublished = published.isoformat()
    descriptions = [TABLES, *(f"croissant-{name}.json" for name in PUBLISHED)]
    json_file = {"encodingFormat": "application/json"}
    crate.add_file(folder / "claims.json", properties={"name": "The ledger of claims"} | json_file)
    for name in descriptions:
        croissant = {"name": f"Croissant: {name}", "encodingFormat": "application/ld+json"}
        crate.add_file(folder / name, properties=croissant)
    for path in tables:
        name = path.relative_to(folder).as_posix()
        table = {"name": name, "encodingFormat": "application/vnd.apache.parquet"}
        crate.add_file(path, dest_path=name, properties=table)
    for name, work in works.items():
        _add_work(crate, name, work)
    crate.metadata.write(folder)


def _add_work(crate: Any, name: str, work: Work) -> None:
    from rocrate.model.contextentity import ContextEntity

    properties: dict[str, Any] = {
        "@type": "ScholarlyArticle"
        if work.kind in {"article", "conference-paper"}
        else "CreativeWork",
        "name": work.title,
        "author": ", ".join(work.authors),
    }
    if work.year:
        properties["datePublished"] = str(work.year)
    if work.address:
        properties["url"] = work.address
    entity = crate.add(ContextEntity(crate, f"#{name}", properties=properties))
    crate.root_dataset.append_to("citation", entity)


def _crate() -> Any:
    try:
        from rocrate.rocrate import ROCrate
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Expected the library rocrate, which only the export needs. "
            "Received: it is not installed; make .venv/.ready, or pip install rocrate"
        ) from error
    return ROCrate(version="1.1")
