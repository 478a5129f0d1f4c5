"""Tables as parquet. The library is imported only where a pipeline has tables."""

from __future__ import annotations

from kedro_datasets.pandas import ParquetDataset

from atelier.datasets.atomic import AtomicSave


class TableDataset(AtomicSave, ParquetDataset):
    """A pandas table as parquet."""
