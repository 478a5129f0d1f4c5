"""Scores of out-of-distribution detection: hand values, laws, and values of another program."""

import numpy as np
import pytest
from scipy.special import softmax

from atelier.out_of_distribution.activation_scores import (
    ActivationScaling,
    ActivationShaping,
    ReAct,
)
from atelier.out_of_distribution.base import LastLayer, NetworkOutputs
from atelier.out_of_distribution.density_scores import DensityPosterior, LogitDensity
from atelier.out_of_distribution.direction_scores import BoundaryDistance, HopfieldEnergy
from atelier.out_of_distribution.distance_scores import (
    Mahalanobis,
    NormalizedMahalanobis,
    RelativeMahalanobis,
)
from atelier.out_of_distribution.logit_scores import (
    Energy,
    GeneralizedEntropy,
    KLMatching,
    MaxLogit,
    MaxSoftmax,
    NegativeEntropy,
    TemperatureSoftmax,
)
from atelier.out_of_distribution.neighbour_scores import NearestNeighbours, NeighbourGuidance
from atelier.out_of_distribution.scores import SCORES, fit_scores, score_images
from atelier.out_of_distribution.subspace_scores import Residual, VirtualLogit


def planted():
    """Returns 60 training and 4 other images of 3 classes with 8 features ≥ 0, by formulas."""
    rows, columns = np.arange(60)[:, None], np.arange(8)[None]
    labels = np.arange(60) % 3
    noise = np.mod(1000 * np.sin(rows + 60.0 * columns), 1)
    features = 2.0 * (columns % 3 == labels[:, None]) + noise
    others = 3.0 * np.mod(1000 * np.cos(np.arange(4)[:, None] + 4.0 * columns), 1)
    ripple = 0.2 * np.cos(np.arange(24.0)).reshape(8, 3)
    last_layer = LastLayer(np.eye(3)[np.arange(8) % 3] - ripple, np.array([0.1, -0.2, 0.3]))
    return features, labels, others, last_layer


def fitted(score, features=None):
    train, labels, _, last_layer = planted()
    train = train if features is None else features
    return score.fit(train, last_layer.logits(train), labels, last_layer)


def planted_score(score):
    """Returns the scores of the four other images."""
    _, _, others, last_layer = planted()
    return fitted(score).score(others, last_layer.logits(others))


PEER = {
    "softmax": (MaxSoftmax(), [0.4666309, 0.952564673, 0.962452923, 0.949348949]),
    "max_logit": (MaxLogit(), [3.51299649, 7.26233927, 6.66240244, 6.81049013]),
    "energy": (Energy(), [4.27521319, 7.31093654, 6.70067257, 6.86246898]),
    "entropy": (NegativeEntropy(), [-0.96631927, -0.217094047, -0.173088276, -0.221528026]),
    "gen": (GeneralizedEntropy(), [-2.53297463, -2.08697374, -2.00427587, -2.07740951]),
    "kl": (KLMatching(), [-2.08035709, -0.0633352514, -0.0439535241, -0.0639067763]),
    "mahalanobis": (Mahalanobis(), [-146.056357, -80.6284614, -76.0395227, -68.1413971]),
    "mahalanobis_plus": (
        NormalizedMahalanobis(),
        [-199.29682, -59.7284379, -54.8972447, -49.5161157],
    ),
    "relative": (RelativeMahalanobis(), [-58.5224667, -21.8262896, -12.9530144, -3.38101202]),
    "knn": (
        NearestNeighbours(neighbours=5),
        [-0.761247884, -0.434781537, -0.433079037, -0.446980225],
    ),
    "vim": (VirtualLogit(dimensions=4), [-23.4275231, -13.4665707, -18.4638601, -16.8679052]),
    "she": (HopfieldEnergy(), [10.3117803, 21.2570339, 21.1101831, 20.2868303]),
    "fdbd": (BoundaryDistance(), [0.153631705, 0.568923468, 0.586265763, 0.580124027]),
    "nnguide": (
        NeighbourGuidance(neighbours=5),
        [24.0022623, 53.2648553, 46.4963965, 49.4979625],
    ),
    "ash": (ActivationShaping(pruned=0.75), [20.3239986, 37.2831616, 26.1637505, 28.9477857]),
    "scale": (ActivationScaling(pruned=0.75), [26.7052707, 90.8692535, 64.3566642, 72.4220138]),
    "react": (ReAct(), [4.27521319, 7.15223235, 6.65772864, 6.84295337]),
}
"""What pytorch-ood 0.4.0 says of the planted images, with its sign turned. Its sums of squares are
not divided by n, nor GEN's sum multiplied by the classes: both factors are taken out. It adds 1e-6
to the diagonal of its scatter matrices."""


