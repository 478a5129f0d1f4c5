"""Prediction sets: hand values, the law of their coverage, and MAPIE's sets."""

import json

import numpy as np
import pytest
from scipy import stats

from atelier.calibration import SetParams, TemperatureScaling, cross_calibrated, set_tables
from atelier.calibration.conformal import (
    SET_METHODS,
    AdaptiveSets,
    LeastAmbiguousSets,
    RegularizedAdaptiveSets,
    coverage_law,
    coverage_rank,
    sets_from_record,
    sets_record,
)
from atelier.calibration.decisions import LEVELS, study_decisions

METHODS = {
    "lac": LeastAmbiguousSets,
    "aps": AdaptiveSets,
    "aps_randomized": lambda **options: AdaptiveSets(randomized=True, **options),
    "raps": RegularizedAdaptiveSets,
    "raps_randomized": lambda **options: RegularizedAdaptiveSets(randomized=True, **options),
}


def sample(rng, n, classes=5):
    """Probabilities, and labels drawn from others: the law does not need right probabilities."""
    probs = rng.dirichlet(np.full(classes, 0.4), size=n)
    flat = 0.5 * probs + 0.5 / classes
    return probs, (flat.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=classes - 1)


@pytest.mark.parametrize(
    ("n", "level", "rank"),
    [
        (9, 0.9, 9),
        (99, 0.9, 90),
        (999, 0.9, 900),
        (999, 0.999, 999),
        (9_999_999, 0.9, 9_000_000),
        (4, 0.7, 4),
        (9, 0.7, 7),
        (29, 0.7, 21),
        (8, 0.9, 9),
        (0, 0.5, 1),
    ],
)
def test_the_rank_is_counted_in_integers(n, level, rank):
    """(n + 1) · 0.7 = 21.000000000000004 for n = 29 in double precision, whose ceiling is 22."""
    assert coverage_rank(n, level) == rank


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_level_outside_0_and_1_is_an_error(level):
    with pytest.raises(ValueError, match="level of coverage"):
        LeastAmbiguousSets(level=level)


PROBS = np.array([[0.5, 0.3, 0.2], [0.1, 0.7, 0.2], [0.25, 0.35, 0.4], [0.6, 0.3, 0.1]])
LABELS = np.array([0, 1, 0, 1])
NEW = np.array([[0.45, 0.35, 0.2], [0.08, 0.12, 0.8], [0.34, 0.33, 0.33], [0.65, 0.28, 0.07]])


def test_sets_of_four_samples_are_those_by_hand():
    """Rank ⌈5 · 0.6⌉ = 3 of LAC's .5 .3 .75 .7, of APS' 0 0 .75 .6 and of RAPS' 0 0 1.15 .8."""
    lac = LeastAmbiguousSets(level=0.6).fit(PROBS, LABELS)
    np.testing.assert_allclose(lac.thresholds_, 0.7)
    assert lac.sets(NEW).tolist() == [
        [True, True, False], [False, False, True], [True, True, True], [True, False, False],
    ]  # fmt: skip
    aps = AdaptiveSets(level=0.6).fit(PROBS, LABELS)
    np.testing.assert_allclose(aps.thresholds_, 0.6)
    assert aps.sets(NEW).tolist() == [
        [True, True, False], [False, False, True], [True, True, True], [True, False, False],
    ]  # fmt: skip
    raps = RegularizedAdaptiveSets(level=0.6, penalty=0.2, free_ranks=1).fit(PROBS, LABELS)
    np.testing.assert_allclose(raps.thresholds_, 0.8)
    assert raps.sets(NEW).tolist() == [
        [True, True, False], [False, False, True], [True, True, True], [True, False, False],
    ]  # fmt: skip
    assert AdaptiveSets(level=0.4).fit(PROBS, LABELS).sets(NEW).sum(axis=1).tolist() == [1] * 4


def test_each_class_has_its_threshold_and_a_class_with_too_few_samples_is_in_every_set():
    """Scores 1 − p: .5 and .75 of class 0, .3 and .7 of class 1; rank ⌈3 · 0.6⌉ = 2."""
    lac = LeastAmbiguousSets(level=0.6, by_class=True).fit(PROBS, LABELS)
    np.testing.assert_allclose(lac.thresholds_, [0.75, 0.7, np.inf])
    assert lac.sets(NEW).tolist() == [
        [True, True, True], [False, False, True], [True, True, True], [True, False, True],
    ]  # fmt: skip


