import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from skimage import data
from skimage.filters import threshold_multiotsu, threshold_otsu

from atelier.thresholding.grey_levels import count_grey_levels
from atelier.thresholding.otsu import (
    apply_thresholds,
    bootstrap_thresholds,
    grey_histogram,
    otsu_thresholds,
    otsu_thresholds_from_histogram,
    threshold_curve,
)

PICTURES = {"camera": (102, (87, 176)), "coins": (107, (77, 139)), "page": (157, (114, 186))}


@pytest.mark.parametrize("name", PICTURES)
def test_equals_the_published_thresholds_of_scikit_images_own_pictures(name):
    image, (two, three) = getattr(data, name)(), PICTURES[name]
    assert otsu_thresholds(image).tolist() == [two]
    assert otsu_thresholds(image, classes=3).tolist() == list(three)
    assert np.array_equal(otsu_thresholds(image, classes=4), threshold_multiotsu(image, 4))
    floats = image / 255.0
    assert otsu_thresholds(floats)[0] == two / 255.0
    assert otsu_thresholds(floats, classes=3).tolist() == [cut / 255.0 for cut in three]


def between(counts, levels, cuts):
    """What Otsu's criterion maximises, summed class by class."""
    group = np.searchsorted(cuts, levels)
    classes = [(counts[group == k], levels[group == k]) for k in range(len(cuts) + 1)]
    return sum(float(c @ x) ** 2 / c.sum() for c, x in classes if c.sum())


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float64])
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_is_scikit_images_threshold_or_a_better_one(kind, classes):
    for seed in range(500 if classes < 4 else 50):
        rng = np.random.default_rng(seed)
        image = (rng.normal(rng.choice([60, 130, 200], (20, 30)), 20)).clip(0, 255).astype(kind)
        ours = otsu_thresholds(image, classes=classes)
        theirs = np.atleast_1d(
            threshold_otsu(image) if classes == 2 else threshold_multiotsu(image, classes)
        )
        counts, levels = grey_histogram(image)
        best, their_best = (between(counts, levels, cuts) for cuts in (ours, theirs))
        assert best >= their_best * (1 - 1e-12)
        if best <= their_best * (1 + 1e-12):  # equally good: then the same, or ours is the first
            assert tuple(ours) <= tuple(theirs)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=12).filter(lambda c: sum(map(bool, c)) >= 2),
    st.integers(2, 4),
)
def test_no_other_thresholds_are_better_and_the_first_of_the_best_is_taken(counts, classes):
    counts = np.array(counts)
    levels = np.arange(len(counts)) * 3
    if (counts > 0).sum() < classes:
        with pytest.raises(ValueError, match="as many grey values"):
            otsu_thresholds_from_histogram(counts, levels, classes=classes)
        return
    candidates = list(itertools.combinations(levels[:-1], classes - 1))
    worths = np.array([between(counts, levels, np.array(cuts)) for cuts in candidates])
    full = [
        len(set(np.searchsorted(cuts, levels[counts > 0]).tolist())) == classes
        for cuts in candidates
    ]
    worths[~np.array(full)] = -np.inf
    first = candidates[int(np.argmax(worths >= worths.max() * (1 - 1e-12)))]
    assert tuple(otsu_thresholds_from_histogram(counts, levels, classes=classes)) == first


def test_the_known_small_answers():
    five = [[0, 0, 1, 3, 5], [0, 1, 4, 3, 4], [1, 2, 5, 4, 1], [2, 4, 5, 2, 1], [4, 5, 1, 0, 0]]
    assert otsu_thresholds(np.array(five)).tolist() == [2]
    assert otsu_thresholds(np.array([0, 0, 0, 10, 10, 10])).tolist() == [0]
    assert otsu_thresholds(np.full((3, 3), 7)).tolist() == [7]
    assert otsu_thresholds(np.full((3, 3), 0.25)).tolist() == [0.25]
    assert otsu_thresholds(np.array([True, False, False])).tolist() == [0]


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.int64, np.uint16])
def test_integers_of_any_kind_and_range_give_the_same_threshold(kind):
    image = np.array([3, 3, 4, 90, 91, 92], kind)
    assert otsu_thresholds(image).tolist() == [4]


