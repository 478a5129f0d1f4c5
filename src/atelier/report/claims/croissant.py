"""Descriptions of data sets in Croissant: the tables of results, and the published images."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from atelier.data.sources import DATA_SETS, DataSet
from atelier.storage.digests import file_digest

if TYPE_CHECKING:
    import mlcroissant

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
PUBLISHED = ("mnist", "emnist")
"""The published data sets behind the claims whose archives have addresses and hashes."""
LICENCES = {
    "CC BY-SA 3.0": "https://creativecommons.org/licenses/by-sa/3.0/",
    "MIT": "https://spdx.org/licenses/MIT.html",
}
"""Addresses of licences; others are given in words."""


def tables_description(root: Path, tables: Sequence[Path], *, version: str, date: dt.date) -> str:
    """Returns the description of tables of results, as JSON-LD.

    Args:
        root: The folder that the paths in the description are relative to.
        tables: Parquet files below it.
        version: Of the project.
        date: Of the publication.

    Returns:
        A file object and a record set for each table, a field for each of its columns.
    """
    croissant = _library()
    names = {path: path.relative_to(root).with_suffix("").as_posix() for path in tables}
    return _text(
        croissant.Metadata(
            name="atelier-results",
            description="Rows behind the numbers of atelier's ledger of claims.",
            url="https://spdx.org/licenses/MIT.html",
            conforms_to=[CONFORMS_TO],
            version=version,
            date_published=dt.datetime.combine(date, dt.time()),
            license=[LICENCES["MIT"]],
            creators=[croissant.Organization(name="The atelier founders")],
            cite_as="The atelier founders: atelier, results and claims",
            distribution=[_table_file(root, path) for path in tables],
            record_sets=[_record_set(root, path, name) for path, name in names.items()],
        )
    )


def published_description(name: str) -> str:
    """Returns the description of a published data set by its official archives, as JSON-LD.

    Args:
        name: Of :data:`atelier.data.sources.DATA_SETS`.
    """
    croissant, data = _library(), DATA_SETS[name]
    return _text(
        croissant.Metadata(
            name=name,
            description=f"{data.title}, as atelier downloads and checks it.",
            url=data.addresses[0],
            conforms_to=[CONFORMS_TO],
            license=[LICENCES.get(data.licence, data.licence)],
            cite_as=data.citation,
            creators=[croissant.Organization(name=data.citation.partition(",")[0])],
            date_published=dt.datetime(int(_year(data.citation)), 1, 1),  # noqa: DTZ001
            version="1.0.0",
            distribution=[_archive(data, index) for index in range(len(data.files))],
        )
    )


def _library() -> Any:
    try:
        import mlcroissant
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Expected the library mlcroissant, which only the export needs. "
            "Received: it is not installed; make .venv/.ready, or pip install mlcroissant"
        ) from error
    return mlcroissant


def _text(metadata: mlcroissant.Metadata) -> str:
    content: Mapping[str, Any] = metadata.to_json()
    return json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"


def _archive(data: DataSet, index: int) -> mlcroissant.FileObject:
    file = data.files[index]
    algorithm, _, digest = file.digest.partition(":")
    return _library().FileObject(
        id=file.name,
        name=file.name,
        content_url=f"{data.addresses[0]}{file.name}",
        content_size=f"{file.size} B",
        encoding_formats=["application/zip" if file.name.endswith("zip") else "application/gzip"],
        **{algorithm: digest},
    )


def _table_file(root: Path, path: Path) -> mlcroissant.FileObject:
    name = path.relative_to(root).as_posix()
    return _library().FileObject(
        id=name,
        name=name,
        content_url=name,
        content_size=f"{path.stat().st_size} B",
        encoding_formats=["application/x-parquet"],
        sha256=file_digest(path),
    )


def _record_set(root: Path, path: Path, name: str) -> mlcroissant.RecordSet:
    croissant, columns = _library(), pq.read_schema(path)
    file = path.relative_to(root).as_posix()
    fields = [
        croissant.Field(
            id=f"{name}/{column.name}",
            name=column.name,
            data_types=[_type_of(column.type)],
            source=croissant.Source(
                file_object=file, extract=croissant.Extract(column=column.name)
            ),
        )
        for column in columns
        if not pa.types.is_binary(column.type)
    ]
    return croissant.RecordSet(id=name, name=name, fields=fields)


def _type_of(column: pa.DataType) -> Any:
    types = _library().DataType
    if pa.types.is_boolean(column):
        return types.BOOL
    if pa.types.is_integer(column):
        return types.INTEGER
    return types.FLOAT if pa.types.is_floating(column) else types.TEXT


def _year(citation: str) -> str:
    """Returns the year in a citation."""
    return next(word.strip(",") for word in citation.split() if word.strip(",").isdigit())
