"""What the experiments need of images in colour and of other sizes."""

import numpy as np
import pytest
from PIL import Image

from atelier.activation_maximization import figures as maximization
from atelier.calibration.shift_figures import brightened
from atelier.data import figures
from atelier.data.class_names import classes_tag
from atelier.data.class_statistics import class_moments
from atelier.data.grouped_splits import grouped_split
from atelier.data.shapes import match_images
from atelier.datasets.stored_images import check_stored_images
from atelier.drift.power import changed_images
from atelier.plotting import draw_frames
from atelier.sweep.splits import make_splits
from atelier.training.figures import mistakes_figure
from atelier.training.networks import build_classifier
from atelier.training.params import NetworkParams

RED = np.broadcast_to(np.array([255, 0, 0], np.uint8), (4, 6, 6, 3))


def drawn(figure) -> list[np.ndarray]:
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def test_figures_show_images_in_colour():
    sheet = figures.contact_sheet_figure(RED, np.arange(4) % 2, ["a", "b"], title="t", columns=2)
    assert drawn(sheet)[0][0, 0].tolist() == [255, 0, 0]
    logits = np.eye(2)[np.zeros(4, int)]
    mistakes = mistakes_figure(RED, logits, np.ones(4, int), ["a", "long name"], name="n", count=2)
    assert drawn(mistakes)[0][0, 0].tolist() == [255, 0, 0]
    rows = maximization.image_rows_figure({"row": RED / 255}, {}, list("abcd"), title="t")
    assert drawn(rows)[0][0, 0].tolist() == [1, 0, 0]
    assert draw_frames(np.stack([RED / 255] * 2)).shape[-1] == 3
    assert brightened(RED[0] / 255, 2, 4)[0, 0].tolist() == [0.5, 0, 0]


def test_moments_of_images_in_colour_are_those_of_the_mean_over_channels():
    means, deviations = class_moments(RED, np.zeros(4, int), 1)
    assert means.shape == (1, 6, 6)
    assert means[0, 0, 0] == 85
    assert deviations.max() == 0


def test_foreign_images_get_the_shape_of_the_test_images():
    grey = np.full((2, 28, 28, 1), 200, np.uint8)
    assert match_images(grey, (28, 28, 1)) is not None
    colour = match_images(grey, (16, 16, 3))
    assert colour.shape == (2, 16, 16, 3)
    assert np.unique(colour).tolist() == [200]
    assert match_images(RED, (6, 6, 1)).shape == (4, 6, 6, 1)
    assert match_images(grey[:0], (6, 6, 3)).shape == (0, 6, 6, 3)


def test_drift_leaves_letters_out_where_every_character_is_a_class():
    class Params:
        letters, levels, seed = (0.1,), {"noise": (0.1,)}, 0

    images = RED.astype(np.float32) / 255
    changes = [change for change, _ in changed_images(images, images[:0], Params)]
    assert changes == [("noise", 0.1)]


def test_the_sweep_takes_colour_and_pads_to_an_even_square():
    part = {"images": RED[:, :5, :4], "labels": np.arange(4)}
    splits = make_splits([part], part, train=None, selection=0.5, seed=0)
    assert splits["train_images"].shape == (4, 6, 6, 3)
    np.testing.assert_array_equal(splits["train_images"][:, :5, :4], part["images"])


def test_a_network_that_does_not_fit_says_what_to_do():
    strong = NetworkParams(architecture="strong", dropout=0)
    with pytest.raises(ValueError, match=r"at least 24×24 .* Received: 8×8; enlarge"):
        build_classifier(strong, 10, seed=0, shape=(8, 8, 1))
    for architecture, side in (("strong", 24), ("post", 6)):
        network = NetworkParams(architecture=architecture, dropout=0)
        model = build_classifier(network, 3, seed=0, shape=(side, side, 3))
        assert model.output_shape == (None, 3)


def test_a_registered_model_of_images_in_colour_takes_them_as_stored():
    np.testing.assert_array_equal(check_stored_images(RED.tolist(), (6, 6, 3)), RED)


def test_names_of_classes_with_spaces_stay_apart():
    assert classes_tag(["a", "b"]) == "a b"
    assert classes_tag(["a b", "c"]) == '["a b", "c"]'


def test_groups_stay_whole_and_every_class_is_in_every_split(rng):
    groups = rng.integers(0, 60, 600)
    labels = rng.integers(0, 3, 600)
    splits = grouped_split(labels, groups, {"train": 0.6, "validation": 0.2, "test": 0.2}, seed=0)
    assert sorted(np.concatenate(list(splits.values()))) == list(range(600))
    members = [set(groups[index]) for index in splits.values()]
    assert sum(map(len, members)) == len(set(groups))
    assert [round(len(index) / 600, 1) for index in splits.values()] == [0.6, 0.2, 0.2]


def test_groups_too_few_for_the_splits_are_refused():
    with pytest.raises(ValueError, match="Expected groups that give each split"):
        grouped_split(np.arange(8) % 2, np.zeros(8), {"train": 0.5, "test": 0.5}, seed=0)


def test_a_picture_in_colour_can_be_asked_for_in_grey(read, tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        Image.fromarray(RED[0].copy()).save(tmp_path / label / "1.png")
    assert read(tmp_path, channels=1).parts["train"].images[0, 0, 0].tolist() == [76]
    assert read(tmp_path).parts["train"].images.shape[-1] == 3