def test_where_fewer_samples_than_the_level_needs_are_held_out_sets_are_full():
    for method in METHODS.values():
        assert method(level=0.9).fit(PROBS, LABELS).sets(NEW).all()


def test_an_empty_set_becomes_the_most_probable_class_where_sets_may_not_be_empty():
    probs = np.array([[0.9, 0.1]] * 4)
    labels = np.zeros(4, np.int64)
    new = np.array([[0.6, 0.4], [0.95, 0.05]])
    assert LeastAmbiguousSets(level=0.5).fit(probs, labels).sets(new).tolist() == [
        [False, False], [True, False],
    ]  # fmt: skip
    filled = LeastAmbiguousSets(level=0.5, allow_empty=False).fit(probs, labels).sets(new)
    assert filled.tolist() == [[True, False], [True, False]]


@pytest.mark.parametrize("name", METHODS)
def test_coverage_over_draws_follows_the_beta_binomial_law(name):
    """600 draws of 60 held-out and 80 new samples; a χ² test over eight parts of the law."""
    rng = np.random.default_rng(3)
    held_out, new, level = 60, 80, 0.8
    covered = []
    for draw in range(600):
        probs, labels = sample(rng, held_out + new)
        options = {"seed": draw} if "randomized" in name else {}
        fitted = METHODS[name](level=level, **options).fit(probs[:held_out], labels[:held_out])
        covered.append(fitted.sets(probs[held_out:])[np.arange(new), labels[held_out:]].sum())
    law = stats.betabinom(new, 49, 12)  # rank ⌈61 · 0.8⌉ = 49
    edges = np.unique(law.ppf(np.arange(1, 8) / 8))
    shares = np.diff(np.concatenate([[0], law.cdf(edges), [1]]))
    counts = np.bincount(np.searchsorted(edges, covered), minlength=len(shares))
    assert stats.chisquare(counts, 600 * shares).pvalue > 0.001
    stated = coverage_law(held_out, level, new=new)
    assert stated.expected == pytest.approx(49 / 61)
    assert np.mean(covered) / new == pytest.approx(49 / 61, abs=0.01)
    assert law.cdf(stated.high * new) - law.cdf(stated.low * new - 1) == pytest.approx(
        0.95, abs=0.03
    )


@pytest.mark.parametrize("name", ["lac", "aps_randomized"])
def test_by_class_every_class_is_covered_where_one_threshold_fails_the_rare_class(name):
    rng = np.random.default_rng(5)
    share = {True: np.zeros(3), False: np.zeros(3)}
    draws, expected = 150, np.zeros(3)
    for draw in range(draws):
        labels = rng.choice(3, size=600, p=[0.6, 0.3, 0.1])
        strength = np.array([4.0, 2.0, 0.5])[labels]
        logits = rng.normal(size=(600, 3)) + strength[:, None] * np.eye(3)[labels]
        probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        counts = np.bincount(labels[:300], minlength=3)
        expected += [coverage_rank(n, 0.8) / (n + 1) for n in counts]
        for by_class in share:
            options = {"seed": draw} if "randomized" in name else {}
            fitted = METHODS[name](level=0.8, by_class=by_class, **options)
            inside = fitted.fit(probs[:300], labels[:300]).sets(probs[300:])
            hit = inside[np.arange(300), labels[300:]]
            share[by_class] += [hit[labels[300:] == k].mean() for k in range(3)]
    np.testing.assert_allclose(share[True] / draws, expected / draws, atol=0.02)
    assert share[False][2] / draws < 0.7


@pytest.mark.parametrize("name", METHODS)
def test_sets_grow_with_the_level_and_move_with_the_classes(name):
    probs, labels = sample(np.random.default_rng(1), 400)
    before = np.zeros((200, 5), bool)
    for level in (0.3, 0.5, 0.8, 0.9, 0.95, 0.99):
        inside = METHODS[name](level=level).fit(probs[:200], labels[:200]).sets(probs[200:])
        assert (inside >= before).all()
        before = inside
    order = np.array([3, 0, 4, 1, 2])  # the new column j is the old column order[j]
    moved = METHODS[name](level=0.99).fit(probs[:200, order], np.argsort(order)[labels[:200]])
    np.testing.assert_array_equal(moved.sets(probs[200:, order]), before[:, order])


