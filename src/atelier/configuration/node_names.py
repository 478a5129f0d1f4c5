"""Names of nodes and namespaces on the command line, with a part of them left out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kedro.pipeline import Pipeline

NODE_OPTIONS = ("node_names", "from_nodes", "to_nodes")


def complete_names(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Returns whole names where the pipeline before them, or what lies between, was left out.

    Args:
        names: As ``digits.evaluate``, ``train.evaluate`` (in every namespace, as Kedro-Viz shows
            it) or ``train.digits.evaluate``; one that is not known stays.
        known: The whole names.

    Examples:
        >>> complete_names(["digits"], ["ingest.digits", "train.digits", "train.characters"])
        ['ingest.digits', 'train.digits']
    """
    whole = dict.fromkeys(known)
    completed = {
        name: [name] if name in whole else [item for item in whole if _is_short(name, item)]
        for name in names
    }
    return list(
        dict.fromkeys(item for name, items in completed.items() for item in items or [name])
    )


def _is_short(name: str, whole: str) -> bool:
    parts = whole.split(".")
    return whole.endswith(f".{name}") or name == f"{parts[0]}.{parts[-1]}"


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
