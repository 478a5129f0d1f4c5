"""Generalized histogram thresholding: its special cases, laws, hand values, Barron's own code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from skimage.filters import threshold_otsu

from atelier.thresholding.criteria import criteria_metrics, prior_path
from atelier.thresholding.generalized_histogram import generalized_histogram_threshold
from atelier.thresholding.otsu import otsu_thresholds
from atelier.thresholding.params import PriorPathParams

PRIORS = [
    {},
    {"nu": 1e30, "tau": 1e-3},
    {"nu": 200, "tau": 12.0},
    {"nu": 1e6, "tau": 12.0},
    {"kappa": 1e30, "omega": 0.3},
    {"nu": 1e4, "tau": 4.0, "kappa": 3e4, "omega": 0.7},
]
AUTHORS = {
    "coins": [100, 107, 100, 102, 56, 107],
    "camera": [65, 102, 65, 77, 69, 66],
    "page": [206, 157, 206, 170, 144, 215],
}
"""Thresholds by GHT of github.com/jonbarron/hist_thresh (experiments.ipynb, read in 2026), with
NumPy 2.4.6, of the grey values that occur."""


def threshold(image, **priors):
    (cut,) = generalized_histogram_threshold(image, **priors)
    return cut


@pytest.mark.parametrize("name", AUTHORS)
def test_it_has_the_thresholds_of_the_authors_program(name):
    image = getattr(data, name)()
    assert [threshold(image, **priors) for priors in PRIORS] == AUTHORS[name]
    assert [threshold(image / 8.0, **_eighth(priors)) for priors in PRIORS] == [
        cut / 8 for cut in AUTHORS[name]
    ]


def _eighth(priors):
    return priors | {"tau": priors["tau"] / 8} if "tau" in priors else priors


def minimum_error(pixels):
    """The threshold of Kittler & Illingworth's criterion (1986, equation 15), pixel by pixel."""
    values, best, least = np.unique(pixels), None, np.inf
    for cut in values[:-1]:
        parts = pixels[pixels <= cut], pixels[pixels > cut]
        if min(part.std() for part in parts) == 0:
            continue
        shares = [len(part) / len(pixels) for part in parts]
        criterion = 1 + 2 * sum(
            share * (np.log(part.std()) - np.log(share))
            for share, part in zip(shares, parts, strict=True)
        )
        if criterion < least - 1e-12:
            best, least = cut, criterion
    return best


@pytest.mark.parametrize("seed", range(20))
def test_without_priors_it_is_minimum_error_thresholding(seed):
    rng = np.random.default_rng(seed)
    wide, narrow = rng.normal(60, 20, 300), rng.normal(150, 6, 200)
    pixels = np.rint(np.append(wide, narrow)).astype(int)
    assert threshold(pixels) == minimum_error(pixels)


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=4, max_size=40).filter(lambda x: len(set(x)) > 1))
def test_an_infinitely_strong_prior_on_the_variances_gives_otsus_threshold(pixels):
    pixels = np.array(pixels)
    expected = otsu_thresholds(pixels)[0]

    def within(cut):
        parts = pixels[pixels <= cut], pixels[pixels > cut]
        return sum(len(part) * part.var() for part in parts)

    for nu in (np.inf, 1e30):
        assert within(threshold(pixels, nu=nu, tau=1e-4)) == pytest.approx(within(expected))


@pytest.mark.parametrize("name", AUTHORS)
def test_on_pictures_the_strong_end_is_scikit_images_otsu(name):
    image = getattr(data, name)()
    assert threshold(image, nu=np.inf, tau=1e-3) == threshold_otsu(image)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=30).filter(lambda x: len(set(x)) > 1),
    st.integers(1, 9).map(lambda tenth: tenth / 10),
)
def test_an_infinitely_strong_prior_on_the_share_gives_the_weighted_percentile(pixels, omega):
    """The share p of the darker class then maximises omega ln p + (1 - omega) ln(1 - p)."""
    pixels = np.array(pixels)
    cuts = np.unique(pixels)[:-1]
    shares = np.array([(pixels <= cut).mean() for cut in cuts])
    worth = omega * np.log(shares) + (1 - omega) * np.log(1 - shares)
    for kappa in (np.inf, 1e25):
        cut = threshold(pixels, kappa=kappa, omega=omega)
        assert worth[cuts == cut] == pytest.approx(worth.max())