def exhaustive(values, classes):
    """The first of the best thresholds, tried one after another in fractions."""
    values = [Fraction(value) for value in values]
    levels = sorted(set(values))

    def worth(cuts):
        ends = [*cuts, levels[-1]]
        group = [next(k for k, end in enumerate(ends) if value <= end) for value in values]
        parts = [[v for v, k in zip(values, group, strict=True) if k == i] for i in range(classes)]
        return sum(sum(part) ** 2 / len(part) for part in parts)

    return max(itertools.combinations(levels[:-1], classes - 1), key=worth)  # max takes the first


def exact(thresholds):
    return [Fraction(t.item()) for t in thresholds]


CELL_PROFILER = [0.0, 6.2584877e-06, 1.9490719e-05, 3.3736229e-05, 3.4749508e-05, 2.0886213e-02]
"""Grey values of CellProfiler's issue 4436: all but the last lie in one of 256 bins."""


def test_five_close_floats_and_an_outlier_have_the_exact_thresholds():
    image = np.array(CELL_PROFILER)
    assert otsu_thresholds(image, classes=3).tolist() == [6.2584877e-06, 3.4749508e-05]
    assert exact(otsu_thresholds(image, classes=3)) == list(exhaustive(CELL_PROFILER, 3))


@pytest.mark.parametrize("kind", [np.uint16, np.int64, np.float16, np.float32, np.float64])
def test_the_cut_itself_is_the_threshold(kind):
    image = np.array([0] * 10 + [3] + [1000], kind)
    assert otsu_thresholds(image).tolist() == [3]
    assert (image > otsu_thresholds(image)[0]).sum() == 1


INTEGERS = {
    kind: st.integers(np.iinfo(kind).min, np.iinfo(kind).max)
    for kind in ("int8", "uint8", "int32", "int64", "uint64")
}
FLOATS = {
    f"float{width}": st.floats(allow_nan=False, allow_infinity=False, width=width)
    for width in (16, 32, 64)
}
ANY = st.one_of(
    *(st.tuples(st.just(k), st.lists(e, min_size=2, max_size=8)) for k, e in INTEGERS.items()),
    *(st.tuples(st.just(k), st.lists(e, min_size=2, max_size=8)) for k, e in FLOATS.items()),
    st.tuples(  # close together far from zero
        st.sampled_from(["int64", "uint64"]),
        st.lists(st.integers(0, 9), min_size=2, max_size=9).map(
            lambda steps: [2**63 - 10 + step for step in steps]
        ),
    ),
)


@settings(deadline=None)
@given(ANY, st.integers(2, 4))
@example(("int32", [-(2**31), 0, 2**31 - 1]), 2)
@example(("int64", [0, 2**62, 2**63 - 1]), 2)  # the gaps differ by one
@example(("uint64", [0, 2, 2**63, 2**63 + 1]), 3)
@example(("uint64", [2**64 - 1, 2**64 - 2, 2**64 - 1, 2**64 - 4]), 2)
@example(("float64", [0.0, 5e-324, 1.5e-323]), 2)
@example(("float64", [0.0, 5e-324, 1e300, 1.1e300]), 3)
@example(("float64", [-1.7e308, 1.6e308, 1.7e308]), 2)
@example(("float64", [1.0, 1.0 + 2**-52, 1.0 + 2**-50, 1e200]), 3)
def test_no_type_and_no_size_of_numbers_misleads_the_search(numbers, classes):
    kind, values = numbers
    image = np.array(values, kind)
    values = [value.item() for value in image]
    if len(set(values)) < classes:
        return
    assert exact(otsu_thresholds(image, classes=classes)) == list(exhaustive(values, classes))


def test_many_close_floats_beside_an_outlier_are_still_divided():
    rng = np.random.default_rng(0)
    for close in (np.arange(300.0), np.arange(20_000.0), rng.normal(size=1 << 17)):
        image = np.append(close, 1e15)
        low, high = otsu_thresholds(image, classes=3)
        assert high == close.max()
        within = [part.var() * part.size for part in (close[close <= low], close[close > low])]
        assert sum(within) <= close.var() * close.size * (1 - 0.63)  # a normal's two halves: 2/pi


