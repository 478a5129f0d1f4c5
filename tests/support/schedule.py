"""The order of the files where several processes share them: long ones first.

The first two begin at once. Only the first of them needs the fixture ``finished``; those in the
middle that need it come when it is there, so that no process waits for another.
"""

LONG = (
    "tests/browser/test_schedule.py",
    "tests/sweep/test_population.py",
    "tests/docs/test_site.py",
    "tests/test_own_files.py",
    "tests/pipelines/test_own_classification.py",
    "tests/test_own_predictions.py",
    "tests/test_benchmarks.py",
    "tests/test_sessions.py",
    "tests/hooks/test_experiment_runs.py",
    "tests/test_own_cells.py",
    "tests/test_run.py",
    "tests/test_cluster.py",
    "tests/browser/test_graph.py",
    "tests/test_notebooks.py",
    "tests/test_parameters.py",
    "tests/sweep/test_survival.py",
    "tests/gradients/test_gradient_check.py",
    "tests/browser/test_report.py",
    "tests/training/test_fitting.py",
    "tests/hooks/test_store.py",
    "tests/test_package.py",
)


def position(item) -> int:
    """Where the file of a test stands; those that are not long come last, as they were."""
    file = item.nodeid.partition("::")[0]
    return LONG.index(file) if file in LONG else len(LONG)