@pytest.mark.parametrize("name", PEER)
def test_a_score_is_that_of_pytorch_ood(name):
    score, values = PEER[name]
    tolerance = 1e-5 if "mahalanobis" in name or name == "relative" else 1e-7
    np.testing.assert_allclose(planted_score(score), values, rtol=tolerance)


@pytest.mark.parametrize("name", [name for name in SCORES if name != "residual"])
def test_training_images_score_higher_than_weak_noise(name):
    """But for the residual, which is short where the feature is."""
    train, labels, _, last_layer = planted()
    noise = 1.0 * np.mod(777 * np.sin(np.arange(320.0)), 1).reshape(40, 8) ** 4
    logits = last_layer.logits(train) + np.sin(np.arange(180)).reshape(60, 3)
    outputs = NetworkOutputs(train, logits, np.where(np.arange(60) == 7, 0, labels))
    score = fit_scores(outputs, outputs, last_layer, [name])
    inside = score_images(score, train, logits)
    outside = score_images(score, noise, last_layer.logits(noise))
    assert inside.shape == (1, 60)
    assert np.median(inside) > np.median(outside)


def test_the_peer_misses_no_score_but_those_of_other_rooms_and_the_residual():
    by_hand = {"temperature", "posterior", "log_density", "residual"}
    assert len(SCORES) == len(PEER) + len(by_hand)


