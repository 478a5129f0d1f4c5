"""Whether a node must run, and what is recorded when it has run."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from atelier.incremental import reasons
from atelier.incremental.configuration import Configuration
from atelier.incremental.contents import Content, Contents
from atelier.incremental.dataset_files import is_stored
from atelier.incremental.declarations import declares_effects
from atelier.incremental.facts import Facts
from atelier.incremental.fingerprints import Fingerprints
from atelier.incremental.obstacles import obstacles, tells_content
from atelier.incremental.records import Record, Records
from atelier.incremental.steps import Step, steps_of

logger = logging.getLogger(__name__)
NOTHING = ""
"""The digest of an input that does not exist."""


@dataclass(frozen=True)
class Finding:
    """What was found out about a node.

    Attributes:
        node: The node.
        facts: All its facts.
        inputs: The contents of its stored inputs by name.
        files: The contents of the files that it declares to read, by path.
        outputs: The contents of its outputs, as far as they exist.
        record: Its record of the last run.
        reasons: Why it must run; none for a node that is unchanged.
    """

    node: Node
    facts: Facts
    inputs: dict[str, Content]
    files: dict[str, Content]
    outputs: dict[str, Content]
    record: Record | None
    reasons: tuple[str, ...] = ()

    def made_record(self, outputs: dict[str, Content], seconds: float | None) -> Record:
        """Returns the record of the node when it has made its outputs, in some seconds."""
        return Record(
            node=self.node.name,
            facts=self.facts,
            inputs=self.inputs,
            files=self.files,
            outputs=outputs,
            effects=declares_effects(self.node),
            seconds=seconds,
        )


class Inspections:
    """Compares nodes with their records.

    Args:
        configuration: What the project tells about itself.
        pipeline: The nodes of the run.
        catalog: The datasets of the run.
        force: Whether every node must run.
    """

    def __init__(
        self,
        configuration: Configuration,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        *,
        force: bool = False,
    ) -> None:
        self.records = Records(configuration.records)
        self._catalog, self._force, self._group = catalog, force, configuration.group
        self._contents = Contents()
        self._stored = {name: is_stored(catalog.get(name)) for name in pipeline.datasets()}
        self._fingerprints = Fingerprints(configuration, pipeline, catalog)
        self._obstacles = {
            node: tuple(obstacles(node, pipeline, catalog, configuration))
            for node in pipeline.nodes
        }
        self.steps = steps_of(pipeline, self._stored.__getitem__, configuration.rank)

    def prepare(self) -> None:
        """Removes what killed processes have left, and stores the code that the nodes reach."""
        self.records.clean()
        self._fingerprints.save_code()

    def inspect(self, step: Step, made_anew: Collection[str] = ()) -> list[Finding]:
        """Returns what is found about the nodes of a step; all have reasons, or none.

        Args:
            step: Nodes that must run together.
            made_anew: Datasets that are going to change, for a forecast.
        """
        in_memory: dict[str, str] = {}
        explained: set[str] = set()
        findings = []
        for node in step:
            finding = self._inspect(node, in_memory)
            finding = replace(finding, reasons=self._reasons(finding, made_anew, explained))
            findings.append(finding)
            memory = [name for name in node.outputs if not self._stored[name]]
            in_memory |= dict.fromkeys(memory, finding.facts.digest)
            if finding.reasons or explained & finding.facts.inputs.keys():
                explained |= set(memory)
        changed = [item.node.name for item in findings if item.reasons]
        joined = (reasons.joined_with(changed),) if changed else ()
        return [replace(item, reasons=item.reasons or joined) for item in findings]

    def group_of(self, step: Step) -> str | None:
        """Returns the group of a step; None where its nodes must run in the command's process.

        That is so for data in memory, which the caller of the run gets.
        """
        is_stored = all(self._stored[name] for node in step for name in node.outputs)
        return self._group(step[0]) if is_stored else None

    def recorded_seconds(self) -> dict[str, float]:
        """Returns how long nodes ran when they ran last, by their names, as far as recorded."""
        names = [node.name for step in self.steps for node in step]
        records = [record for name in names if (record := self.records.read(name))]
        return {item.node: item.seconds for item in records if item.seconds is not None}

    def refresh(self, finding: Finding) -> None:
        """Writes the record of an unchanged node again where files have new times."""
        seconds = finding.record.seconds if finding.record else None
        record = finding.made_record(finding.outputs, seconds)
        if record != finding.record:
            self.records.write(record)

    def record(self, finding: Finding, seconds: float) -> None:
        """Writes the record of a node that has run.

        There is none where an input has changed since the node was inspected, or an output does
        not exist: then it is not known what the outputs were made from.

        Args:
            finding: What was found before the node ran.
            seconds: How long it ran.
        """
        outputs = self._outputs(finding.node, {})
        missing = [name for name in finding.node.outputs if self._lacks(name, outputs)]
        if missing:
            logger.info("%s is not recorded: no %s", finding.node.name, ", ".join(missing))
        elif changed := self._changed_inputs(finding):
            logger.info(
                "%s is not recorded: %s changed while it ran",
                finding.node.name,
                ", ".join(changed),
            )
        else:
            self.records.write(finding.made_record(outputs, seconds))

    def _inspect(self, node: Node, in_memory: Mapping[str, str]) -> Finding:
        """Returns what is found about a node by itself, without reasons.

        Args:
            node: The node.
            in_memory: Digests of the facts behind data in memory, by the datasets' names.
        """
        record = self.records.read(node.name)
        fingerprint = self._fingerprints.of(node)
        before = record.inputs if record else {}
        stored = [name for name in fingerprint.inputs if name not in in_memory]
        inputs = self._read(stored, before)
        files = self._read_files(fingerprint.files, record.files if record else {})
        digests = dict.fromkeys(stored, NOTHING) | dict(in_memory)
        digests |= {name: content.digest for name, content in inputs.items()}
        absent = {str(path): NOTHING for path in fingerprint.files}
        facts = fingerprint.facts.model_copy(
            update={
                "inputs": {name: digests[name] for name in fingerprint.inputs},
                "files": absent | {name: content.digest for name, content in files.items()},
            }
        )
        outputs = self._outputs(node, record.outputs if record else {})
        return Finding(node, facts, inputs, files, outputs, record)

    def _reasons(
        self, finding: Finding, made_anew: Collection[str], explained: Collection[str]
    ) -> tuple[str, ...]:
        """Returns why a node must run.

        Args:
            finding: What was found about the node.
            made_anew: Datasets that are going to change.
            explained: Data in memory whose maker has reasons, which need not be repeated.
        """
        if self._force:
            return (reasons.FORCED,)
        anew = [name for name in finding.facts.inputs if file_name(name) in made_anew]
        sentences = [reasons.always(text) for text in self._lasting(finding, made_anew)]
        sentences += [reasons.input_made_anew(name) for name in anew]
        if finding.record is None:
            return (*sentences, reasons.NOT_RECORDED)
        without = {*anew, *explained}
        before = _without_inputs(finding.record.facts, without)
        sentences += reasons.differences(before, _without_inputs(finding.facts, without))
        return (*sentences, *self._output_reasons(finding, finding.record))

    def _lasting(self, finding: Finding, made_anew: Collection[str]) -> list[str]:
        """Returns what no record can tell about a node.

        Args:
            finding: What was found about the node.
            made_anew: Datasets that are going to change; they need not exist yet.
        """
        unknown = [
            f"input {name} has neither a local file nor a content digest"
            for name, digest in finding.facts.inputs.items()
            if digest == NOTHING
            and file_name(name) not in made_anew
            and not tells_content(self._catalog.get(name))
        ]
        problems = self._fingerprints.of(finding.node).problems
        return [*self._obstacles[finding.node], *problems, *unknown]

    def _output_reasons(self, finding: Finding, record: Record) -> list[str]:
        """Returns a reason for each output that is not what the node wrote."""
        sentences = []
        for name in finding.node.outputs:
            if self._lacks(name, finding.outputs):
                sentences.append(reasons.output_missing(name))
            elif name in record.outputs and record.outputs[name].digest != (
                finding.outputs[name].digest
            ):
                sentences.append(reasons.output_changed(name))
        return sentences

    def _lacks(self, name: str, outputs: Mapping[str, Content]) -> bool:
        """Returns whether an output that should exist does not."""
        return self._stored[name] and name not in outputs

    def _outputs(self, node: Node, recorded: Mapping[str, Content]) -> dict[str, Content]:
        return self._read([name for name in node.outputs if self._stored[name]], recorded)

    def _read(
        self, datasets: Collection[str], recorded: Mapping[str, Content]
    ) -> dict[str, Content]:
        """Returns the contents of the datasets that exist."""
        contents = {
            name: self._contents.of_dataset(self._catalog.get(name), recorded.get(name))
            for name in datasets
        }
        return {name: content for name, content in contents.items() if content is not None}

    def _read_files(
        self, files: Collection[Path], recorded: Mapping[str, Content]
    ) -> dict[str, Content]:
        """Returns the contents of the files and folders that exist, by path."""
        contents = {
            str(path): self._contents.of_path(path, recorded.get(str(path))) for path in files
        }
        return {name: content for name, content in contents.items() if content is not None}

    def _changed_inputs(self, finding: Finding) -> list[str]:
        """Returns the inputs and files that are no longer what they were at the inspection."""
        inputs = self._read(self._fingerprints.of(finding.node).inputs, finding.inputs)
        files = self._read_files(self._fingerprints.of(finding.node).files, finding.files)
        pairs = ((finding.inputs, inputs), (finding.files, files))
        return [
            name
            for before, after in pairs
            for name in before.keys() | after.keys()
            if _digest(before, name) != _digest(after, name)
        ]


def file_name(dataset: str) -> str:
    """Returns a dataset's name without ``@…``, which tells formats of one file apart."""
    return dataset.partition("@")[0]


def _digest(contents: Mapping[str, Content], name: str) -> str:
    return contents[name].digest if name in contents else NOTHING


def _without_inputs(facts: Facts, names: Collection[str]) -> Facts:
    """Returns facts without the contents of some inputs."""
    inputs = {name: digest for name, digest in facts.inputs.items() if name not in names}
    return facts.model_copy(update={"inputs": inputs})
