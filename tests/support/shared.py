"""What is made once for all processes of pytest-xdist."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path


def make_once(factory, worker: str, name: str, make: Callable[[Path], None]) -> Path:
    """Returns a folder that the first process that needs it makes, while the others wait.

    Args:
        factory: The fixture ``tmp_path_factory``.
        worker: The fixture ``worker_id``, ``master`` where there is one process.
        name: Of the folder.
        make: Fills the folder, which is empty.
    """
    folder = factory.getbasetemp()
    shared = (folder if worker == "master" else folder.parent) / name
    made = shared.with_suffix(".made")
    with open(shared.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(shared, ignore_errors=True)
            shared.mkdir()
            make(shared)
            made.touch()
    return shared
