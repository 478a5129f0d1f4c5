"""Glyphs, splits, checks and the data card."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atelier.data.checks import check_source, class_imbalance, count_duplicates, splits_digest
from atelier.data.class_statistics import class_moments, class_table, most_variable_classes
from atelier.data.glyphs import FONTS, distort_elastically, draw_glyphs, render_character
from atelier.data.idx import read_idx
from atelier.data.params import SplitParams
from atelier.data.reading import Part, Source
from atelier.data.splits import split_source, stratified_split

SHARES = SplitParams(validation=0.1, calibration=0.1, test=0.2, seed=0)


def source(**parts) -> Source:
    return Source("made", {name: Part(*part) for name, part in parts.items()}, ("a", "b"), "")


def two_classes(count: int) -> tuple[np.ndarray, np.ndarray]:
    images = np.random.default_rng(count).integers(0, 256, (count, 4, 4, 1), dtype=np.uint8)
    return images, np.arange(count) % 2


def test_a_seed_gives_its_glyphs_and_another_seed_others():
    first, repeated, other = (draw_glyphs("Ab7", 4, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, repeated)
    assert (first != other).any()


@pytest.mark.parametrize("font", FONTS)
def test_a_glyph_is_20_pixels_high_and_centred_as_mnist_is(font):
    image = render_character("H", font)
    rows, columns = np.nonzero(image)
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
    weights = image / image.sum()
    assert abs((weights.sum(axis=1) * np.arange(28)).sum() - 13.5) < 1
    assert abs((weights.sum(axis=0) * np.arange(28)).sum() - 13.5) < 1


def test_bending_keeps_most_of_the_ink():
    plain = np.stack([render_character("B", FONTS[0])] * 20)
    bent = distort_elastically(plain, np.random.default_rng(0))
    assert 0.5 < bent.sum() / plain.sum() < 1.2


def test_each_image_of_a_stack_is_bent_as_it_is_alone():
    plain = np.stack([render_character(character, FONTS[0]) for character in "BRQ"])
    together = distort_elastically(plain, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    alone = [distort_elastically(image[None], rng)[0] for image in plain]
    np.testing.assert_allclose(together, alone, atol=1e-6)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=200), st.integers(0, 99))
def test_splits_are_disjoint_and_cover_everything_in_each_class_evenly(labels, seed):
    labels = np.repeat(labels, 3)
    shares = {"train": 0.5, "validation": 0.3, "test": 0.2}
    splits = stratified_split(labels, shares, seed=seed)
    assert sorted(np.concatenate(list(splits.values()))) == list(range(len(labels)))
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        for name, share in shares.items():
            assert abs((labels[splits[name]] == label).sum() - share * count) <= 1.5


def test_a_class_too_small_for_all_splits_is_an_error():
    with pytest.raises(ValueError, match=r"one for each split. Received: 1 of class 1"):
        stratified_split(np.array([0, 0, 1]), {"train": 0.5, "test": 0.5}, seed=0)


def test_a_published_test_part_stays_the_test_split_untouched():
    train, test = two_classes(100), two_classes(30)
    splits = split_source(source(train=train, test=test), SHARES, limit=None)
    np.testing.assert_array_equal(splits["test"]["images"], test[0])
    assert [len(split["labels"]) for split in splits.values()] == [80, 10, 10, 30]


def test_one_part_alone_gives_all_four_splits():
    splits = split_source(source(test=two_classes(100)), SHARES, limit=None)
    assert {name: len(split["labels"]) for name, split in splits.items()} == {
        "train": 60,
        "validation": 10,
        "calibration": 10,
        "test": 20,
    }


def test_a_limit_keeps_that_many_evenly_over_the_classes():
    splits = split_source(source(train=two_classes(1000)), SHARES, limit=100)
    labels = np.concatenate([split["labels"] for split in splits.values()])
    assert np.bincount(labels).tolist() == [50, 50]


def test_shares_that_leave_nothing_for_training_are_refused():
    with pytest.raises(ValueError, match="leave some for training"):
        SplitParams(validation=0.4, calibration=0.4, test=0.3, seed=0)


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (3, [0, 1], "3 images, 2 labels"),
        (0, [], "Received: none"),
        (2, [0, 2], r"labels in \[0, 2\)"),
        (2, [-1, 1], "Received: -1"),
        (2, [1, 1], "none of a"),
    ],
)
def test_wrong_data_is_refused(images, labels, words):
    part = (np.zeros((images, 4, 4, 1), np.uint8), np.array(labels, np.int64))
    with pytest.raises(ValueError, match=words):
        check_source(source(train=part))


def test_planted_duplicates_are_counted_within_and_across_splits():
    images, labels = two_classes(20)
    train = {"images": np.concatenate([images[:10], images[:1]]), "labels": labels[:11]}
    test = {"images": np.concatenate([images[8:12]]), "labels": labels[8:12]}
    table = count_duplicates({"train": train, "test": test}).set_index("split")
    assert table.loc["train", "in_train"] == 1
    assert table.loc["test", "in_train"] == 2
    assert table.loc["train", "in_test"] == 2
    assert table.loc["test", "in_test"] == 0


def test_the_digest_knows_every_pixel_label_and_split():
    images, labels = two_classes(6)
    base = {"train": {"images": images, "labels": labels}}
    changed = images.copy()
    changed[0, 0, 0] ^= 1
    variants = [
        {"train": {"images": changed, "labels": labels}},
        {"train": {"images": images, "labels": labels[::-1]}},
        {"test": base["train"]},
        {"train": {"images": images.reshape(6, 2, 8, 1), "labels": labels}},
    ]
    assert splits_digest(base) == splits_digest({"train": dict(base["train"])})
    assert len({splits_digest(splits) for splits in [base, *variants]}) == 5


def test_imbalance_is_the_largest_count_over_the_smallest():
    assert class_imbalance(pd.Series([10, 5, 2])) == 5


def test_moments_by_hand():
    images = np.array([[[[0]]], [[[10]]], [[[7]]]], np.uint8)
    means, deviations = class_moments(images, np.array([0, 0, 1]), 2)
    assert means.ravel().tolist() == [5, 7]
    assert deviations.ravel().tolist() == [5, 0]


def test_the_two_statistics_may_name_different_classes():
    flat = np.array([[[100, 100]], [[140, 140]]], np.uint8)  # deviation 20 and 20
    peak = np.array([[[0, 50]], [[60, 50]]], np.uint8)  # 30 and 0
    images = np.concatenate([flat, peak])[..., None]
    table = class_table({"train": {"images": images, "labels": np.array([0, 0, 1, 1])}}, ["x", "y"])
    assert most_variable_classes(table) == {"mean_deviation": "x", "largest_deviation": "y"}


def test_on_real_mnist_the_2_varies_most_by_the_mean_and_the_1_by_the_maximum(mirror):
    images = read_idx(mirror / "mnist" / "train-images-idx3-ubyte.gz")[..., None]
    labels = read_idx(mirror / "mnist" / "train-labels-idx1-ubyte.gz").astype(int)
    _, deviations = class_moments(images, labels, 10)
    by_mean = deviations.mean(axis=(1, 2))
    assert by_mean.argsort()[::-1][:2].tolist() == [2, 0]
    assert by_mean[2] == pytest.approx(47.1, abs=0.05)
    assert by_mean[0] == pytest.approx(45.0, abs=0.05)
    assert deviations.max(axis=(1, 2)).argmax() == 1
