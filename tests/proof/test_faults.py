"""The command that kills and damages runs: `make faults`."""

import random
import re
import subprocess
import sys

import pytest
from cluster_faults import disturb_dask, kill_the_database, kill_the_scheduler
from disturbances import damage_a_file, kill
from faults import finished_project
from support.cluster import postgres_programs
from support.project import ROOT

FAULTS = ROOT / "proof" / "faults.py"


@pytest.fixture(scope="module")
def disturbed(finished, tmp_path_factory):
    """A copy of the finished project that is ready to be disturbed."""
    project = finished_project(tmp_path_factory.mktemp("disturbed") / "project", finished.folder)
    project.prepare(["thresholding"])
    return project


def test_a_run_that_is_killed_ends_as_if_undisturbed(disturbed):
    assert kill(disturbed, "thresholding", random.Random(0)) == (False, "")


def test_a_damaged_file_is_made_anew_or_named(disturbed):
    *_, wrong = damage_a_file(disturbed, "thresholding", random.Random(0))
    assert not wrong


def test_a_database_that_is_killed_and_starts_again_does_no_harm(disturbed):
    if postgres_programs() is None:
        pytest.skip("needs PostgreSQL, such as by: apt-get install postgresql")
    *_, wrong = kill_the_database(disturbed, "thresholding", random.Random(0))
    assert not wrong


def test_a_dask_scheduler_that_is_killed_is_refused_in_words_and_a_new_one_goes_on(disturbed):
    *_, wrong = disturb_dask(kill_the_scheduler, disturbed, random.Random(0))
    assert not wrong


def test_other_outputs_and_unfinished_files_are_reported(disturbed):
    table = disturbed.path("08_reporting", "test", "picture", "otsu_table.parquet")
    (table.parent / ".part-stranger~1~0.0~otsu_table.parquet").touch()
    table.write_bytes(table.read_bytes() + b"0")
    found = disturbed.difference("--pipeline", "thresholding")
    disturbed.restore()
    assert "other outputs: 08_reporting/test/picture/otsu_table.parquet" in found
    assert "unfinished files: .part-stranger" in found


def test_an_unknown_fault_is_refused():
    ended = subprocess.run(
        [sys.executable, FAULTS, "--only", "flood"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert re.search("Expected faults among kill, .*Received: .'flood'", ended.stderr)
