"""The order of the files where several processes share them: long ones first.

The first of them waits for a scheduler while the second makes the fixture ``finished``, and the
third needs neither. Of the others, those that need the fixture come when it is there.
"""

LONG = (
    "tests/browser/test_schedule.py",
    "tests/test_run.py",
    "tests/sweep/test_population.py",
    "tests/docs/test_site.py",
    "tests/test_benchmarks.py",
    "tests/test_two_processes.py",
    "tests/sweep/test_survival.py",
    "tests/test_own_files.py",
    "tests/pipelines/test_own_classification.py",
    "tests/test_own_predictions.py",
    "tests/test_sessions.py",
    "tests/browser/test_graph.py",
    "tests/test_cluster.py",
    "tests/hooks/test_experiment_runs.py",
    "tests/test_own_cells.py",
    "tests/training/test_fitting.py",
    "tests/style_transfer/test_tiles.py",
    "tests/style_transfer/test_synthesis.py",
    "tests/gradients/test_gradient_check.py",
    "tests/test_notebooks.py",
    "tests/test_parameters.py",
    "tests/incremental/test_processes.py",
    "tests/incremental/test_random_edits.py",
    "tests/browser/test_report.py",
    "tests/hooks/test_store.py",
    "tests/test_package.py",
)


def position(item) -> int:
    """Where the file of a test stands; those that are not long come last, as they were."""
    file = item.nodeid.partition("::")[0]
    return LONG.index(file) if file in LONG else len(LONG)
