"""Runs a pipeline in memory."""

from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from atelier.hooks import SinkHooks


class Kept(MemoryDataset):
    """Data that stays to be looked at."""

    def _release(self) -> None:
        pass


def run(pipeline, **inputs):
    """All outputs of a pipeline by name; its sinks are among the inputs."""
    hooks = _create_hook_manager()
    hooks.register(SinkHooks())
    made = {name: Kept(copy_mode="assign") for name in pipeline.all_outputs()}
    given = {name: MemoryDataset(value, copy_mode="assign") for name, value in inputs.items()}
    catalog = DataCatalog(made | given)
    SequentialRunner().run(pipeline, catalog, hooks)
    return {name: catalog.load(name) for name in made}