@pytest.mark.parametrize("name", SCORES)
def test_single_precision_gives_the_same_score(name):
    train, labels, others, last_layer = planted()
    labels = np.where(np.arange(60) == 7, 0, labels)  # no split is separable
    values = []
    for kind in (np.float64, np.float32):
        layer = LastLayer(last_layer.weights.astype(kind), last_layer.bias.astype(kind))
        few, more = (array.astype(kind) for array in (others, train))
        logits = (last_layer.logits(array).astype(kind) for array in (more, few))
        score = SCORES[name]().fit(more, next(logits), labels, layer)
        values.append(score.score(few, next(logits)))
    assert values[1].dtype == np.float64
    np.testing.assert_allclose(values[1], values[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SCORES)
def test_constant_features_and_fewer_images_than_dimensions_give_finite_scores(name):
    train, labels, others, last_layer = planted()
    constant = [np.hstack([array, np.zeros((len(array), 20)), np.ones((len(array), 20))])
                for array in (train, others)]  # fmt: skip
    weights = np.vstack([last_layer.weights, np.zeros((40, 3))])
    layer = LastLayer(weights, last_layer.bias)
    labels = np.where(np.arange(60) == 7, 0, labels)
    logits = layer.logits(constant[0])
    few = slice(0, 12)  # of 48 dimensions
    score = SCORES[name]().fit(constant[0][few], logits[few], labels[few], layer)
    for features in (*constant, np.zeros((2, 48))):
        assert np.isfinite(score.score(features, layer.logits(features))).all()


@pytest.mark.parametrize("score", [Mahalanobis, RelativeMahalanobis, NormalizedMahalanobis])
def test_constant_features_do_not_change_a_mahalanobis_distance(score):
    train, labels, others, last_layer = planted()
    padded = [np.hstack([array, np.zeros((len(array), 3))]) for array in (train, others)]
    layer = LastLayer(np.vstack([last_layer.weights, np.zeros((3, 3))]), last_layer.bias)
    wide = score().fit(padded[0], layer.logits(padded[0]), labels, layer)
    np.testing.assert_allclose(
        wide.score(padded[1], layer.logits(padded[1])), planted_score(score()), rtol=1e-8
    )


@pytest.mark.parametrize(
    "name",
    ["mahalanobis", "mahalanobis_plus", "relative_mahalanobis", "knn", "residual", "vim", "she",
     "fdbd", "nnguide"],
)  # fmt: skip
def test_scores_of_features_are_invariant_under_rotations(name):
    train, labels, others, last_layer = planted()
    rotation, _ = np.linalg.qr(np.sin(np.arange(64.0) ** 2).reshape(8, 8))
    turned = LastLayer(rotation.T @ last_layer.weights, last_layer.bias)
    features = train @ rotation
    score = SCORES[name]().fit(features, turned.logits(features), labels, turned)
    rotated = score.score(others @ rotation, turned.logits(others @ rotation))
    np.testing.assert_allclose(rotated, planted_score(SCORES[name]()), rtol=1e-7)


@pytest.mark.parametrize("name", ["mahalanobis", "relative_mahalanobis"])
def test_a_mahalanobis_distance_is_invariant_under_invertible_linear_maps(name):
    train, labels, others, last_layer = planted()
    shear = np.eye(8) + np.triu(np.ones((8, 8)), 1) + np.diag(np.arange(8.0))
    layer = LastLayer(np.linalg.solve(shear, last_layer.weights), last_layer.bias)
    score = SCORES[name]().fit(train @ shear, last_layer.logits(train), labels, layer)
    mapped = score.score(others @ shear, last_layer.logits(others))
    np.testing.assert_allclose(mapped, planted_score(SCORES[name]()), rtol=1e-7)


@pytest.mark.parametrize("name", ["mahalanobis_plus", "knn"])
def test_scores_of_unit_features_ignore_their_length(name):
    _, _, others, last_layer = planted()
    score = fitted(SCORES[name]())
    logits = last_layer.logits(others)
    np.testing.assert_allclose(
        score.score(others * np.array([[0.1], [2], [30], [400]]), logits),
        score.score(others, logits),
        rtol=1e-9,
    )


@pytest.mark.parametrize("name", ["softmax", "entropy", "gen", "kl_matching", "temperature"])
def test_scores_of_probabilities_ignore_a_constant_on_all_logits(name):
    _, _, others, last_layer = planted()
    score, logits = fitted(SCORES[name]()), last_layer.logits(others)
    np.testing.assert_allclose(
        score.score(others, logits + 50), score.score(others, logits), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("name", SCORES)
def test_saturated_logits_give_finite_scores(name):
    train, labels, others, last_layer = planted()
    logits = last_layer.logits(train)
    logits[:6] = 1e4 * np.sign(logits[:6] - 3)
    score = SCORES[name]().fit(train, logits, np.where(np.arange(60) == 7, 0, labels), last_layer)
    extreme = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [0, 0, 0]])
    assert np.isfinite(score.score(others, extreme)).all()


def test_a_mahalanobis_distance_by_hand():
    """Two classes about (0, 0) and (10, 0), with variance 1 along x and 4 along y."""
    steps = np.array([[1.0, 2.0], [-1.0, 2.0], [1.0, -2.0], [-1.0, -2.0]])
    features, labels = np.concatenate([steps, steps + np.array([10, 0])]), np.repeat([0, 1], 4)
    layer = LastLayer(np.eye(2), np.zeros(2))
    score = Mahalanobis().fit(features, features, labels, layer)
    points = np.array([[0.0, 0.0], [3.0, 0.0], [10.0, 4.0], [5.0, 0.0]])
    np.testing.assert_allclose(score.score(points, points), [0, -9, -4, -25], atol=1e-9)
    overall = RelativeMahalanobis().fit(features, features, labels, layer)
    relative = overall.score(points[:1], points[:1])  # mean (5, 0), variance 26 along x
    np.testing.assert_allclose(relative, [25 / 26], rtol=1e-9)


