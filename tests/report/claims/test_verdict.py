"""The rule of the verdicts, by cases whose answer is written by hand."""

import pytest

from atelier.report.claims.verdict import decide

CASES = [
    # kind, number, low, high, theirs, verdict
    ("equals", 5.0, 4.0, 6.0, 4.5, "reproduced"),
    ("equals", 5.0, 4.0, 6.0, 6.5, "not reproduced"),
    ("equals", 34.0, None, None, 29.0, "not reproduced"),
    ("equals", 3.0, None, None, 3.0, "reproduced"),
    ("at least", 0.99, 0.985, 0.995, 0.984, "reproduced"),
    ("at least", 0.99, 0.983, 0.995, 0.984, "partly"),
    ("at least", 0.97, 0.96, 0.98, 0.984, "not reproduced"),
    ("at most", 1.19, 1.00, 1.42, 0.94, "not reproduced"),
    ("at most", 0.57, 0.44, 0.74, 0.45, "partly"),
    ("at most", 0.30, 0.20, 0.40, 0.45, "reproduced"),
    ("above zero", 0.06, 0.04, 0.09, None, "reproduced"),
    ("above zero", 0.06, -0.01, 0.09, None, "partly"),
    ("above zero", -0.06, -0.09, -0.01, None, "not reproduced"),
    ("above zero", 0.0, None, None, None, "partly"),
    ("below zero", -0.06, -0.09, -0.01, None, "reproduced"),
    ("below zero", 0.06, 0.01, 0.09, None, "not reproduced"),
    ("ordering", 1.0, 1.0, 1.0, None, "reproduced"),
    ("ordering", 0.9, 0.5, 1.0, None, "partly"),
    ("ordering", 0.9, 0.5, 0.9, None, "not reproduced"),
]


@pytest.mark.parametrize(("kind", "number", "low", "high", "theirs", "verdict"), CASES)
def test_the_verdict_follows_from_the_interval(kind, number, low, high, theirs, verdict):
    assert decide(kind, number, low=low, high=high, theirs=theirs) == verdict


def test_a_number_of_other_data_says_nothing():
    assert decide("above zero", 1.0, low=0.9, high=1.1, comparable=False) == "not comparable"


@pytest.mark.parametrize("kind", ["above zero", "below zero"])
@pytest.mark.parametrize("number", [-0.1, 0.1])
def test_one_pair_of_trainings_decides_nothing(kind, number):
    assert decide(kind, number, n=1) == "partly"
    assert decide(kind, number, n=2) != "partly"


def test_a_tolerance_forgives_rounding_and_no_more():
    assert decide("equals", -0.98999, theirs=-0.9899925, tolerance=1e-5) == "reproduced"
    assert decide("equals", -0.98999, theirs=-0.9899925, tolerance=1e-6) == "not reproduced"


def test_a_claim_of_a_number_needs_the_number():
    with pytest.raises(ValueError, match="Expected their number of a claim 'at least'"):
        decide("at least", 1.0)
