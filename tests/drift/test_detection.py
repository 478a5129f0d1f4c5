import keras
import numpy as np
import pytest
from scipy import stats

from atelier.calibration.density import DensityModel
from atelier.drift.detection import ImageStatistics, image_statistics, two_sample_tests
from atelier.drift.params import DriftParams
from atelier.drift.power import alarm_rate, mix_out_of_distribution, power_table


def sample(count, *, seed, moved=0.0, rare=0.02, classes=(0.5, 0.3, 0.2)):
    rng = np.random.default_rng(seed)
    return ImageStatistics(
        rng.normal(moved, 1, count),
        rng.beta(5, 1, count),
        rng.uniform(0, 1, count),
        rng.uniform(0, 1, count),
        rng.uniform(0, 1, count) < rare,
        rng.choice(len(classes), count, p=classes),
    )


def test_the_tests_are_scipys_and_bonferroni_shares_the_level():
    reference, batch = sample(300, seed=0), sample(200, seed=1, moved=0.2)
    table = two_sample_tests(reference, batch, alpha=0.05).set_index("statistic")
    for name in ("log_density", "confidence", "brightness", "contrast"):
        found = stats.ks_2samp(getattr(reference, name), getattr(batch, name), method="asymp")
        assert table.loc[name, "effect"] == found.statistic
        assert table.loc[name, "p_value"] == found.pvalue
    counts = [(part.rare.sum(), (~part.rare).sum()) for part in (reference, batch)]
    assert table.loc["rare", "p_value"] == stats.fisher_exact(counts).pvalue
    counts = [np.bincount(part.predicted, minlength=3) for part in (reference, batch)]
    found = stats.chi2_contingency(counts, correction=False)
    assert table.loc["predicted", "p_value"] == found.pvalue
    assert table.loc["predicted", "effect"] == pytest.approx(
        stats.contingency.association(np.array(counts), method="cramer")
    )
    np.testing.assert_allclose(table["adjusted"], np.minimum(6 * table["p_value"], 1))
    assert (table["drifted"] == (table["adjusted"] < 0.05)).all()


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"moved": 1.0}, "log_density"),
        ({"rare": 0.15}, "rare"),
        ({"classes": (0.1, 0.1, 0.8)}, "predicted"),
    ],
)
def test_what_moved_is_named_and_nothing_else(change, culprit):
    table = two_sample_tests(sample(400, seed=0), sample(300, seed=1, **change), alpha=1e-4)
    assert list(table.loc[table["drifted"], "statistic"]) == [culprit]


def test_unchanged_batches_raise_the_flag_no_more_often_than_accepted():
    ordinary = sample(1000, seed=3)
    rate = alarm_rate(ordinary, ordinary, size=200, draws=400, alpha=0.05, seed=0)
    assert rate["alarm_rate_low"] <= 0.05
    assert rate["draws"] == 400
    assert rate["alarm_rate_low"] <= rate["alarm_rate"] <= rate["alarm_rate_high"]


def test_a_larger_change_raises_it_more_often():
    ordinary = sample(1000, seed=3)
    changes = {
        ("shifted", by): ordinary._replace(log_density=ordinary.log_density + by)
        for by in (0.2, 1.0)
    }
    params = DriftParams(
        covariance="diagonal", reject=0.02, alpha=0.01, size=200, draws=40, null_draws=40,
        letters=(), levels={}, seed=0, threads=0,
    )  # fmt: skip
    table = power_table(ordinary, changes, params)
    rates = list(table["alarm_rate"])
    assert rates == sorted(rates)
    assert rates[-1] == 1
    assert list(table["change"]) == ["none", "shifted", "shifted"]
    assert list(table["level"]) == [0.0, 0.2, 1.0]


def test_a_single_class_everywhere_is_no_drift_of_classes():
    one = sample(50, seed=0)._replace(predicted=np.zeros(50, int))
    table = two_sample_tests(one, one, alpha=0.05).set_index("statistic")
    assert table.loc["predicted", ["effect", "p_value"]].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("size", [0, 50, 60])
def test_a_batch_that_leaves_no_reference_is_refused(size):
    with pytest.raises(ValueError, match=r"1 … 49 images"):
        alarm_rate(sample(50, seed=0), sample(50, seed=0), size=size, draws=1, alpha=0.1, seed=0)


def test_strangers_take_the_share_that_they_are_given(rng):
    images, strangers = np.zeros((40, 2, 2, 1)), np.ones((3, 2, 2, 1))
    mixed = mix_out_of_distribution(images, strangers, 0.25, seed=0)
    assert mixed.mean() == 0.25
    assert images.sum() == 0


@pytest.fixture(scope="module")
def network():
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(2, kernel_initializer="ones"))
    rng = np.random.default_rng(0)
    density = DensityModel("full").fit(rng.normal(8, 3, (100, 2)), np.repeat([0, 1], 50))
    return model, density.set_rejection(rng.normal(8, 3, (100, 2)), quantile=0.1)


def test_every_image_is_measured(network, rng):
    model, density = network
    images = rng.uniform(0, 1, (7, 4, 4, 1)).astype(np.float32)
    seen = image_statistics(model, images, density)
    sums = images.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(seen.brightness, sums / 16, rtol=1e-5)
    np.testing.assert_allclose(seen.contrast, images.reshape(7, -1).std(axis=1), rtol=1e-5)
    np.testing.assert_allclose(seen.confidence, 0.5)  # both logits are the sum
    logits = np.repeat(sums[:, None], 2, axis=1)
    np.testing.assert_allclose(seen.log_density, density.log_density(logits), rtol=1e-4)
    np.testing.assert_array_equal(seen.rare, seen.log_density < density.reject_below)


@pytest.mark.parametrize("shape", [(0, 4, 4, 1), (3, 5, 4, 1)])
def test_images_that_do_not_fit_are_refused(shape, network):
    with pytest.raises(ValueError, match=r"\(4, 4, 1\)"):
        image_statistics(network[0], np.zeros(shape, np.float32), network[1])