def test_a_virtual_logit_by_hand():
    """One principal direction, x; the residual is |y|, on average 1 where logits have mean 3."""
    features = np.array([[6.0, 1.0], [-6.0, 1.0], [6.0, -1.0], [-6.0, -1.0]])
    layer = LastLayer(np.array([[0.5, -0.5], [0.0, 0.0]]), np.zeros(2))
    logits, labels = layer.logits(features), np.array([0, 1, 0, 1])
    score = VirtualLogit(dimensions=1).fit(features, logits, labels, layer)
    assert score.alpha == pytest.approx(3)
    point = np.array([[0.0, 2.0]])
    assert score.score(point, np.zeros((1, 2))) == pytest.approx(np.log(2) - 6)
    residual = Residual(dimensions=1).fit(features, logits, labels, layer)
    assert residual.score(point, np.zeros((1, 2))) == pytest.approx(-2)


def test_without_any_residual_vim_is_the_energy():
    features = np.array([[6.0, 0.0], [-6.0, 0.0]])
    layer = LastLayer(np.array([[0.5, -0.5], [0.0, 0.0]]), np.zeros(2))
    logits, labels = layer.logits(features), np.array([0, 1])
    score = VirtualLogit(dimensions=1).fit(features, logits, labels, layer)
    assert score.score(features + np.array([0, 1]), logits) == pytest.approx(
        Energy().score(features, logits)
    )


def test_the_boundary_distance_by_hand():
    """Weights (1, 0) and (−1, 0): the boundary is x = 0, at a distance of |x|."""
    features = np.array([[1.0, 0.0], [-1.0, 0.0]])
    layer = LastLayer(np.array([[1.0, -1.0], [0.0, 0.0]]), np.zeros(2))
    score = BoundaryDistance().fit(features, layer.logits(features), np.array([0, 1]), layer)
    points = np.array([[3.0, 4.0], [0.0, 2.0], [0.0, 0.0]])
    np.testing.assert_allclose(score.score(points, layer.logits(points)), [0.6, 0, 0])


def test_a_class_without_weights_of_its_own_has_no_boundary():
    layer = LastLayer(np.ones((2, 2)), np.zeros(2))
    score = BoundaryDistance().fit(np.eye(2), layer.logits(np.eye(2)), np.array([0, 1]), layer)
    assert score.score(np.eye(2), layer.logits(np.eye(2))).tolist() == [0, 0]


def test_a_hopfield_pattern_is_the_mean_of_the_images_that_are_classified_correctly():
    features = np.array([[2.0, 0.0], [4.0, 0.0], [0.0, 5.0], [1.0, 1.0]])
    logits = np.array([[1.0, 0, 0], [1.0, 0, 0], [1.0, 0, 0], [0.0, 1, 0]])
    labels = np.array([0, 0, 1, 2])  # class 1 and 2 are never right
    layer = LastLayer(np.ones((2, 3)), np.zeros(3))
    score = HopfieldEnergy().fit(features, logits, labels, layer)
    np.testing.assert_allclose(score.patterns, [[3, 0], [0, 5], [1, 1]])
    absent = HopfieldEnergy().fit(features[:2], logits[:2], labels[:2], layer)
    assert absent.score(features[3:], logits[3:]).tolist() == [0]


def test_the_typical_posterior_is_the_mean_of_the_class():
    logits = np.log(np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]]))
    layer = LastLayer(np.ones((1, 2)), np.zeros(2))
    score = KLMatching().fit(np.ones((3, 1)), logits, np.array([0, 0, 1]), layer)
    np.testing.assert_allclose(np.exp(score.log_typical), [[0.7, 0.3], [0.1, 0.9]])
    same = np.log(np.array([[0.7, 0.3]]))
    np.testing.assert_allclose(score.score(np.ones((1, 1)), same), [0], atol=1e-12)


def test_pruning_nothing_and_a_high_ceiling_leave_the_energy():
    _, _, others, last_layer = planted()
    logits = last_layer.logits(others)
    np.testing.assert_allclose(
        planted_score(ActivationScaling(pruned=0)),
        Energy().score(others, last_layer.logits(others * np.e)),
    )
    beyond = np.minimum(others, planted()[0].max())
    np.testing.assert_allclose(
        planted_score(ReAct(quantile=1)), Energy().score(others, last_layer.logits(beyond))
    )
    assert len(logits) == 4


