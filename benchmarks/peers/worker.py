"""Calls a peer's functions when asked: ``python -m peers.worker FILE FOLDER``.

FILE is a module of this package, FOLDER has the arrays as ``inputs.npz``. Prints the peers by the
names of their calls as JSON; then, for each name on a line of input, the seconds of that call. Its
result lies in ``result.npy``.
"""

import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np


def name_and_version(package: str) -> str:
    """Returns the name and the version of the distribution that has a package."""
    distribution = packages_distributions()[package][0]
    return f"{distribution} {version(distribution)}"


def main() -> None:
    """Prepares the calls, and answers until its input ends."""
    file, folder = sys.argv[1], Path(sys.argv[2])
    answers, sys.stdout = sys.stdout, sys.stderr  # since peers may print
    warnings.simplefilter("ignore")
    with np.load(folder / "inputs.npz") as archive:
        inputs = dict(archive)
    calls: dict[str, Callable[[], Any]] = {}
    peers: dict[str, str] = {}
    for package, prepare in importlib.import_module(f"peers.{file}").PEERS.items():
        if find_spec(package):
            prepared = prepare(**inputs)
            calls |= prepared
            peers |= dict.fromkeys(prepared, name_and_version(package))
    print(json.dumps(peers), file=answers, flush=True)
    for line in sys.stdin:
        call = calls[line.strip()]
        started = time.perf_counter()
        result = call()
        seconds = time.perf_counter() - started
        np.save(folder / "result.npy", result)
        print(seconds, file=answers, flush=True)


if __name__ == "__main__":
    main()
