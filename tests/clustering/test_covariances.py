"""The inverse of triangular matrices, against SciPy's and the definition."""

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from atelier.clustering.covariances import invert_lower_triangular


def test_by_hand():
    inverses = invert_lower_triangular(np.array([[2.0, 0.0], [1.0, 4.0]]))
    np.testing.assert_array_equal(inverses, [[0.5, 0.0], [-0.125, 0.25]])


@pytest.mark.parametrize("dimensions", [1, 2, 3, 10, 47])
def test_it_is_scipys_for_a_whole_stack(dimensions):
    rng = np.random.default_rng(dimensions)
    scatter = rng.normal(size=(4, dimensions, 2 * dimensions + 1))
    factors = np.linalg.cholesky(scatter @ scatter.swapaxes(1, 2))
    inverses = invert_lower_triangular(factors)
    for inverse, factor in zip(inverses, factors, strict=True):
        wanted = solve_triangular(factor, np.eye(dimensions), lower=True)
        np.testing.assert_allclose(inverse, wanted, rtol=1e-9, atol=1e-12)
    identity = np.broadcast_to(np.eye(dimensions), inverses.shape)
    np.testing.assert_allclose(inverses @ factors, identity, atol=1e-9)
    assert not np.triu(inverses, 1).any()
