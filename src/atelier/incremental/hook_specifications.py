"""Hooks by which the runner tells the rest of a project what it decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kedro.framework.hooks.markers import hook_spec
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from pluggy import PluginManager


class IncrementalSpecifications:
    """The hooks of a run that leaves out unchanged nodes; a project writes them like Kedro's."""

    @hook_spec
    def before_steps(self, seconds: Mapping[str, float]) -> None:
        """Is called before the first node of a run.

        Args:
            seconds: How long nodes ran when they ran last, by their names; nodes without a record
                are left out.
        """

    @hook_spec
    def after_node_skipped(self, node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
        """Is called for a node that is left out, in the place of the hooks around its run.

        Args:
            node: The node.
            catalog: The datasets of the session.
        """

    @hook_spec
    def before_node_rerun(self, node: Node, reasons: Sequence[str], code: str) -> None:
        """Is called before a node runs.

        Args:
            node: The node.
            reasons: Why it runs, one sentence each.
            code: Digest of the code that it reaches, comments and docstrings left out.
        """

    @hook_spec
    def before_helper_node(self, node: Node) -> None:
        """Is called in the command's process, in a thread, when the second process begins a node.

        Args:
            node: The node.
        """

    @hook_spec
    def after_helper_node(self, node: Node, reasons: Sequence[str]) -> None:
        """Is called likewise when the second process has run a node or has left it out.

        Args:
            node: The node.
            reasons: Why it ran; none where it is unchanged.
        """

    @hook_spec
    def on_helper_message(self, message: Any) -> None:
        """Gets what a hook in the second process has told by ``tell_command``, in a thread.

        Args:
            message: Anything.
        """

    @hook_spec
    def on_helper_error(self, error: BaseException, node: Node | None) -> None:
        """Is called in the run's own thread where the second process has failed.

        Args:
            error: Its error, which ends the run.
            node: The node that failed there; None where it was between nodes.
        """

    @hook_spec
    def on_run_interrupted(
        self, error: BaseException, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Is called where Ctrl-C or an exit ends the run, of which Kedro tells no hook.

        Args:
            error: ``KeyboardInterrupt`` or ``SystemExit``.
            pipeline: The nodes of the run.
            catalog: The datasets of the session.
        """


def add_hooks(manager: Any) -> None:
    """Adds the hooks to a plugin manager that does not have them.

    Args:
        manager: Kedro's plugin manager; its stand-in for a run without hooks is left as it is.
    """
    if isinstance(manager, PluginManager):
        caller = getattr(manager.hook, "after_node_skipped", None)
        if caller is None or not caller.has_spec():
            manager.add_hookspecs(IncrementalSpecifications)
