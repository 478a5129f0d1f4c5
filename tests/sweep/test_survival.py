"""Chunks on disk: kills, changed parameters, several processes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from atelier.sweep.__main__ import main
from atelier.sweep.chunk_store import StudyFolder
from atelier.sweep.chunk_trainer import RESULTS
from atelier.sweep.runner import run_study


def undisturbed(plan, data, folder):
    return run_study(plan, data, StudyFolder(folder / "trials"))[list(RESULTS)]


@pytest.fixture(scope="module")
def truth(tiny_plan, sweep_data, tmp_path_factory):
    return undisturbed(tiny_plan, sweep_data, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def command(tiny_plan, sweep_data, tmp_path_factory):
    """Arguments but for ``--out``."""
    folder = tmp_path_factory.mktemp("inputs")
    np.savez(folder / "data.npz", **sweep_data)
    (folder / "plan.json").write_text(json.dumps(tiny_plan.as_dict()))
    arguments = ["--images", folder / "data.npz", "--config", folder / "plan.json"]
    return [sys.executable, "-m", "atelier.sweep", *map(str, arguments)]


def test_killed_at_random_moments_it_goes_on_to_the_same_table(command, truth, tmp_path):
    """The first moment is before anything can have ended, the others follow this machine."""
    start = time.monotonic()
    subprocess.run([*command, "--out", tmp_path / "whole"], check=True, capture_output=True)
    seconds = time.monotonic() - start
    chunks, kills, shares = set(), 0, random.Random(0)
    for share in (0.1, *(shares.uniform(0.3, 0.9) for _ in range(3))):
        process = subprocess.Popen([*command, "--out", tmp_path], stderr=subprocess.DEVNULL)
        time.sleep(share * seconds)
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        stored = set(tmp_path.glob("trials/*/chunk-*.parquet"))
        assert stored >= chunks  # nothing that was finished is lost
        chunks = stored
    stamps = {chunk: chunk.stat().st_mtime_ns for chunk in chunks}
    subprocess.run([*command, "--out", tmp_path], check=True, capture_output=True)
    assert kills > 0
    assert all(chunk.stat().st_mtime_ns == stamp for chunk, stamp in stamps.items())
    table = pd.read_parquet(tmp_path / "study.parquet")
    pd.testing.assert_frame_equal(table[list(RESULTS)], truth, check_exact=True)


def test_how_the_grid_is_cut_and_how_many_train_at_once_change_nothing(
    tiny_plan, sweep_data, truth, tmp_path
):
    changed = replace(tiny_plan, chunk=5)
    table = run_study(changed, sweep_data, StudyFolder(tmp_path), threads=3)[list(RESULTS)]
    pd.testing.assert_frame_equal(table, truth, check_exact=True)


def test_another_network_or_other_data_starts_anew_beside_the_old_and_says_so(
    tiny_plan, sweep_data, tmp_path, caplog
):
    plan = replace(tiny_plan, optimizers=("sgd",), seeds=(0,), steps=3)
    studies = StudyFolder(tmp_path)
    run_study(plan, sweep_data, studies)
    before = {path: path.read_bytes() for path in tmp_path.glob("*/chunk-*")}
    assert "A new study" not in caplog.text
    changed = sweep_data | {"train_images": 255 - sweep_data["train_images"]}
    for plan_now, data_now in ((replace(plan, units=8), sweep_data), (plan, changed)):
        study = studies.open(plan_now.as_dict(), data_now)
        assert study.finished() == set()
        assert "A new study" in caplog.text
        caplog.clear()
    assert {path: path.read_bytes() for path in tmp_path.glob("*/chunk-*")} == before


def test_chunks_of_other_code_are_another_study(tiny_plan, sweep_data, tmp_path):
    plan = replace(tiny_plan, optimizers=("sgd",), seeds=(0,), steps=3)
    studies = StudyFolder(tmp_path)
    run_study(plan, sweep_data, studies.with_code("old"))
    names = {path.name for path in tmp_path.iterdir()}
    run_study(plan, sweep_data, studies.with_code("old"))
    assert {path.name for path in tmp_path.iterdir()} == names
    run_study(plan, sweep_data, studies.with_code("new"))
    run_study(plan, sweep_data, studies)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_cluster_of_one_machine_gives_the_same_table(tiny_plan, sweep_data, truth, tmp_path):
    """And so it does when its worker is killed in the middle, by the operating system."""
    import psutil

    from atelier.sweep.executors import make_executor

    killed = []

    def kill_a_worker(_steps):
        for child in psutil.Process().children(recursive=True):
            if not killed and "spawn_main" in " ".join(child.cmdline()) and not child.children():
                killed.append(child)
                child.kill()

    class ProgressMeter:
        def __init__(self, total, done):
            assert (total, done) == (24 * 60, 0)

        def __enter__(self):
            return kill_a_worker

        def __exit__(self, *_):
            pass

    table = run_study(
        tiny_plan,
        sweep_data,
        StudyFolder(tmp_path),
        executor=make_executor("dask"),
        progress_meter=ProgressMeter,
    )
    assert killed
    assert len(list(tmp_path.glob("*/chunk-*"))) == len(tiny_plan.chunks())
    pd.testing.assert_frame_equal(table[list(RESULTS)], truth, check_exact=True)


def test_a_cluster_without_slots_is_refused_and_one_with_slots_is_used(
    tiny_plan, sweep_data, tmp_path
):
    from distributed import LocalCluster

    from atelier.sweep.executors import make_executor

    plan = replace(tiny_plan, optimizers=("sgd",), seeds=(0,), steps=3)
    for resources, refused in (({}, True), ({"sweep": 1}, False)):
        with LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            dashboard_address="127.0.0.1:0",
            resources=resources,
        ) as cluster:
            cluster_executor = make_executor("dask", address=cluster.scheduler_address)
            if refused:
                with pytest.raises(ValueError, match="--resources sweep=1. Received: 1 workers"):
                    run_study(plan, sweep_data, StudyFolder(tmp_path), executor=cluster_executor)
            else:
                assert (
                    len(
                        run_study(
                            plan, sweep_data, StudyFolder(tmp_path), executor=cluster_executor
                        )
                    )
                    == 6
                )


BARE = """
import sys
class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Bare())
from atelier.sweep.__main__ import main
main({arguments})
"""


def test_it_runs_with_only_numpy_jax_pandas_pyarrow_and_lazy_loader(command, truth, tmp_path):
    refused = {"keras", "tensorflow", "kedro", "mlflow", "pydantic", "sklearn"}
    refused |= {"tqdm", "dask", "distributed", "plotly", "matplotlib", "yaml", "psutil"}
    arguments = [*command[3:], "--out", str(tmp_path)]
    code = BARE.format(refused=refused, arguments=arguments)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    table = pd.read_parquet(tmp_path / "study.parquet")
    pd.testing.assert_frame_equal(table[list(RESULTS)], truth, check_exact=True)


def test_a_list_of_plans_gives_one_table_with_their_batch_sizes(command, tiny_plan, tmp_path):
    plans = [replace(tiny_plan, steps=2, batch_size=size, seeds=(0,)) for size in (4, 8)]
    file = tmp_path / "plans.json"
    file.write_text(json.dumps([plan.as_dict() for plan in plans]))
    main([*command[3:-1], str(file), "--out", str(tmp_path)])
    table = pd.read_parquet(tmp_path / "study.parquet")
    members = len(plans[0].members())
    assert table["batch_size"].tolist() == [4] * members + [8] * members


@pytest.mark.parametrize(
    ("plan", "message"),
    [({"rates": 3}, "missing"), ({"ratess": 3}, "ratess"), ([1], "Expected a mapping")],
)
def test_a_bad_plan_ends_with_a_word_and_no_traceback(command, plan, message, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(plan))
    cluster_executor = [*command[:-1], str(bad), "--out", str(tmp_path)]
    done = subprocess.run(cluster_executor, capture_output=True, text=True)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