@pytest.mark.parametrize("low", [1000.0, 1e6])
def test_narrow_floats_of_single_precision_are_thresholded(low):
    image = np.linspace(low, low * (1 + 1e-5), 400).astype(np.float32)
    assert exact(otsu_thresholds(image)) == list(exhaustive(image.tolist(), 2))
    constant = np.full(9, low, np.float32)
    assert otsu_thresholds(constant).tolist() == [low]
    with pytest.raises(ValueError, match="1 different grey values"):
        otsu_thresholds(constant, classes=3)


@settings(deadline=None)
@given(st.integers(0, 99), st.sampled_from(["float32", "float64", "int16", "uint64"]))
def test_the_separability_is_that_of_the_two_classes(seed, kind):
    rng = np.random.default_rng(seed)
    image = np.append(rng.normal(100, 9, 50), rng.lognormal(6, 1, 50)).astype(kind)
    _check_separability(image)


def test_so_it_is_for_more_floats_than_are_counted_by_value():
    rng = np.random.default_rng(0)
    for image in (rng.normal(size=1 << 17), rng.standard_cauchy(1 << 17)):
        assert len(grey_histogram(image)[0]) <= 1 << 14
        _check_separability(image)


def _check_separability(image):
    threshold = otsu_thresholds(image)[0]
    curve = threshold_curve(*count_grey_levels(image))
    wide = image.astype(float)
    classes = wide[image <= threshold], wide[image > threshold]
    within = sum(part.var() * part.size for part in classes) / image.size
    assert threshold in image
    assert curve.total == pytest.approx(wide.var())
    assert curve.separability == pytest.approx(1 - within / wide.var())
    assert curve.levels[curve.between.argmax()] == threshold


def test_separability_needs_no_variance_that_float64_can_hold():
    for unit in (1e300, 1e-320):
        curve = threshold_curve(*grey_histogram(np.array([0.0, 1.0, 3.0]) * unit))
        assert curve.separability == pytest.approx(1 - 0.5 / (14 / 3), rel=1e-2)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_masked_pixels_do_not_count(kind):
    image = np.array([[3, 3, 4, 90], [91, 92, 200, 255]], kind)
    masked = np.ma.MaskedArray(image, image >= 200)
    assert otsu_thresholds(masked).tolist() == otsu_thresholds(image[image < 200]).tolist() == [4]
    assert otsu_thresholds(image).tolist() != [4]
    assert apply_thresholds(masked, np.array([4])).tolist() == [[0, 0, 0, 1], [1, 1, None, None]]
    with pytest.raises(ValueError, match="8 masked pixels"):
        otsu_thresholds(np.ma.MaskedArray(image, mask=True))


def test_not_a_number_can_be_masked():
    image = np.array([1.0, np.nan, 2.0, 9.0, np.inf])
    with pytest.raises(ValueError, match=r"1 NaN and 1 infinite of 5"):
        otsu_thresholds(image)
    assert otsu_thresholds(np.ma.masked_invalid(image)).tolist() == [2]


def test_resampled_blocks_leave_masked_pixels_out():
    rng = np.random.default_rng(0)
    image = rng.choice([10, 200], (32, 32)).astype(np.uint8)
    image[:16, :16] = 255
    masked = np.ma.MaskedArray(image, image == 255)
    assert set(bootstrap_thresholds(masked, block=4, resamples=30, seed=0)) == {10}


def test_the_byte_order_of_a_file_does_not_matter():
    image = np.array([3, 3, 4, 90, 91, 92])
    for kind in (">u2", ">i4", ">f4"):
        assert otsu_thresholds(image.astype(kind)).tolist() == [4]


def test_wide_integers_are_counted_without_a_bin_for_each_value():
    image = np.array([0, 1, 2, 2**40, 2**40 + 1])
    assert otsu_thresholds(image).tolist() == [2]


@pytest.mark.parametrize(
    ("image", "classes", "message"),
    [
        (np.full((4, 4), 5), 3, "1 different grey values"),
        (np.array([1, 2]), 3, "2 different grey values"),
        (np.array([1, 2]), 1, "at least 2 classes"),
        (np.array([0.0, np.nan]), 2, "finite"),
        (np.zeros((0, 3)), 2, "Expected numbers"),
        (np.array(["a"]), 2, "Expected numbers"),
    ],
)
def test_bad_input_is_refused_with_what_came(image, classes, message):
    with pytest.raises(ValueError, match=message):
        otsu_thresholds(image, classes=classes)


