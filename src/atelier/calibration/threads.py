"""The number of threads of the linear algebra library while a calibrator is fitted."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

LARGE = 10**9
"""Multiplications of a matrix product above which several threads take less time than one."""


@contextmanager
def blas_threads(multiplications: int) -> Iterator[None]:
    """Restricts the linear algebra library to one thread while products are small.

    Several threads for small products wait for each other: where other programs use the same
    cores, a fit takes ten times as long.

    Args:
        multiplications: Of one matrix product of the program inside.

    Examples:
        >>> with blas_threads(100):
        ...     pass
    """
    if multiplications > LARGE:
        yield
        return
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    """Returns the libraries of this process; they are searched once, which takes milliseconds."""
    import scipy.linalg  # noqa: F401  its library is loaded before the search

    return ThreadpoolController()
