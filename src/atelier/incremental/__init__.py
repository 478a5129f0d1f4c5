"""Runs of Kedro that leave out what is unchanged; docs/guides/rerun.md describes them.

The package knows nothing of this project's experiments: another project can take it as it is,
with ``atelier.storage``, which writes and locks files.
"""

from atelier.incremental.configuration import Configuration, configure
from atelier.incremental.dataset_files import HasContentDigest
from atelier.incremental.declarations import with_effects, with_reads
from atelier.incremental.runner import IncrementalRunner

__all__ = [
    "Configuration",
    "HasContentDigest",
    "IncrementalRunner",
    "configure",
    "with_effects",
    "with_reads",
]