def test_the_neighbours_come_in_blocks_of_any_number():
    train, _, _, last_layer = planted()
    many = np.tile(train, (9, 1))  # more than two blocks
    score = fitted(NearestNeighbours(neighbours=4))
    units = train / np.linalg.norm(train, axis=1, keepdims=True)
    distances = np.sort(np.linalg.norm(units[:, None] - units[None], axis=2), axis=1)[:, 3]
    np.testing.assert_allclose(
        score.score(many, last_layer.logits(many)), np.tile(-distances, 9), atol=1e-7
    )


def test_more_neighbours_than_training_images_take_all():
    train, labels, others, last_layer = planted()
    score = NearestNeighbours(neighbours=99).fit(
        train[:5], last_layer.logits(train[:5]), labels[:5], last_layer
    )
    units = [array / np.linalg.norm(array, axis=1, keepdims=True) for array in (others, train[:5])]
    farthest = np.linalg.norm(units[0][:, None] - units[1][None], axis=2).max(axis=1)
    np.testing.assert_allclose(score.score(others, last_layer.logits(others)), -farthest)


def test_scores_of_the_density_are_those_of_the_density_model():
    from atelier.calibration import DensityModel

    train, labels, others, last_layer = planted()
    model = DensityModel("diagonal").fit(last_layer.logits(train), labels)
    logits = last_layer.logits(others)
    np.testing.assert_array_equal(planted_score(LogitDensity()), model.log_density(logits))
    np.testing.assert_array_equal(
        planted_score(DensityPosterior()), model.posterior(logits).max(axis=1)
    )


def test_scores_that_need_held_out_images_get_them():
    train, labels, others, last_layer = planted()
    logits = last_layer.logits(train)
    held_out = NetworkOutputs(train, 4 * logits, np.where(np.arange(60) % 5 == 0, 0, labels))
    scores = fit_scores(NetworkOutputs(train, logits, labels), held_out, last_layer)
    assert list(scores) == list(SCORES)
    expected = TemperatureSoftmax().fit(*held_out, last_layer)
    assert scores["temperature"].temperature == expected.temperature
    values = score_images(scores, others, last_layer.logits(others))
    assert values.shape == (len(SCORES), 4)
    np.testing.assert_allclose(values[0], softmax(last_layer.logits(others), axis=1).max(axis=1))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: fit_scores(None, None, None, ["softmx"]), "Expected names of softmax"),
        (lambda: GeneralizedEntropy(gamma=0), "gamma in"),
        (lambda: NearestNeighbours(neighbours=0), "one neighbour"),
        (lambda: ReAct(quantile=0), "quantile in"),
        (lambda: ActivationScaling(pruned=1), "share in"),
        (lambda: planted_score(Residual(dimensions=8)), "0 … 7 dimensions"),
        (lambda: fitted(ReAct()).score(np.ones((2, 8)), np.ones((3, 3))), "Received: \\(2, 8\\)"),
        (lambda: Energy().score(np.ones((2, 8)), np.ones((2, 1))), "two classes"),
        (lambda: Energy().score(np.full((2, 8), np.nan), np.ones((2, 3))), "16 of 16 NaN"),
        (lambda: fitted(ActivationScaling()).score(-np.ones((2, 8)), np.ones((2, 3))), "≥ 0"),
        (
            lambda: Energy().fit(
                np.ones((2, 8)), np.ones((2, 3)), np.zeros(2),
                LastLayer(np.ones((3, 8)), np.ones(3)),
            ),
            "weights \\(8, 3\\)",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_named(act, message):
    with pytest.raises(ValueError, match=message):
        act()


@pytest.mark.parametrize("turn", range(4))
def test_where_training_features_span_few_directions_none_is_chosen_by_rounding(turn):
    """Features on a line in 6 dimensions, half of which may be principal: distances from it."""
    rng = np.random.default_rng(turn)
    basis, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    line, off = np.linspace(-3, 3, 20)[:, None] * basis[:1], np.array([0.5, 1.0, 2.0])
    layer = LastLayer(np.stack([basis[0], -basis[0]], axis=1), np.zeros(2))
    labels = np.arange(20) % 2
    residual = Residual().fit(line, layer.logits(line), labels, layer)
    for direction in basis[1:]:
        points = 2.0 * basis[0] + off[:, None] * direction
        np.testing.assert_allclose(residual.score(points, layer.logits(points)), -off, rtol=1e-9)
