"""What `kedro run` costs before any node, against a bare Kedro + kedro-mlflow project.

`python benchmarks/startup.py [--repeats 7]`: runs of the two projects take turns; both run a
pipeline of one node that does nothing. Prints medians and their ratio. `--tiny`: one repeat.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

from rows import Row, benchmark_parser, take_turns, write_rows

ROOT = Path(__file__).parents[1]
NOTHING = """from kedro.pipeline import Node, Pipeline


def nothing() -> int:
    return 0


def create_pipeline() -> Pipeline:
    return Pipeline([Node(nothing, None, "nothing", name="nothing")])
"""
BARE_REGISTRY = f"""{NOTHING}

def register_pipelines():
    return {{"empty": create_pipeline()}}
"""
OUR_REGISTRY = f"""from atelier.all_pipelines import register_pipelines as all_pipelines
{NOTHING}

def register_pipelines():
    return all_pipelines() | {{"empty": create_pipeline()}}
"""


def bare_project(folder: Path) -> Path:
    """Makes a project with one empty pipeline and kedro-mlflow."""
    package = folder / "src" / "bare"
    package.mkdir(parents=True)
    (folder / "conf" / "base").mkdir(parents=True)
    (folder / "conf" / "local").mkdir()
    (folder / "pyproject.toml").write_text(
        '[tool.kedro]\npackage_name = "bare"\nproject_name = "bare"\n'
        'kedro_init_version = "1.7.0"\nsource_dir = "src"\n'
    )
    (package / "__init__.py").touch()
    (package / "settings.py").write_text(
        'CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}\n'
        'DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)\n'
    )
    (package / "pipeline_registry.py").write_text(BARE_REGISTRY)
    (folder / "conf" / "base" / "catalog.yml").touch()
    (folder / ".telemetry").write_text("consent: false\n")
    store = folder / "mlflow.db"
    (folder / "conf" / "base" / "mlflow.yml").write_text(
        f"server:\n  mlflow_tracking_uri: sqlite:///{store}\n"
    )
    return folder


def our_project(folder: Path) -> Path:
    """Copies this project and adds an empty pipeline."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder / name)
    package = folder / "src" / "atelier"
    (package / "pipeline_registry.py").rename(package / "all_pipelines.py")
    (package / "pipeline_registry.py").write_text(OUR_REGISTRY)
    return folder


def seconds(project: Path) -> float:
    """Returns the wall time of one run of the empty pipeline."""
    environment = os.environ | {"PYTHONPATH": str(project / "src"), "KEDRO_DISABLE_TELEMETRY": "1"}
    start = time.perf_counter()
    command = [sys.executable, "-m", "kedro", "run", "--pipeline", "empty"]
    subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Measures and prints."""
    options = benchmark_parser(__doc__, repeats=7).parse_args()
    repeats = 1 if options.tiny else options.repeats
    with tempfile.TemporaryDirectory() as folder:
        projects = {
            "bare": bare_project(Path(folder, "bare")),
            "atelier": our_project(Path(folder, "atelier")),
        }
        for project in projects.values():
            seconds(project)  # makes the database and the bytecode
        calls = [partial(seconds, project) for project in projects.values()]
        bare, ours = take_turns(repeats, *calls)
    for name, values in (("bare", bare), ("atelier", ours)):
        print(f"{name:8} median {statistics.median(values):.2f} s of {len(values)} runs")
    peer = f"Kedro {version('kedro')} with kedro-mlflow {version('kedro-mlflow')}"
    row = Row("kedro run before any node", ours, peer, bare)
    print(f"ratio    {1 / row.ratio:.2f} (goal: at most 1.20)")
    write_rows(options.json, [row])


if __name__ == "__main__":
    main()
