"""Targets that compute numbers: compared with plain loops, another library, or a law.

An input is a small random problem: with ties, extreme values and absent classes. What a function
refuses with a documented error counts as refused; a difference is an AssertionError.
"""

import itertools
import math
import random
from pathlib import Path

import numpy as np
from targets import Check, Target

from atelier.types import Array

CLOSE = 1e-9
"""Largest difference of two sums of the same float64 numbers, relative or absolute."""


def _numpy_generator(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(64))


def _assert_close(value: object, reference: object, what: str, tolerance: float = CLOSE) -> None:
    first, second = np.asarray(value, float), np.asarray(reference, float)
    assert first.shape == second.shape, f"{what}: shape {first.shape}, not {second.shape}"
    close = np.isclose(first, second, rtol=tolerance, atol=tolerance, equal_nan=True)
    assert close.all(), f"{what}: {first.ravel()[:4]}, not {second.ravel()[:4]}"


def variance_within(values: Array, thresholds: tuple[int, ...]) -> float:
    """Returns the sum of squares about the means of the classes between thresholds."""
    classes = np.searchsorted(np.array(thresholds), values, side="left")
    groups = [values[classes == number] for number in range(len(thresholds) + 1)]
    return float(sum(((group - group.mean()) ** 2).sum() for group in groups if len(group)))


def prepare_otsu(_: Path) -> Check:
    """Otsu's thresholds against the least variance over all combinations of thresholds."""
    from atelier.thresholding import otsu_thresholds

    def check(rng: random.Random) -> None:
        numbers = _numpy_generator(rng)
        high = rng.choice((3, 8, 256))
        image = numbers.integers(0, high, rng.randint(1, 24))
        classes = rng.choice((2, 2, 3, 4))
        found = tuple(otsu_thresholds(image, classes=classes).tolist())
        levels = np.unique(image)
        if len(levels) == 1:
            assert found == (levels[0],), f"one grey value {levels}: {found}"
            return
        values = image.astype(float)
        options = itertools.combinations(levels[:-1].tolist(), classes - 1)
        least = min(variance_within(values, option) for option in options)
        _assert_close(variance_within(values, found), least, f"otsu, {image.tolist()}")

    return check


