"""All measures of a method's calibration on a test split, with intervals, on shared resamples.

A resample draws row i wᵢ times. Means and sums by bin are linear in the counts w, so one product
of matrices serves all resamples; only measures whose bins or kernel depend on the resample are
computed again for each.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import lazy_loader
import numpy as np

from atelier import evaluation
from atelier.evaluation.calibration_error import equal_mass_errors
from atelier.evaluation.decomposition import SMALLEST
from atelier.evaluation.intervals import (
    NOT_NEGATIVE,
    SHARE,
    SHARE_GAIN,
    UNBOUNDED,
    basic_interval,
    drawn_rows,
    with_interval,
)
from atelier.evaluation.reliability import bin_indices, equal_width_edges
from atelier.evaluation.scoring_rules import log_losses
from atelier.evaluation.smooth_error import smooth_ece
from atelier.evaluation.validation import checked_labels, real_numbers
from atelier.types import Array, Labels

scipy = lazy_loader.load("scipy")  # whose sparse matrices a bare import does not need
BINS = 15
"""Bins of equal width of the calibration errors."""
CHUNK_VALUES = 2**22
"""Most counts of a chunk of resamples, 32 MB."""
BOUNDS = {
    "nll_gain": UNBOUNDED,
    "brier_gain": (-2.0, 2.0),
    "debiased": SHARE_GAIN,
    "nll": NOT_NEGATIVE,
    "brier": (0.0, 2.0),
    "gain": SHARE_GAIN,
}
"""Least and largest value of the measures that are not in [0, 1]."""


def calibration_row(
    probs: Array, labels: Labels, *, before: Array, seed: int, resamples: int
) -> dict[str, float]:
    """Returns every measure of one method; ``<name>_low`` and ``_high`` are 95 % intervals.

    Args:
        probs: Probabilities of the method on the test split, (n, classes).
        labels: (n,), integers in [0, classes).
        before: Probabilities of the uncalibrated network on the same split, (n, classes).
        seed: Seed of the bootstrap.
        resamples: Number of its resamples.

    Returns:
        With intervals, those of gains paired: ``nll_gain`` in nats and ``brier_gain``, the
        decrease of the log loss and of the Brier score; ``ece``, ``mce``, ``ace`` (equal mass),
        ``debiased`` and ``smooth`` of the top label, ``classwise``; ``accuracy``; ``nll`` in nats
        and ``brier``; ``gain``, the decrease of the ECE.

        Without: ``n``; ``changed``, the share of predictions that differ from the network's;
        ``nll_calibration``, ``nll_refinement``, ``brier_calibration``, ``brier_refinement``, which
        sum to the scores (:func:`atelier.evaluation.refine_score`); ``ks``, ``kuiper`` and
        ``skce``, statistics of tests of calibration, with the p-values ``ks_p``, ``kuiper_p`` and
        ``skce_p``, the last of as many draws as resamples.

    Raises:
        ValueError: If ``probs`` or ``before`` are no probabilities, or ``labels`` no classes of
            theirs.
    """
    sample = _Sample.of(probs, labels)
    reference = _Sample.of(before, labels)
    estimates = _measures(sample, reference)
    drawn = _drawn_measures(sample, reference, seed=seed, resamples=resamples)
    row = {"n": float(len(labels))}
    for name, estimate in estimates.items():
        limits = basic_interval(estimate, drawn[name], bounds=BOUNDS.get(name, SHARE))
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), (estimate, *limits), strict=True))
    row |= with_interval("accuracy", int(sample.correct.sum()), len(labels))
    row["changed"] = float((probs.argmax(axis=1) != before.argmax(axis=1)).mean())
    tests = _calibration_tests(probs, labels, seed=seed, resamples=resamples)
    return row | _score_parts(probs, labels) | tests


class _Sample(NamedTuple):
    """A method's predictions, as the measures need them."""

    probs: Array
    labels: Array
    confidence: Array
    correct: Array
    nll: Array
    """Log loss of each row, (n,)."""
    brier: Array
    """Brier score of each row, (n,)."""

    @classmethod
    def of(cls, probs: Array, labels: Labels) -> "_Sample":
        probs = real_numbers("probs", probs)
        if probs.ndim != 2:
            raise ValueError(f"Expected probs (n, ≥ 2). Received: {probs.shape}")
        confidence, correct = evaluation.top_label(probs, labels)  # checks their values
        labels = checked_labels(labels, *probs.shape)
        positive = np.where(probs > 0, probs, SMALLEST)
        true = positive[np.arange(len(labels)), labels]
        brier = np.einsum("ij,ij->i", probs, probs) - 2 * true + 1
        return cls(probs, labels, confidence, correct, log_losses(positive, labels), brier)


