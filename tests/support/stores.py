"""MLflow of the tests' own process, told of a store for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import mlflow


@contextmanager
def tracking_at(uri: str) -> Iterator[mlflow.MlflowClient]:
    """MLflow tracks and registers in the store at ``uri``; gives a client of it.

    Runs that were left active are ended, and MLflow forgets the store at the end: it exports what
    it is told to the processes that it starts, and later tests have stores of their own.
    """
    mlflow.set_tracking_uri(uri)
    try:
        yield mlflow.MlflowClient()
    finally:
        while mlflow.active_run():
            mlflow.end_run()
        mlflow.set_tracking_uri(None)
