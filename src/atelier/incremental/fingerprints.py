"""The facts of a node that are known before the first node of a run has run."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from atelier.incremental.canonical import CanonicalTextError, canonical_text
from atelier.incremental.code_cache import CodeCache
from atelier.incremental.configuration import Configuration
from atelier.incremental.dataset_files import is_stored
from atelier.incremental.dataset_settings import dataset_parts, settings_digest
from atelier.incremental.declarations import declared_reads
from atelier.incremental.facts import Facts
from atelier.incremental.functions import FunctionContent, function_content
from atelier.incremental.libraries import library_versions, python_version
from atelier.incremental.links import CodePart
from atelier.incremental.parameters import is_parameter, parameter_texts
from atelier.incremental.reachable import Reached
from atelier.incremental.source_tree import SourceTree, is_installed, is_project_package

CODE_CACHE = Path("cache", "code.json")
"""Below the folder of records: the code that nodes reach, until a source file changes."""


@dataclass(frozen=True)
class Fingerprint:
    """What is known of a node before the run.

    Attributes:
        facts: All facts but the contents of inputs and files.
        inputs: The datasets that it reads, without parameters.
        files: The files and folders that it declares to read.
        problems: Why the facts do not tell everything, so that the node always runs.
    """

    facts: Facts
    inputs: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    problems: list[str] = field(default_factory=list)


class Fingerprints:
    """Finds the facts of the nodes of a run.

    The code of all nodes is read at once, so that edits during the run count for the next one.

    Args:
        configuration: What the project tells about itself.
        pipeline: The nodes of the run.
        catalog: The datasets of the run.
    """

    def __init__(
        self,
        configuration: Configuration,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        self._configuration, self._catalog = configuration, catalog
        self._contents = {node: function_content(node.func) for node in pipeline.nodes}
        self._parts = {node: self._parts_of(node) for node in pipeline.nodes}
        everything = set().union(*self._parts.values())
        tree = SourceTree(configuration.packages or project_packages(everything))
        self._tree = tree
        self._cache = CodeCache(tree, configuration.records / CODE_CACHE)
        self._version = functools.cache(lambda name: library_versions([name])[name])
        self._settings = functools.cache(self._settings_of)
        self._fingerprints = {node: self._find(node) for node in pipeline.nodes}

    def of(self, node: Node) -> Fingerprint:
        """Returns what is known of a node."""
        return self._fingerprints[node]

    def save_code(self) -> None:
        """Stores what the nodes reach, so that the next run need not follow it again."""
        self._cache.save()

    def _find(self, node: Node) -> Fingerprint:
        problems = self._unreadable(node)
        content, reached = self._contents[node], self._reached(node)
        inputs = self._inputs_of(node)
        names = list(filter(is_parameter, node.inputs))
        parameters = {name: self._catalog[name].load() for name in names}  # without messages
        facts = Facts(
            code=reached.code,
            arguments=_texts(content, problems),
            parameters=self._parameter_texts(parameters, problems),
            settings=self._settings_digests([*inputs, *node.outputs], problems),
            names=_names(node),
            libraries={name: self._version(name) for name in sorted(reached.libraries)},
            environment={"Python": python_version(), **self._configuration.environment},
        )
        files = declared_reads(node, parameters)
        return Fingerprint(facts, inputs, tuple(files), problems)

    def _inputs_of(self, node: Node) -> tuple[str, ...]:
        hidden = self._configuration.hidden_inputs(node)
        names = [name for name in (*node.inputs, *hidden) if not is_parameter(name)]
        return tuple(dict.fromkeys(names))

    def _parts_of(self, node: Node) -> frozenset[CodePart]:
        """Returns the code of a node's function and of its datasets."""
        outputs = (*node.outputs, *self._configuration.hidden_outputs(node))
        datasets = [self._catalog.get(name) for name in (*self._inputs_of(node), *outputs)]
        return frozenset(self._contents[node].parts.union(*map(dataset_parts, datasets)))

    def _reached(self, node: Node) -> Reached:
        parts = frozenset(part for part in self._parts[node] if self._tree.owns(part.module))
        reached = self._cache.reach(parts)
        installed = {part.module.split(".")[0] for part in self._parts[node] - parts}
        libraries = reached.libraries | (installed - sys.stdlib_module_names)
        return Reached(reached.code, libraries)

    def _unreadable(self, node: Node) -> list[str]:
        """Returns a problem for each piece of code that has no source file."""
        modules = {part.module for part in self._contents[node].parts}
        missing = [name for name in modules if not self._is_readable(name)]
        return [f"the code of {name} has no file" for name in sorted(missing)]

    def _is_readable(self, module: str) -> bool:
        """Returns whether a module has a source, or belongs to a library, which has a version."""
        if self._tree.owns(module):
            return self._tree.has_source(module)
        return is_installed(module.split(".", maxsplit=1)[0])

    def _parameter_texts(self, parameters: dict[str, Any], problems: list[str]) -> dict[str, str]:
        texts: dict[str, str] = {}
        for name, value in parameters.items():
            try:
                texts |= parameter_texts(name, value, self._configuration.is_secret)
            except CanonicalTextError as error:
                problems.append(f"{name}: {error}")
        return texts

    def _settings_digests(self, datasets: Iterable[str], problems: list[str]) -> dict[str, str]:
        digests = {}
        for name in datasets:
            if not is_stored(self._catalog.get(name)):
                continue
            try:
                digests[name] = self._settings(name)
            except CanonicalTextError as error:
                problems.append(f"settings of dataset {name}: {error}")
        return digests

    def _settings_of(self, dataset: str) -> str:
        return settings_digest(self._catalog.get(dataset), self._configuration.root)


def project_packages(parts: Iterable[CodePart]) -> set[str]:
    """Returns the packages of some code that were not installed, and are no part of Python."""
    return {
        name for name in {part.module.split(".")[0] for part in parts} if is_project_package(name)
    }


def _texts(content: FunctionContent, problems: list[str]) -> dict[str, str]:
    """Returns the values that are bound to a function, as texts."""
    texts = {}
    for name, value in content.values.items():
        try:
            texts[name] = canonical_text(value)
        except CanonicalTextError as error:
            problems.append(f"argument {name} of the function: {error}")
    return texts


def _names(node: Node) -> dict[str, str]:
    return {"inputs": canonical_text(node._inputs), "outputs": canonical_text(node._outputs)}
