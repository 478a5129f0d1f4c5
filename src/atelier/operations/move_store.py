"""``python -m atelier.operations.move_store [OLD]``: rewrites addresses after a project was moved.

Each run and ``make ui`` do so by themselves; the command is for loading a model before that.
``OLD`` is a folder of artifacts such as ``/old/project/mlruns``: addresses below it then lead to
the folder beside the store.
"""

import argparse
import sys
from pathlib import Path

from atelier.hooks.relocation import Relocation, move_store
from atelier.hooks.sqlite_store import sqlite_file
from atelier.operations.ui import tracking_store


def main(arguments: list[str] | None = None) -> None:
    """Rewrites the addresses in the project's store and prints where the store is."""
    parser = argparse.ArgumentParser("python -m atelier.operations.move_store", description=__doc__)
    parser.add_argument("old", nargs="?", type=Path, help="the old folder of artifacts")
    options = parser.parse_args(arguments)
    try:
        uri, experiment = tracking_store()
        if options.old:
            _move(uri, experiment, options.old)
    except (FileNotFoundError, ConnectionError, ValueError) as error:
        sys.exit(f"atelier.operations.move_store: {error}")
    sys.stdout.write(f"{uri} is ready\n")


def _move(uri: str, experiment: str, old: Path) -> Relocation:
    import mlflow

    file = sqlite_file(uri)
    new = mlflow.MlflowClient(uri).get_experiment(experiment).artifact_location
    if file is None:
        raise ValueError(f"Expected a store in an SQLite file. Received: {uri}")
    return move_store(file, old.absolute(), Path(new))


if __name__ == "__main__":
    main()
