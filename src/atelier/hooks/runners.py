"""Allows only runners that run one node after the other in one thread."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.framework.session import KedroServiceSession, KedroSession
from kedro.runner import ParallelRunner, SequentialRunner, ThreadRunner

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

SESSIONS = (KedroSession.run.__code__, KedroServiceSession.run.__code__)


class RunnerHooks:
    """Refuses runners with which records would be incomplete or numbers would differ."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Checks the runner before anything is written, and hides Kedro's advice to use --async.

        Raises:
            ValueError: If the runner uses threads or processes, or loads and saves in threads.
        """
        del context
        runner = session_runner()
        check_runner(runner)
        module = type(runner or SequentialRunner()).__module__
        logging.getLogger(module).addFilter(_is_not_advice)


def session_runner() -> Any:
    """Returns the ``runner`` of the session that calls the present hook, or None.

    Kedro gives hooks no more than the runner's name, and that only after the context. So the
    argument is read from the frame of ``run`` of Kedro's session.
    """
    for frame, _ in traceback.walk_stack(None):
        if frame.f_code in SESSIONS:
            return frame.f_locals.get("runner")
    return None


def only_explains() -> bool:
    """Returns whether the present session only says what would run."""
    return bool(getattr(session_runner(), "explain", False))


def check_runner(runner: Any) -> None:
    """Refuses a runner that does not run one node after the other in the session's own thread.

    Args:
        runner: An instance; None stands for Kedro's default.

    Raises:
        ValueError: If the runner uses threads or processes, or loads and saves in threads.
    """
    expected = "Expected a runner that runs one node after the other, such as SequentialRunner."
    if isinstance(runner, (ThreadRunner, ParallelRunner)):
        raise ValueError(  # noqa: TRY004  (the value of an option, for whoever gives it)
            f"{expected} Received: {type(runner).__name__}, with which the numbers would depend on "
            "the order of its threads or processes. Leave --runner (runner=…) out; the nodes use "
            "all threads that the parameter `threads` allows"
        )
    if getattr(runner, "_is_async", False):
        raise ValueError(
            f"{expected} Received: --async (is_async=True), which saves in threads that do not "
            "know the MLflow run. Leave it out"
        )


def _is_not_advice(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Using synchronous mode for loading and saving data")
