"""Missing inputs stop a run before its first node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DatasetError

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline


class InputHooks:
    """Tells which pipeline to run first when an input is missing."""

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Stop before any node if something that no node of this run makes is not there.

        Raises:
            DatasetError: Names each missing dataset and the pipeline that makes it.
        """
        missing = [
            name
            for name in sorted(pipeline.inputs())
            if not name.startswith(("params:", "parameters")) and not catalog.exists(name)
        ]
        if missing:
            raise DatasetError("\n".join(map(_first_step, missing)))


def _first_step(dataset: str) -> str:
    makers = [name for name, pipeline in pipelines.items() if dataset in pipeline.all_outputs()]
    single = [f" --pipeline {name}" for name in makers if name != "__default__"]
    first = f"Run first: kedro run{[*single, ''][0]}" if makers else "No pipeline makes it."
    return f"Expected dataset '{dataset}' to be there. Received: nothing. {first}"