def prepare_mixture(_: Path) -> Check:
    """EM against scikit-learn: equal responsibilities and densities; a fixed point of its steps."""
    from sklearn.mixture import GaussianMixture

    from atelier.clustering import fit_mixture

    def check(rng: random.Random) -> None:
        numbers = _numpy_generator(rng)
        count, dimensions, components = rng.randint(8, 40), rng.randint(1, 3), rng.randint(1, 3)
        points = numbers.normal(size=(count, dimensions)) * rng.choice((0.1, 1, 100))
        points[: count // 2] += rng.choice((0, 3, 300))
        fitted = fit_mixture(points, components, tol=1e-10, seed=rng.randrange(100), warn=False)
        assert math.isclose(fitted.weights.sum(), 1, rel_tol=1e-9), f"weights {fitted.weights}"
        if fitted.floored:
            return
        steps = np.diff(fitted.history)
        assert (steps >= -1e-8 * np.abs(fitted.history[1:]) - 1e-8).all(), f"falls: {steps.min()}"
        precisions = np.linalg.inv(fitted.covariances)
        peer = GaussianMixture(
            components, weights_init=fitted.weights / fitted.weights.sum(),
            means_init=fitted.means, precisions_init=precisions, max_iter=1, reg_covar=0.0,
        )  # fmt: skip
        peer.fit(points)
        _assert_close(
            fitted.log_likelihood / count, peer.lower_bound_, "likelihood per point", 1e-6
        )

    return check


def _random_probabilities(numbers: np.random.Generator, rng: random.Random) -> tuple[Array, Array]:
    """Returns probabilities with ties and zeros, (n, classes), and labels, (n,)."""
    rows, classes = rng.randint(1, 40), rng.randint(2, 5)
    if rng.random() < 0.5:
        counts = numbers.multinomial(rng.choice((1, 2, 4, 8)), np.full(classes, 1 / classes), rows)
        probs = counts / counts.sum(axis=1, keepdims=True)
    else:
        probs = numbers.dirichlet(np.full(classes, rng.choice((0.1, 1, 10))), rows)
    return probs, numbers.integers(0, classes, rows)


def _bin_of(confidence: float, bins: int) -> int:
    """Returns the bin (i / k, (i + 1) / k] of a confidence; the first has 0 too."""
    return sum(confidence > edge / bins for edge in range(1, bins))


def _error_by_loops(confidence: list[float], correct: list[float], bins: list[int]) -> Array:
    """Returns the calibration error over given bins, weighted by samples, and the largest gap."""
    gaps = []
    for number in sorted(set(bins)):
        members = [i for i, own in enumerate(bins) if own == number]
        gap = sum(correct[i] for i in members) - sum(confidence[i] for i in members)
        gaps.append((len(members), abs(gap) / len(members)))
    mean = sum(size * gap for size, gap in gaps) / len(bins)
    return np.array([mean, max(gap for _, gap in gaps)])


def prepare_calibration_errors(_: Path) -> Check:
    """Expected, maximum, classwise and adaptive calibration error against plain loops."""
    from atelier.evaluation import (
        adaptive_calibration_error,
        classwise_calibration_error,
        expected_calibration_error,
        maximum_calibration_error,
    )

    def check(rng: random.Random) -> None:
        probs, labels = _random_probabilities(_numpy_generator(rng), rng)
        bins = rng.randint(1, 20)
        top = [row.index(max(row)) for row in probs.tolist()]
        confidence = [row[column] for row, column in zip(probs.tolist(), top, strict=True)]
        correct = [float(column == label) for column, label in zip(top, labels, strict=True)]
        found = [
            function(probs, labels, n_bins=bins)
            for function in (expected_calibration_error, maximum_calibration_error)
        ]
        places = [_bin_of(value, bins) for value in confidence]
        _assert_close(found, _error_by_loops(confidence, correct, places), "ece and mce")
        classwise = [
            _error_by_loops(
                column.tolist(),
                (labels == number).astype(float).tolist(),
                [_bin_of(value, bins) for value in column.tolist()],
            )[0]
            for number, column in enumerate(probs.T)
        ]
        found_classwise = classwise_calibration_error(probs, labels, n_bins=bins)
        _assert_close(found_classwise, np.mean(classwise), "classwise")
        size = len(confidence)
        edges = [sorted(confidence)[-(-size * i // bins) - 1] for i in range(1, bins)]
        ranks = [sum(value > edge for edge in set(edges)) for value in confidence]
        found_adaptive = adaptive_calibration_error(probs, labels, n_bins=bins)
        _assert_close(found_adaptive, _error_by_loops(confidence, correct, ranks)[0], "adaptive")

    return check


def prepare_scoring_rules(_: Path) -> Check:
    """Brier score and negative log-likelihood against plain loops, also of extreme logits."""
    from atelier.evaluation import brier_score, negative_log_likelihood

    def check(rng: random.Random) -> None:
        numbers = _numpy_generator(rng)
        probs, labels = _random_probabilities(numbers, rng)
        losses = [
            sum((p - (column == label)) ** 2 for column, p in enumerate(row))
            for row, label in zip(probs.tolist(), labels.tolist(), strict=True)
        ]
        _assert_close(brier_score(probs, labels), math.fsum(losses) / len(losses), "brier")
        logits = numbers.normal(size=probs.shape) * rng.choice((1, 30, 1e3, 1e300))
        found = negative_log_likelihood(logits, labels)
        total = 0.0
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
            top = max(row)
            log_sum = math.log(math.fsum(math.exp(value - top) for value in row))
            total += (log_sum + top - row[label]) / len(labels)
        _assert_close(found, total, "nll")

    return check


def prepare_calibrators(_: Path) -> Check:
    """Calibrators' laws: distributions come out, records restore, predictions stay."""
    from atelier.calibration import CALIBRATORS, calibrator_from_record, calibrator_record

    names = list(CALIBRATORS)

    def check(rng: random.Random) -> None:
        numbers = _numpy_generator(rng)
        rows, classes = rng.randint(2, 30), rng.randint(2, 4)
        logits = numbers.normal(size=(rows, classes)) * rng.choice((0.1, 1, 10, 1e4))
        logits = logits.round(rng.choice((0, 1, 8)))
        labels = numbers.integers(0, rng.randint(1, classes), rows)
        name = rng.choice(names)
        fitted = CALIBRATORS[name]().fit(logits, labels)
        probs = fitted.transform(logits)
        assert np.isfinite(probs).all(), f"{name}: not finite"
        assert ((probs >= 0) & (probs <= 1)).all(), f"{name}: outside of [0, 1]"
        _assert_close(probs.sum(axis=1), np.ones(rows), f"{name}, sums")
        again = calibrator_from_record(calibrator_record(fitted)).transform(logits)
        _assert_close(again, probs, f"{name}, restored")
        if fitted.keeps_predictions:
            kept = probs[np.arange(rows), logits.argmax(axis=1)]
            assert (kept >= probs.max(axis=1) - CLOSE).all(), f"{name}: another class on top"

    return check


def prepare_border_weights(_: Path) -> Check:
    """U-Net's border weights against the distances to every pixel of every cell."""
    from atelier.segmentation.weight_map import border_weights

    def check(rng: random.Random) -> None:
        numbers = _numpy_generator(rng)
        shape = (rng.randint(1, 9), rng.randint(1, 9))
        labels = numbers.integers(0, rng.randint(2, 5), shape)
        labels *= numbers.random(shape) < rng.choice((0.1, 0.3, 1))
        w0, sigma = rng.choice((1.0, 10.0)), rng.choice((0.5, 1.0, 5.0, 50.0))
        found = border_weights(labels, w0=w0, sigma=sigma)
        cells = [np.argwhere(labels == cell) for cell in np.unique(labels[labels > 0])]
        reference = np.zeros(shape)
        for pixel in np.argwhere(labels == 0) if len(cells) > 1 else ():
            gaps = sorted(math.sqrt(((cell - pixel) ** 2).sum(axis=1).min()) for cell in cells)
            weight = w0 * math.exp(-((gaps[0] + gaps[1]) ** 2) / (2 * sigma**2))
            reference[tuple(pixel)] = weight
        _assert_close(found, reference, "border weights", 2e-9 * w0)

    return check


def prepare_cell_scores(_: Path) -> Check:
    """Scores of cells against sets of pixels."""
    from atelier.cells.scores import object_scores, pixel_scores

    def check(rng: random.Random) -> None:
        numbers = _numpy_generator(rng)
        shape = (rng.randint(1, 7), rng.randint(1, 7))
        truth = numbers.integers(0, rng.randint(1, 5), shape)
        predicted = np.where(numbers.random(shape) < 0.7, truth, numbers.integers(0, 4, shape))
        overlap = rng.choice((0.5, 0.6, 0.75, 0.9))
        true_sets, own_sets = _pixel_sets(truth), _pixel_sets(predicted)
        ious = [len(a & b) / len(a | b) for a in true_sets for b in own_sets]
        matched = [value for value in ious if value > overlap]
        found = object_scores(truth, predicted, overlap)
        reference = (len(matched), len(true_sets) - len(matched), len(own_sets) - len(matched))
        assert found[:3] == reference, f"{found}, not {reference}"
        _assert_close(found.iou_sum, sum(matched), "sum of the IoU")
        pixels = pixel_scores(truth, predicted)
        both = int(((truth > 0) & (predicted > 0)).sum())
        either = int(((truth > 0) | (predicted > 0)).sum())
        _assert_close(pixels["iou"], both / either if either else 1.0, "IoU")
        dice = 2 * both / (both + either) if either else 1.0
        _assert_close(pixels["dice"], dice, "Dice")

    return check


def _pixel_sets(labels: Array) -> list[set[int]]:
    flat = labels.ravel()
    return [set(np.flatnonzero(flat == cell).tolist()) for cell in np.unique(flat[flat > 0])]


def prepare_conformal(_: Path) -> Check:
    """Coverage of conformal sets: of n + 1 exchangeable rows exactly ⌈(n + 1) level⌉ are covered.

    Each row in turn is the new one, and the others are held out. Where scores tie, more may be
    covered, never fewer.
    """
    from atelier.calibration import SET_METHODS
    from atelier.calibration.split_conformal import coverage_rank

    def check(rng: random.Random) -> None:
        numbers = _numpy_generator(rng)
        probs, labels = _random_probabilities(numbers, rng)
        level, name = rng.choice((0.5, 0.8, 0.9, 0.95)), rng.choice(sorted(SET_METHODS))
        rows = np.arange(len(probs))[: rng.randint(2, 15)]
        covered = 0
        for row in rows:
            others = rows[rows != row]
            sets = SET_METHODS[name](level=level).fit(probs[others], labels[others])
            covered += bool(sets.sets(probs[[row]])[0, labels[row]])
        least = min(coverage_rank(len(rows) - 1, level), len(rows))
        assert covered >= least, f"{name}, level {level}: {covered} of {len(rows)} < {least}"
        scores = 1 - probs[rows, labels[rows]]
        if name == "lac" and len(set(scores.tolist())) == len(rows):
            assert covered == least, f"{name}, level {level}: {covered} of {len(rows)} > {least}"

    return check


NUMERIC_TARGETS = (
    Target("otsu", 5, prepare_otsu),
    Target("mixture", 4, prepare_mixture),
    Target("calibration_errors", 5, prepare_calibration_errors),
    Target("scoring_rules", 4, prepare_scoring_rules),
    Target("calibrators", 4, prepare_calibrators),
    Target("border_weights", 4, prepare_border_weights),
    Target("cell_scores", 4, prepare_cell_scores),
    Target("conformal", 4, prepare_conformal),
)
