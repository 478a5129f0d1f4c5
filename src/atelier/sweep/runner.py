"""The whole study: every chunk that is not yet on disk, by the executor that is asked for."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter

import pandas as pd

from atelier.sweep.chunk_store import StudyFolder
from atelier.sweep.chunk_trainer import Trainer
from atelier.sweep.plan import Activations, Plan, Progress, check_data
from atelier.types import Arrays

logger = logging.getLogger(__name__)

Chunks = dict[int, pd.DataFrame]
Executor = Callable[[Trainer, Chunks, Arrays, Progress], Iterator[tuple[int, pd.DataFrame]]]
"""Trains chunks of the grid and hands them out as they are finished, in any order."""
ProgressMeter = Callable[[int, int], AbstractContextManager[Progress]]
"""(member-steps in all, done before) → what hears of each one more, while it is open."""


def train_locally(
    trainer: Trainer, chunks: Chunks, data: Arrays, progress: Progress
) -> Iterator[tuple[int, pd.DataFrame]]:
    """One chunk after the other, here."""
    for index, members in chunks.items():
        yield index, trainer(members, data, progress)


def no_progress(total: int, done: int) -> AbstractContextManager[Progress]:
    """A meter that shows nothing."""
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
    """The study's table, a row per member in the grid's order; goes on where it was stopped.

    Args:
        plan: What is trained.
        data: Images (n, side, side, 1) uint8 and labels (n,), as ``train_images``,
            ``train_labels`` and so on for ``selection`` and ``test``.
        studies: Where finished chunks are kept.
        executor: Who trains.
        threads: Members at once on a CPU.
        activations: How they are stored between the layers.
        progress_meter: Shows how far it is.
    """
    check_data(data)
    chunks = dict(enumerate(plan.chunks()))
    study = studies.open(plan.as_dict() | {"activations": activations}, data)
    finished = study.finished() & set(chunks)
    pending = {index: members for index, members in chunks.items() if index not in finished}
    steps = plan.length(len(data["train_labels"]))
    total = steps * sum(map(len, chunks.values()))
    done = total - steps * sum(map(len, pending.values()))
    if finished:
        logger.info("%d of %d chunks are there already", len(finished), len(chunks))
    trainer, begun = Trainer(plan, threads, activations), perf_counter()
    with progress_meter(total, done) as progress:
        for index, rows in executor(trainer, pending, data, progress):
            study.write(index, rows)
            finished.add(index)
            speed = steps * len(rows) / -(begun - (begun := perf_counter()))
            logger.info(
                "Chunk %d of %d: %s, %.0f member-steps/s",
                *(len(finished), len(chunks), rows["optimizer"].iloc[0], speed),
            )
    return pd.concat([study.read(index) for index in chunks], ignore_index=True)
