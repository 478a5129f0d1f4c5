"""Training in the plane of two learning rates: laws, values by hand, and a second program."""

import numpy as np
import pytest

from atelier.trainability.params import TwoLayerParams
from atelier.trainability.problem import TrainingProblem, draw_problem
from atelier.trainability.training import train_members

ACTIVATIONS = {
    "tanh": (lambda z: np.tanh(np.sqrt(2) * z), lambda h: np.sqrt(2) * (1 - h**2)),
    "relu": (lambda z: np.sqrt(2) * np.maximum(z, 0), lambda h: np.sqrt(2) * (h > 0)),
    "identity": (lambda z: z, np.ones_like),
}
"""Functions, and their derivatives as functions of their values."""


def params(**changes):
    given = {
        "width": 4, "nonlinearity": "tanh", "examples": None, "batch": None, "steps": 60,
        "precision": "float32", "seeds": (0,),
    }  # fmt: skip
    return TwoLayerParams(**given | changes)


def measures(problem, first, last, **changes):
    given = {"nonlinearity": "tanh", "steps": 60}
    rates = np.broadcast_arrays(np.atleast_1d(first), np.atleast_1d(last))
    return train_members(problem, *map(np.ascontiguousarray, rates), **given | changes)


def reference(problem, first_rate, last_rate, nonlinearity, steps):
    """Trains one member in NumPy, with a gradient derived by hand."""
    activate, slope = ACTIVATIONS[nonlinearity]
    x, y = problem.inputs, problem.targets
    w, v = problem.first_weights.copy(), problem.last_weights.copy()
    n, losses = len(v), []
    for step in range(steps):
        losses.append(np.mean((activate(x @ w / np.sqrt(n)) @ v / n - y) ** 2))
        rows = slice(None) if problem.batches is None else problem.batches[step]
        hidden = activate(x[rows] @ w / np.sqrt(n))
        errors = 2 * (hidden @ v / n - y[rows]) / len(hidden) / n
        by_sums = errors[:, None] * v * slope(hidden) / np.sqrt(n)
        w, v = w - first_rate * x[rows].T @ by_sums, v - last_rate * hidden.T @ errors
    relative = np.minimum(np.array(losses) / losses[0], 1e6)
    return -relative.sum() if relative[-20:].mean() < 1 else (1 / relative).sum()


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "identity"])
@pytest.mark.parametrize("batch", [None, 5])
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-4), ("float64", 1e-10)])
def test_every_member_has_the_measure_of_a_second_program(
    nonlinearity, batch, precision, tolerance
):
    problem = draw_problem(params(nonlinearity=nonlinearity, batch=batch), 3)
    first, last = np.array([0.1, 0.5, 0.2, 0.0]), np.array([0.3, 0.1, 1.0, 12.0])
    expected = [
        reference(problem, *rates, nonlinearity, 60) for rates in zip(first, last, strict=True)
    ]
    found = measures(problem, first, last, nonlinearity=nonlinearity, precision=precision)
    np.testing.assert_allclose(found, expected, rtol=tolerance)
    assert set(np.sign(found)) == {-1, 1}


def test_with_one_weight_the_border_lies_at_two_over_the_curvature():
    one = np.ones((1, 1))
    problem = TrainingProblem(one, np.array([3.0]), one, np.ones(1), None)
    curvature = 2  # the loss is (v − 3)²
    found = measures(
        problem, 0.0, 2 / curvature * np.array([0.5, 0.999, 1.001, 1.5]), nonlinearity="identity"
    )
    np.testing.assert_array_equal(found < 0, [True, True, False, False])


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "identity"])
def test_with_a_fixed_first_layer_the_border_lies_at_two_over_the_largest_eigenvalue(nonlinearity):
    problem = draw_problem(params(nonlinearity=nonlinearity), 1)
    hidden = ACTIVATIONS[nonlinearity][0](problem.inputs @ problem.first_weights / 2)
    hessian = 2 * hidden.T @ hidden / len(hidden) / 4**2
    border = 2 / np.linalg.eigvalsh(hessian)[-1]
    rates = border * np.array([0.9, 0.98, 1.02, 1.1])
    found = measures(problem, 0.0, rates, nonlinearity=nonlinearity, steps=1000)
    np.testing.assert_array_equal(found < 0, [True, True, False, False])


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "identity"])
def test_small_rates_converge_and_large_ones_diverge(nonlinearity):
    problem = draw_problem(params(nonlinearity=nonlinearity), 0)
    small, large = np.logspace(-4, -1, 10), np.logspace(4, 8, 10)
    assert (measures(problem, small, small, nonlinearity=nonlinearity) < 0).all()
    assert (measures(problem, large, large, nonlinearity=nonlinearity) > 0).all()


def test_without_learning_the_loss_stays_and_nothing_has_converged():
    problem = draw_problem(params(), 0)
    np.testing.assert_allclose(measures(problem, 0.0, 0.0), 60)


@pytest.mark.parametrize("members", [1, 40])
def test_a_loss_that_is_not_finite_counts_as_a_million_from_then_on(members):
    problem = draw_problem(params(), 0)
    found = measures(problem, np.full(members, 1e30), 1e30)
    np.testing.assert_allclose(found, 1 + 59e-6, rtol=1e-6)  # the loss before the first step: 1


def test_fast_convergence_is_nearer_to_zero_than_slow():
    problem = draw_problem(params(nonlinearity="identity", examples=40), 0)
    slow, fast = measures(problem, [0.01, 0.3], [0.01, 0.3], nonlinearity="identity")
    assert slow < fast < 0


def test_the_number_of_threads_changes_no_measure():
    problem = draw_problem(params(), 0)
    rates = np.logspace(-2, 4, 150)
    one, three = (measures(problem, rates, rates[::-1], threads=n) for n in (1, 3))
    np.testing.assert_array_equal(one, three)


def test_a_training_shorter_than_the_last_steps_is_judged_by_all_of_them():
    problem = draw_problem(params(), 0)
    small, large = measures(problem, [0.01, 1e6], [0.01, 1e6], steps=5)
    assert small < 0 < large


def test_the_problem_has_the_sizes_of_the_paper():
    assert draw_problem(params(width=16), 0).inputs.shape == (272, 16)
    assert draw_problem(params(nonlinearity="identity"), 0).inputs.shape == (4, 4)
    assert draw_problem(params(examples=1), 0).targets.shape == (1,)
    batches = draw_problem(params(batch=7), 0).batches
    assert batches.shape == (60, 7)
    assert batches.min() >= 0
    assert batches.max() < 20


def test_another_seed_is_another_problem_and_the_same_seed_is_the_same():
    first, again, other = (draw_problem(params(), seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert not np.array_equal(first.inputs, other.inputs)


def test_rates_of_two_lengths_or_none_are_an_error():
    problem = draw_problem(params(), 0)
    for first, last in ((np.ones(2), np.ones(3)), (np.ones(0), np.ones(0)), (np.ones((1, 1)),) * 2):
        with pytest.raises(ValueError, match="Expected two arrays of rates"):
            train_members(problem, first, last, nonlinearity="tanh", steps=1)
