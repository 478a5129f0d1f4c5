"""Runs of Kedro that leave out what is unchanged; docs/guides/rerun.md describes them.

The package knows nothing of this project's experiments: another project can take it as it is,
with ``atelier.storage``, which writes and locks files.
"""

from atelier.incremental.configuration import Configuration, configure
from atelier.incremental.dataset_files import HasContentDigest
from atelier.incremental.declarations import with_effects, with_reads
from atelier.incremental.helper import HelperStart
from atelier.incremental.helper_runner import HelperRunner
from atelier.incremental.instructions import begin_to_help, current_instructions, tell_command
from atelier.incremental.runner import IncrementalRunner

__all__ = [
    "Configuration",
    "HasContentDigest",
    "HelperRunner",
    "HelperStart",
    "IncrementalRunner",
    "begin_to_help",
    "configure",
    "current_instructions",
    "tell_command",
    "with_effects",
    "with_reads",
]
