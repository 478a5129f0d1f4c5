"""Runs a pipeline in memory."""

from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner


class Kept(MemoryDataset):
    """Data that stays to be looked at."""

    def _release(self) -> None:
        pass


def run(pipeline, **inputs):
    """All outputs of a pipeline by name."""
    made = {name: Kept(copy_mode="assign") for name in pipeline.all_outputs()}
    given = {name: MemoryDataset(value, copy_mode="assign") for name, value in inputs.items()}
    catalog = DataCatalog(made | given)
    SequentialRunner().run(pipeline, catalog)
    return {name: catalog.load(name) for name in made}
