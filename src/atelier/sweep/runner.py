"""Runs a whole study: trains every chunk that is not yet stored."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter

import pandas as pd

from atelier.sweep.chunk_store import StudyFolder
from atelier.sweep.chunk_trainer import ChunkTrainer
from atelier.sweep.plan import Activations, Plan, Progress, check_data
from atelier.types import Arrays

logger = logging.getLogger(__name__)

Chunks = dict[int, pd.DataFrame]
"""Members by the index of their chunk."""
Executor = Callable[[ChunkTrainer, Chunks, Arrays, Progress], Iterator[tuple[int, pd.DataFrame]]]
"""Trains chunks of the grid and yields index and rows of each as it is finished, in any order."""
ProgressMeter = Callable[[int, int], AbstractContextManager[Progress]]
"""(total member-steps, done before) → a context whose value is called with each further number."""


def train_locally(
    trainer: ChunkTrainer, chunks: Chunks, data: Arrays, progress: Progress
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Trains one chunk after another in this process.

    Args:
        trainer: Trains a chunk.
        chunks: Members by index.
        data: Images and labels of the three splits.
        progress: Called with the number of member-steps done since its last call.

    Yields:
        The index and the rows of each chunk.
    """
    for index, members in chunks.items():
        yield index, trainer(members, data, progress)


def no_progress(total: int, done: int) -> AbstractContextManager[Progress]:
    """Returns a progress meter that shows nothing."""
    del total, done
    return nullcontext(lambda _: None)


def run_study(
    plan: Plan,
    data: Arrays,
    studies: StudyFolder,
    *,
    executor: Executor = train_locally,
    threads: int = 1,
    activations: Activations = "float32",
    progress_meter: ProgressMeter = no_progress,
) -> pd.DataFrame:
    """Runs a study, or resumes it where it was stopped.

    Args:
        plan: The grid and the training.
        data: Images (n, side, side, channels) uint8 and labels (n,), as ``train_images``,
            ``train_labels`` and so on for ``selection`` and ``test``.
        studies: Where finished chunks are stored.
        executor: Trains the chunks.
        threads: Members trained at once on a CPU.
        activations: Type in which they are stored between the layers.
        progress_meter: Shows the progress.

    Returns:
        The study's table, a row per member in the grid's order.

    Raises:
        ValueError: If an array is missing or has an unexpected shape, type or range.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> import numpy as np
        >>> images, labels = np.zeros((8, 6, 6, 1), np.uint8), np.arange(8) % 2
        >>> data = {f"{split}_images": images for split in ("train", "selection", "test")}
        >>> data |= {f"{split}_labels": labels for split in ("train", "selection", "test")}
        >>> plan = Plan(["sgd"], [0.0], 0.1, 0.1, 1, [0], 4, 1, 1, filters=(2, 2), units=2)
        >>> with TemporaryDirectory() as folder:
        ...     table = run_study(plan, data, StudyFolder(Path(folder)))
        >>> table[["optimizer", "learning_rate", "seed", "diverged"]]
          optimizer  learning_rate  seed  diverged
        0       sgd            0.1     0     False
    """
    check_data(data)
    chunks = dict(enumerate(plan.chunks()))
    store = studies.open(plan.as_dict() | {"activations": activations}, data)
    finished = store.finished() & set(chunks)
    pending = {index: members for index, members in chunks.items() if index not in finished}
    steps = plan.length(len(data["train_labels"]))
    total, remaining = (steps * sum(map(len, c.values())) for c in (chunks, pending))
    if finished:
        logger.info("%d of %d chunks are finished already", len(finished), len(chunks))
    trainer, started = ChunkTrainer(plan, threads, activations), perf_counter()
    with progress_meter(total, total - remaining) as progress:
        for index, rows in executor(trainer, pending, data, progress):
            store.write(index, rows)
            finished.add(index)
            now = perf_counter()
            speed, started = steps * len(rows) / (now - started), now
            logger.debug(
                "Chunk %d of %d: %s, %.0f member-steps/s",
                *(len(finished), len(chunks), rows["optimizer"].iloc[0], speed),
            )
    return pd.concat([store.read(index) for index in chunks], ignore_index=True)
