"""Names of the runs of experiments: what is special about a run stands behind the experiment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from atelier.configuration.command_line import dotted_parameters
from atelier.configuration.loader import requested_in
from atelier.configuration.names import SHORT, arrange_parameters, merge_trees
from atelier.configuration.redaction import redact

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

    from atelier.configuration.loader import ProjectConfigLoader

MAX_LENGTH = 24
"""Longer parameters are no part of a run's name."""
MAX_COUNT = 3
"""How many parameters a run's name has; further ones are left out."""
PARAMETERS = "params:"


class ChangedParameters:
    """The parameters that a command changes, and which of them each node uses.

    Args:
        parameters: Those of the command, as Kedro's hooks get them.
        loader: Has read ``conf/``, whose files name the short parameters that they use.
    """

    def __init__(self, parameters: Mapping[str, Any], loader: ProjectConfigLoader) -> None:
        self._values = dotted_parameters(arrange_parameters(parameters))
        self._groups = _highest_first(loader, "parameters")
        self._datasets = _highest_first(loader, "catalog")

    def run_name(self, experiment: str, nodes: Iterable[Node]) -> str:
        """Returns the name of an experiment's run: ``train · digits · seed 3``.

        Args:
            experiment: The experiment's name.
            nodes: Its nodes.
        """
        values = {
            name: value
            for name, value in self.used_by(nodes).items()
            if redact(value, name) == value
        }
        return " · ".join([experiment, *describe_values(values)])

    def used_by(self, nodes: Iterable[Node]) -> dict[str, Any]:
        """Returns the changed parameters that reach nodes or the datasets that these load.

        Args:
            nodes: The nodes of an experiment.
        """
        inputs = dict.fromkeys(name for node in nodes for name in node.inputs)
        groups = [name.removeprefix(PARAMETERS) for name in inputs if name.startswith(PARAMETERS)]
        requested = set().union(*(self._requested_by(name) for name in inputs))
        return {
            name: value
            for name, value in self._values.items()
            if name in requested or any(f"{name}.".startswith(f"{group}.") for group in groups)
        }

    def _requested_by(self, dataset: str) -> set[str]:
        """Returns the short names to which ``conf/`` refers in a group or in a dataset."""
        if not dataset.startswith(PARAMETERS):
            return requested_in(self._datasets.get(dataset))
        content: Any = self._groups
        for name in dataset.removeprefix(PARAMETERS).split("."):
            content = content.get(name) if isinstance(content, Mapping) else None
        return requested_in(content)


def describe_values(values: Mapping[str, Any]) -> list[str]:
    """Returns values as short texts; long ones and those after the third are left out.

    Args:
        values: By dotted names, of which the last part is shown, or two where that is not unique.

    Examples:
        >>> describe_values({"short.seed": 3, "digits.training.optimizer": "sgd"})
        ['seed 3', 'optimizer sgd']
        >>> describe_values({"digits.training.seed": 3, "digits.shift.seed": 4})
        ['training.seed 3', 'shift.seed 4']
    """
    last = Counter(name.rsplit(".", 1)[-1] for name in values)
    texts = []
    for name, value in values.items():
        *groups, leaf = name.removeprefix(f"{SHORT}.").split(".")
        shown = leaf if last[leaf] == 1 else ".".join([*groups[-1:], leaf])
        texts.append(f"{shown} {value}")
    return [text for text in texts if len(text) <= MAX_LENGTH][:MAX_COUNT]


def _highest_first(loader: ProjectConfigLoader, key: str) -> dict[str, Any]:
    """Returns the unresolved content of all folders; that of the environment lies over base."""
    return merge_trees(*reversed(loader.raw_files(key).values()))