def test_a_percentile_of_equally_frequent_values_is_the_quantile():
    values = np.arange(100)
    for omega in (0.1, 0.25, 0.5, 0.9):
        assert threshold(values, kappa=np.inf, omega=omega) == round(100 * omega) - 1


@pytest.mark.parametrize("priors", PRIORS)
def test_it_follows_shifts_reflections_and_counts(priors):
    doubled = priors | {name: 2 * priors[name] for name in ("nu", "kappa") if name in priors}
    for seed in range(20):
        pixels = np.random.default_rng(seed).gamma(2, 9, 200).astype(int)
        cut = threshold(pixels, **priors)
        assert threshold(pixels + 300, **priors) == cut + 300
        assert threshold(pixels - 300, **priors) == cut - 300
        assert threshold(np.tile(pixels, 2), **doubled) == cut
        opposite = priors | {"omega": 1 - priors.get("omega", 0.5)}
        assert threshold(-pixels, **opposite) == -pixels[pixels > cut].min()


def test_a_score_by_hand():
    """Pixels 0, 0, 2, 2, 8 with nu = 5, tau = 1: v = (s + 1) / 2 for every class.

    Cut at 0: s = 0 and 8, v = .5 and 4.5; 2 (2 ln 2 - 0 - ln .5) + 3 (2 ln 3 - 16/9 - ln 4.5) =
    4.16 - 3.26 = .90. Cut at 2: s = 1 and 0, v = 1 and .5; 4 (2 ln 4 - 1) + ln 2 = 7.78.
    """
    assert threshold(np.array([0, 0, 2, 2, 8]), nu=5.0, tau=1.0) == 2
    # Cut at 0 with kappa = 40, omega = 0: + 80 ln 3 = 87.9, and at 2: + 80 ln 1 = 0.
    assert threshold(np.array([0, 0, 2, 2, 8]), nu=5.0, tau=1.0, kappa=40.0, omega=0.0) == 0


def test_the_threshold_is_a_grey_value_of_the_image_in_its_own_type():
    large = np.array([0, 1, 2, 9, 10, 11], np.uint64) + np.uint64(2**63)
    assert threshold(large, nu=np.inf, tau=1e-3) == np.uint64(2**63 + 2)
    masked = np.ma.masked_greater(np.array([0, 1, 2, 9, 10, 11, 5000, 5001]), 100)
    assert threshold(masked, nu=np.inf, tau=1e-3) == 2
    assert threshold(np.full((3, 3), 7)) == 7
    rng = np.random.default_rng(0)
    many = np.append(rng.normal(0, 1, 100_000), rng.normal(20, 1, 100_000))
    assert threshold(many, nu=2e5, tau=1.0) == many[:100_000].max()


@pytest.mark.parametrize(
    "priors", [{"nu": -1}, {"tau": np.nan}, {"tau": np.inf}, {"kappa": -1}, {"omega": 1.1}]
)
def test_priors_out_of_range_are_refused(priors):
    with pytest.raises(ValueError, match="Expected nu, tau, kappa"):
        generalized_histogram_threshold(np.arange(4), **priors)


def test_the_path_begins_at_minimum_error_and_ends_at_otsu():
    image = data.camera()
    params = PriorPathParams(tau=0.01, decades=(-4, 8), steps=13)
    path = prior_path(image, params)
    ends = criteria_metrics(image, {"full": 65.1})
    assert ends == {"minimum_error": 65, "otsu": 102, "em_full": 65.1}
    assert path["threshold"].iloc[0] == AUTHORS["camera"][0]
    assert path["threshold"].iloc[-1] == threshold_otsu(image)
    np.testing.assert_allclose(path["nu_per_pixel"], 10.0 ** np.arange(-4, 9))
    with pytest.raises(ValueError, match="rising decades"):
        PriorPathParams(tau=0.01, decades=(3, 3), steps=13)