def test_a_histogram_that_is_none_is_refused():
    with pytest.raises(ValueError, match="one count >= 0 a level"):
        otsu_thresholds_from_histogram(np.array([1, -1]), np.array([0, 1]))
    with pytest.raises(ValueError, match="rising"):
        otsu_thresholds_from_histogram(np.array([1, 1]), np.array([1, 1]))


def test_the_variances_sum_to_the_total_and_the_largest_between_is_at_the_threshold():
    image = data.coins()
    curve = threshold_curve(*grey_histogram(image))
    assert curve.total == pytest.approx(image.var())
    for t, within in list(zip(curve.levels, curve.within, strict=True))[::40]:
        low, high = image[image <= t], image[image > t]
        assert within == pytest.approx((low.var() * low.size + high.var() * high.size) / image.size)
    assert curve.levels[curve.between.argmax()] == 107
    assert curve.separability == pytest.approx(curve.between.max() / image.var())


def test_thresholds_of_resampled_blocks_lie_about_the_threshold_and_repeat_with_the_seed():
    image = data.camera()[:256, :256]
    drawn = bootstrap_thresholds(image, block=16, resamples=50, seed=3)
    assert np.array_equal(drawn, bootstrap_thresholds(image, block=16, resamples=50, seed=3))
    low, high = np.quantile(drawn, (0.025, 0.975))
    assert low <= otsu_thresholds(image)[0] <= high
    with pytest.raises(ValueError, match="two blocks"):
        bootstrap_thresholds(image, block=200, resamples=5, seed=0)


def test_classes_are_counted_from_the_darkest():
    assert apply_thresholds(np.array([0, 5, 6, 9]), np.array([5, 8])).tolist() == [0, 0, 1, 2]


def test_values_that_are_nan_or_masked_have_no_class():
    with pytest.raises(ValueError, match="pixels without NaN. Received: 1 of 3 NaN"):
        apply_thresholds(np.array([1, np.nan, 3]), np.array([2]))
    with pytest.raises(ValueError, match="thresholds without NaN"):
        apply_thresholds(np.array([1, 2, 3]), np.array([np.nan]))
    masked = np.ma.masked_array([1.0, np.nan, 3.0], [False, True, False])
    assert apply_thresholds(masked, np.array([2])).tolist() == [0, None, 1]
    counts = np.ma.masked_array([4, 3, 2], [False, True, False])
    with pytest.raises(ValueError, match="counts without masked values. Received: 1 of 3"):
        otsu_thresholds_from_histogram(counts, np.arange(3))
    with pytest.raises(ValueError, match="finite counts"):
        otsu_thresholds_from_histogram(np.array([4, np.inf, 2]), np.arange(3))


HISTOGRAM = np.array([4, 3, 0, 2, 5]), np.array([0, 1, 2, 8, 9])


@pytest.mark.parametrize("kind", [">i4", ">i8", ">f8", object, np.float16, np.uint8])
def test_a_histogram_may_be_of_any_number_type(kind):
    counts, levels = HISTOGRAM
    same = counts.astype(kind), levels.astype(kind)
    between = threshold_curve(counts, levels).between
    np.testing.assert_allclose(threshold_curve(*same).between, between)
    assert otsu_thresholds_from_histogram(*same) == [1]


@pytest.mark.parametrize(
    ("counts", "levels", "words"),
    [
        ([1, 2], [0, 1, 2], "one count >= 0 a level"),
        ([1, np.nan], [0, 1], "finite counts. Received: 1 of 2"),
        ([1, 2], [0, np.nan], "rising levels"),
        ([0, 0], [0, 1], "Expected a level with pixels"),
        ([], [], "Expected a level with pixels"),
    ],
)
def test_a_curve_of_what_is_no_histogram_is_refused(counts, levels, words):
    with pytest.raises(ValueError, match=words):
        threshold_curve(np.array(counts), np.array(levels))
