"""Derivatives against values worked by hand."""

import numpy as np
import pytest

from atelier.gradients.derivatives import (
    EXAMPLES,
    STEPS,
    automatic_gradient,
    derivative_table,
    numerical_gradient,
    step_size_errors,
    symbolic_gradient,
)

ANSWERS = {
    "line": [2, -1],
    "wave": [-0.9899924966, -75],
    "product": [7, 6],
    "custom sine": [-0.9899924966],
}


@pytest.mark.parametrize(("name", "answer"), ANSWERS.items())
def test_every_method_gives_the_derivatives_worked_by_hand(name, answer):
    example = EXAMPLES[name]
    np.testing.assert_allclose(symbolic_gradient(example)[1], answer, rtol=1e-9)
    np.testing.assert_allclose(automatic_gradient(example), answer, rtol=1e-9)
    table = derivative_table()
    rows = table[table["function"] == example.formula]
    for method, tolerance in (("forward", 1e-6), ("central", 1e-9), ("complex step", 1e-12)):
        np.testing.assert_allclose(rows[method], answer, rtol=tolerance)


def test_at_a_kink_the_methods_differ():
    kink = EXAMPLES["kink"]
    assert automatic_gradient(kink) == pytest.approx([0.2])
    row = derivative_table().set_index("function").loc[kink.formula]
    assert row["central"] == pytest.approx(0.6)
    assert row["forward"] == pytest.approx(1.0)


@pytest.mark.parametrize(("method", "power"), [("forward", 1 / 2), ("central", 1 / 3)])
def test_the_error_is_least_near_the_step_of_theory(method, power):
    curve = step_size_errors(EXAMPLES["wave"], np.logspace(-14, -1, 66))
    rows = curve[curve["method"] == method]
    best = rows["step"].iloc[int(np.convolve(np.log(rows["error"]), np.ones(5), "same").argmin())]
    assert abs(np.log10(best) - np.log10(STEPS[method])) < 1.5
    assert STEPS[method] == pytest.approx(2.0 ** (-52 * power))


def test_the_numerical_gradient_of_a_vector_function_uses_the_step_it_is_given():
    slope = numerical_gradient(lambda p: p[0] ** 2, [3.0], method="forward", step=0.5)
    assert slope == pytest.approx([6.5])  # ((3.5)² − 3²) / .5
