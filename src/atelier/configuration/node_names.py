"""Names of nodes and namespaces on the command line, without the pipeline that they begin with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kedro.pipeline import Pipeline

NODE_OPTIONS = ("node_names", "from_nodes", "to_nodes")


def complete_names(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Returns names with the pipeline before them where it was left out.

    Args:
        names: As ``digits.evaluate`` or ``train.digits.evaluate``; one that is not known stays.
        known: The whole names.

    Examples:
        >>> complete_names(["digits"], ["ingest.digits", "train.digits", "train.characters"])
        ['ingest.digits', 'train.digits']
    """
    whole = dict.fromkeys(known)
    completed = {
        name: [name] if name in whole else [item for item in whole if item.endswith(f".{name}")]
        for name in names
    }
    return list(
        dict.fromkeys(item for name, items in completed.items() for item in items or [name])
    )


def complete_options(
    options: Mapping[str, Any], pipelines: Mapping[str, Pipeline]
) -> dict[str, Any]:
    """Returns the options of ``kedro run`` with whole names of nodes and namespaces.

    Args:
        options: By Kedro's names; ``pipeline`` and ``pipelines`` select where names are looked up.
        pipelines: The registered pipelines by name.
    """
    asked: Sequence[str] = options.get("pipelines") or [options.get("pipeline") or "__default__"]
    nodes = [node for name in asked if name in pipelines for node in pipelines[name].nodes]
    known = {option: [node.name for node in nodes] for option in NODE_OPTIONS}
    known["namespaces"] = [node.namespace for node in nodes if node.namespace]
    return {
        name: complete_names(value, known[name]) if name in known and value else value
        for name, value in options.items()
    }