@pytest.mark.parametrize("name", METHODS)
def test_sets_are_prefixes_of_the_classes_by_probability_and_ties_stay_together(name):
    rng = np.random.default_rng(2)
    counts = rng.multinomial(6, np.full(5, 0.2), size=500)  # many equal probabilities
    probs, labels = counts / 6, rng.integers(0, 5, 500)
    inside = METHODS[name](level=0.7).fit(probs[:250], labels[:250]).sets(probs[250:])
    for row, members in zip(probs[250:], inside, strict=True):
        if members.any():
            np.testing.assert_array_equal(members, row >= row[members].min())


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("name", ["aps", "raps"])
def test_adaptive_sets_are_those_of_the_scores_one_class_at_a_time(name, by_class):
    """A second computation: each class' score from its definition, compared with the threshold."""
    probs, labels = sample(np.random.default_rng(8), 160)
    fitted = METHODS[name](level=0.8, by_class=by_class).fit(probs[:100], labels[:100])
    penalty, free = (0.1, 2) if name == "raps" else (0.0, 0)

    def score(row, label):
        larger = row[row > row[label]]
        rank = len(larger) + 1
        return larger.sum() + penalty * max(0, rank - free)

    held_out = np.array([score(*pair) for pair in zip(probs[:100], labels[:100], strict=True)])
    for label, threshold in enumerate(fitted.thresholds_):
        group = np.sort(held_out[labels[:100] == label] if by_class else held_out)
        rank = -(-(len(group) + 1) * 8 // 10)
        assert threshold == pytest.approx(group[rank - 1] if rank <= len(group) else np.inf)
    direct = np.array([[score(row, k) for k in range(5)] for row in probs[100:]])
    clear = np.abs(direct - fitted.thresholds_) > 1e-12
    np.testing.assert_array_equal(
        fitted.sets(probs[100:])[clear], (direct <= fitted.thresholds_)[clear]
    )


def planted(start, n):
    """Probabilities from integers, the same in every program."""
    rows = []
    for i in range(start, start + n):
        weights = [37 * i % 29 + 1, 53 * i % 17 + 31 + i % 3, 11 * i % 7 + 70, 41 + i * 5 % 13]
        rows.append(np.roll(weights, i % 4) / sum(weights))
    probs = np.array(rows)
    drawn = np.array([0, 1, 2, 3, 0])[np.arange(n) * 7 % 5]
    return probs, np.where(np.arange(n) % 3 > 0, probs.argmax(axis=1), drawn)


MAPIE = {
    "lac": (0.73372781, ["0010", "0011", "1000", "0110", "0010", "1001", "1100", "0100"]),
    "aps": (0.63966575, ["0011", "0011", "1101", "0110", "0011", "1001", "1100", "0110"]),
}
"""MAPIE 1.6.0: `SplitConformalClassifier(confidence_level=0.8, random_state=0)` of the 60 planted
rows from 0 and the 8 from 1000; APS with `include_last_label="randomized"`."""


@pytest.mark.parametrize("name", MAPIE)
def test_sets_equal_those_of_mapie(name, monkeypatch):
    """MAPIE takes u · p away from the sum, this project adds it: u here is 1 − u there."""

    def uniforms(_self, n, _stream):
        return 1 - np.random.RandomState(0).uniform(size=n)

    monkeypatch.setattr(AdaptiveSets, "_uniforms", uniforms)
    fitted = METHODS[name](level=0.8).fit(*planted(0, 60))
    threshold, sets = MAPIE[name]
    np.testing.assert_allclose(fitted.thresholds_, threshold, rtol=1e-7)
    members = fitted.sets(planted(1000, 8)[0])
    assert ["".join(map(str, row.astype(int))) for row in members] == sets


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_sets_of_a_record_are_the_same_sets(name, by_class):
    probs, labels = sample(np.random.default_rng(4), 60)
    fitted = METHODS[name](level=0.9, by_class=by_class).fit(probs, labels)
    again = sets_from_record(json.loads(json.dumps(sets_record(fitted), allow_nan=False)))
    assert type(again) is type(fitted)
    np.testing.assert_array_equal(again.sets(probs), fitted.sets(probs))


def test_what_is_no_record_or_not_fitted_is_an_error():
    with pytest.raises(ValueError, match="Expected one of lac, aps, raps"):
        sets_from_record({"method": "guess"})
    with pytest.raises(ValueError, match="Expected the state of lac"):
        sets_from_record({"method": "lac", "level": 0.9})
    with pytest.raises(ValueError, match="Expected fitted sets"):
        sets_record(LeastAmbiguousSets())
    with pytest.raises(ValueError, match="Expected fit before sets"):
        LeastAmbiguousSets().sets(PROBS)
    with pytest.raises(ValueError, match=r"Expected probs \(n, 3\)"):
        LeastAmbiguousSets().fit(PROBS, LABELS).sets(PROBS[:, :2] / PROBS[:, :2].sum(1)[:, None])
    with pytest.raises(ValueError, match="Expected a penalty"):
        RegularizedAdaptiveSets(penalty=-1)


def test_every_method_has_a_short_name():
    assert list(SET_METHODS) == ["lac", "aps", "raps"]


@pytest.mark.parametrize("counts", [(-1, 10), (9.5, 10), (9, 0), (np.inf, 10), (9, np.nan)])
def test_a_law_of_coverage_needs_whole_numbers_of_samples(counts):
    held_out, new = counts
    with pytest.raises(ValueError, match="Expected whole numbers"):
        coverage_law(held_out, 0.9, new=new)


def test_rows_of_another_number_are_not_calibrated_across():
    fitted = TemperatureScaling().fit(np.eye(4), np.arange(4))
    with pytest.raises(ValueError, match=r"Expected labels of shape \(4,\)"):
        cross_calibrated(fitted, np.eye(4), np.arange(3), folds=2, seed=0)


def test_ranks_from_the_fourth_on_stand_in_one_row():
    """Of six classes each rank has a label of its own; ranks 4, 5 and 6 are counted together."""
    rng = np.random.default_rng(0)
    held_out = sample(rng, 200, classes=6)
    probs = np.tile([0.4, 0.25, 0.15, 0.1, 0.06, 0.04], (12, 1))
    params = SetParams(
        levels=(0.9,), method="lac", level=0.9, by_class=False, allow_empty=False,
        penalty=0.1, free_ranks=2, folds=2, seed=0,
    )  # fmt: skip
    _, ranks = set_tables(held_out, (probs, np.tile(np.arange(6), 2)), params)
    counts = ranks[ranks["method"] == "aps"].set_index("rank")["n"]
    assert counts.to_dict() == {1: 2, 2: 2, 3: 2, 4: 6}


def test_ones_own_logits_have_the_sets_of_raps_with_a_tenth_from_the_third_rank():
    rng = np.random.default_rng(1)
    parts = {}
    for part in ("calibration", "test"):
        logits = rng.normal(size=(300, 8))
        parts[f"{part}_logits"] = logits
        parts[f"{part}_labels"] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    calibrator = TemperatureScaling().fit(parts["calibration_logits"], parts["calibration_labels"])
    decisions = study_decisions(
        parts, calibrator, temperature=1.0, density=None, folds=3, resamples=20, seed=0
    )
    held_out = cross_calibrated(
        calibrator, parts["calibration_logits"], parts["calibration_labels"], folds=3, seed=0
    )
    for level in LEVELS:
        sets = RegularizedAdaptiveSets(level=level, penalty=0.1, free_ranks=2)
        members = sets.fit(held_out, parts["calibration_labels"]).sets(
            calibrator.transform(parts["test_logits"])
        )
        row = decisions.sets.query("method == 'raps' and level == @level").iloc[0]
        assert row["mean_size"] == pytest.approx(members.sum(axis=1).mean())


def test_new_rows_have_other_random_numbers_than_held_out_ones():
    """With the same numbers, sets of the held-out rows themselves would cover the rank exactly."""
    probs, labels = sample(np.random.default_rng(5), 400)
    sets = AdaptiveSets(level=0.8, randomized=True).fit(probs, labels)
    covered = sets.sets(probs)[np.arange(400), labels].sum()
    assert covered != coverage_rank(400, 0.8)