def _measures(sample: _Sample, reference: _Sample) -> dict[str, float]:
    """Returns the measures that have a bootstrap interval, in the order of the table."""
    pairs = sample.confidence, sample.correct
    ece = evaluation.expected_calibration_error(*pairs)
    ece_before = evaluation.expected_calibration_error(reference.confidence, reference.correct)
    ace, debiased = equal_mass_errors(*pairs)
    return {
        "nll_gain": float((reference.nll - sample.nll).mean()),
        "brier_gain": float((reference.brier - sample.brier).mean()),
        "ece": ece,
        "mce": evaluation.maximum_calibration_error(*pairs),
        "ace": ace,
        "debiased": debiased,
        "smooth": smooth_ece(*pairs),
        "classwise": evaluation.classwise_calibration_error(sample.probs, sample.labels),
        "nll": float(sample.nll.mean()),
        "brier": float(sample.brier.mean()),
        "gain": ece_before - ece,
    }


def _drawn_measures(
    sample: _Sample, reference: _Sample, *, seed: int, resamples: int
) -> dict[str, Array]:
    """Returns the same measures of each resample, (resamples,) each."""
    n = len(sample.labels)
    means = np.stack(
        [reference.nll - sample.nll, reference.brier - sample.brier, sample.nll, sample.brier]
    )
    bins, bins_before = _bin_matrices(sample), _bin_matrices(reference)
    classes = _class_matrix(sample.probs, sample.labels)
    parts = []
    for rows in _chunks(drawn_rows(n, seed=seed, resamples=resamples), max(1, CHUNK_VALUES // n)):
        counts = np.stack([np.bincount(drawn, minlength=n) for drawn in rows], axis=1).astype(float)
        nll_gain, brier_gain, nll, brier = means @ counts / n
        gaps = np.abs(bins.surplus @ counts)
        ece, ece_before = gaps.sum(axis=0) / n, np.abs(bins_before.surplus @ counts).sum(axis=0) / n
        parts.append(
            {
                "nll_gain": nll_gain,
                "brier_gain": brier_gain,
                "ece": ece,
                "mce": (gaps / np.maximum(bins.count @ counts, 1)).max(axis=0),
                "classwise": np.abs(classes @ counts).sum(axis=0) / sample.probs.size,
                "nll": nll,
                "brier": brier,
                "gain": ece_before - ece,
            }
            | _nonlinear_measures(sample, rows)
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chunks(rows: Iterator[Array], size: int) -> Iterator[list[Array]]:
    """Yields lists of ``size`` resamples or fewer."""
    chunk: list[Array] = []
    for drawn in rows:
        chunk.append(drawn)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _nonlinear_measures(sample: _Sample, rows: list[Array]) -> dict[str, Array]:
    """Returns the measures whose bins or kernel depend on the resample."""
    values = []
    for drawn in rows:
        pairs = sample.confidence[drawn], sample.correct[drawn]
        values.append((*equal_mass_errors(*pairs), smooth_ece(*pairs)))
    return dict(zip(("ace", "debiased", "smooth"), np.array(values).T, strict=True))


class _BinMatrices(NamedTuple):
    """Sparse matrices, (bins, n), whose products with counts are sums by bin."""

    count: Any
    surplus: Any
    """Of confidence − correctness."""


def _bin_matrices(sample: _Sample) -> _BinMatrices:
    edges = equal_width_edges(BINS, sample.probs.dtype)
    cells = bin_indices(sample.confidence, edges)
    samples = np.arange(len(cells))
    return _BinMatrices(
        *(
            scipy.sparse.csr_matrix((values, (cells, samples)), shape=(BINS, len(cells)))
            for values in (np.ones(len(cells)), sample.confidence - sample.correct)
        )
    )


def _class_matrix(probs: Array, labels: Labels) -> Any:
    """Returns the sparse matrix, (classes · bins, n), of confidence − outcome by class and bin."""
    n, classes = probs.shape
    cells = bin_indices(probs, equal_width_edges(BINS, probs.dtype)) + np.arange(classes) * BINS
    surplus = probs.astype(np.float64)
    surplus[np.arange(n), labels] -= 1
    samples = np.repeat(np.arange(n), classes)
    entries = (surplus.reshape(-1), (cells.reshape(-1), samples))
    return scipy.sparse.csr_matrix(entries, shape=(classes * BINS, n))


def _score_parts(probs: Array, labels: Labels) -> dict[str, float]:
    """Returns the calibration and refinement parts of both scores."""
    row: dict[str, float] = {}
    for name, score in (("nll", "log"), ("brier", "brier")):
        parts = evaluation.refine_score(probs, labels, score=score)
        row |= {f"{name}_calibration": parts.calibration, f"{name}_refinement": parts.refinement}
    return row


def _calibration_tests(
    probs: Array, labels: Labels, *, seed: int, resamples: int
) -> dict[str, float]:
    """Returns statistics and p-values of the tests."""
    tests = {
        "ks": evaluation.ks_calibration_test(probs, labels),
        "kuiper": evaluation.kuiper_calibration_test(probs, labels),
        "skce": evaluation.kernel_calibration_test(probs, labels, seed=seed, resamples=resamples),
    }
    row: dict[str, float] = {}
    for name, test in tests.items():
        row |= {name: test.statistic, f"{name}_p": test.p_value}
    return row
