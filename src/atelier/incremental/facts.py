"""Everything that decides the outputs of a node, as texts by name."""

from __future__ import annotations

from pydantic import BaseModel

from atelier.incremental.canonical import canonical_text
from atelier.storage.digests import bytes_digest


class Facts(BaseModel, frozen=True, extra="forbid"):
    """What decides the outputs of a node.

    Attributes:
        code: Digests of the reached code by module.
        arguments: Values that are bound to the function, by name.
        parameters: Values by dotted name.
        inputs: Digests of the contents of input datasets by name.
        files: Digests of files and folders that parameters name; by their paths.
        settings: Digests of the descriptions of datasets in the catalog, by the datasets' names.
        names: The datasets that the node reads and writes, in the order of its arguments.
        libraries: Versions of libraries by the names under which they are imported.
        environment: What the project tells of the machine and the session, by name.
    """

    code: dict[str, str] = {}
    arguments: dict[str, str] = {}
    parameters: dict[str, str] = {}
    inputs: dict[str, str] = {}
    files: dict[str, str] = {}
    settings: dict[str, str] = {}
    names: dict[str, str] = {}
    libraries: dict[str, str] = {}
    environment: dict[str, str] = {}

    @property
    def code_digest(self) -> str:
        """One text for the reached code."""
        return bytes_digest(canonical_text(self.code).encode())

    @property
    def digest(self) -> str:
        """One text for all facts."""
        return bytes_digest(canonical_text(self).encode())
