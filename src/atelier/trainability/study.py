"""Trains all windows of a study chunk by chunk, and resumes where it was stopped."""

import logging
from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.sweep.chunk_store import ChunkStore, StudyFolder
from atelier.sweep.runner import ProgressMeter, no_progress
from atelier.trainability.params import ComputationParams, TwoLayerParams
from atelier.trainability.problem import draw_problem
from atelier.trainability.training import train_members
from atelier.trainability.windows import Window, require_resolved
from atelier.types import Array

logger = logging.getLogger(__name__)


class _Chunk(NamedTuple):
    """Consecutive members of one window."""

    window: Window
    seed: int
    members: slice


def train_windows(
    network: TwoLayerParams,
    windows: Sequence[Window],
    computation: ComputationParams,
    studies: StudyFolder,
    *,
    progress_meter: ProgressMeter = no_progress,
) -> tuple[list[Array], float]:
    """Trains the members of all windows, or those that a stopped run has not finished.

    Args:
        network: The network, its training and the seeds.
        windows: The whole window, which every seed has, and its zooms of the first seed.
        computation: Size of a chunk, and threads.
        studies: Where finished chunks are stored.
        progress_meter: Shows the progress, in member-steps.

    Returns:
        The measures of :func:`train_members` for each seed of the whole window, then for each zoom,
        (resolution, resolution), lowest rate of the last layer first; and the seconds that the
        training took.

    Raises:
        ValueError: If the precision does not resolve the learning rates of a window.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> network = TwoLayerParams(width=2, nonlinearity="tanh", examples=None, batch=None,
        ...                         steps=5, precision="float32", seeds=(0, 1))
        >>> windows = [Window((0, 0), (2, 2), 4)]
        >>> computation = ComputationParams(chunk=9, threads=1)
        >>> with TemporaryDirectory() as folder:
        ...     studies = StudyFolder(Path(folder))
        ...     measures, _ = train_windows(network, windows, computation, studies)
        >>> [picture.shape for picture in measures]
        [(4, 4), (4, 4)]
    """
    for window in windows:
        require_resolved(window, network.precision)
    pictures = [(windows[0], seed) for seed in network.seeds]
    pictures += [(zoom, network.seeds[0]) for zoom in windows[1:]]
    chunks = [chunk for picture in pictures for chunk in _chunks(*picture, computation.chunk)]
    plan = {"network": network.model_dump(), "windows": windows, "chunk": computation.chunk}
    store = studies.open(plan, {})
    _train_missing(network, chunks, store, computation.threads, progress_meter)
    rows = pd.concat([store.read(index) for index in range(len(chunks))], ignore_index=True)
    sizes = [window.resolution**2 for window, _ in pictures]
    measures = np.split(rows["measure"].to_numpy(), np.cumsum(sizes)[:-1])
    return (
        [
            values.reshape(window.resolution, window.resolution)
            for values, (window, _) in zip(measures, pictures, strict=True)
        ],
        float(rows["timing_seconds"].sum()),
    )


def _chunks(window: Window, seed: int, size: int) -> list[_Chunk]:
    members = window.resolution**2
    return [
        _Chunk(window, seed, slice(start, min(start + size, members)))
        for start in range(0, members, size)
    ]


def _train_missing(
    network: TwoLayerParams,
    chunks: Sequence[_Chunk],
    store: ChunkStore,
    threads: int,
    progress_meter: ProgressMeter,
) -> None:
    steps = [network.steps * (chunk.members.stop - chunk.members.start) for chunk in chunks]
    finished = store.finished()
    if finished:
        logger.info("%d of %d chunks are finished already", len(finished), len(chunks))
    done = sum(steps[index] for index in finished if index < len(chunks))
    with progress_meter(sum(steps), done) as progress:
        for index, chunk in enumerate(chunks):
            if index not in finished:
                store.write(index, _train_chunk(network, chunk, threads))
                progress(steps[index])


def _train_chunk(network: TwoLayerParams, chunk: _Chunk, threads: int) -> pd.DataFrame:
    first, last = (rates[chunk.members] for rates in chunk.window.rates())
    started = perf_counter()
    measures = train_members(
        draw_problem(network, chunk.seed),
        first,
        last,
        nonlinearity=network.nonlinearity,
        steps=network.steps,
        precision=network.precision,
        threads=threads,
    )
    seconds = (perf_counter() - started) / len(measures)
    return pd.DataFrame({"measure": measures, "timing_seconds": seconds})
