"""What the pictures of the plane show."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from skimage.color import rgb2lab

from atelier.trainability.figures import (
    border_figure,
    box_count_figure,
    colour_members,
    zoom_animation,
)
from atelier.trainability.summary import border_tables
from atelier.trainability.windows import Window

WINDOWS = [Window((1, 1), (4, 4), 40), Window((1, 1), (1, 1), 40), Window((1, 1), (0.25, 0.25), 40)]


@pytest.fixture
def measures():
    rng = np.random.default_rng(0)
    row, column = np.indices((40, 40))
    return [np.where(row < column, -1, 1) * rng.uniform(1, 9, (40, 40)) for _ in WINDOWS]


def test_converged_members_are_blue_and_diverged_ones_red(measures):
    pixels, converged = colour_members(measures[0]), measures[0] < 0
    blueness = pixels[..., 2] - pixels[..., 0]
    assert (blueness[converged] > 0).all()
    assert (blueness[~converged] < 0).all()


def test_slower_members_are_lighter_and_equally_far_apart():
    for sign in (-1, 1):
        lab = rgb2lab(colour_members(sign * np.arange(1.0, 17)[None]))[0]
        assert (np.diff(lab[:, 0]) > 0).all()
        steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
        assert steps.max() < 1.35 * steps.min()


def test_one_side_alone_can_be_coloured():
    assert np.isfinite(colour_members(-np.ones((3, 3)))).all()


@pytest.mark.parametrize("zooms", [0, 1, 2])
def test_the_figure_has_the_whole_window_and_its_zooms(measures, zooms):
    figure = border_figure(measures[: zooms + 1], WINDOWS[: zooms + 1], title="A title")
    assert len(figure.axes) == zooms + 1
    whole = figure.axes[0]
    assert whole.get_xlabel() == "learning rate of the first layer"
    assert whole.get_ylabel() == "learning rate of the last layer"
    assert whole.get_xticklabels()[0].get_text() == "$10^{-1}$"
    assert len(whole.patches) == (zooms > 0)
    plt.close(figure)


def test_the_box_counts_have_a_line_for_each_picture(measures):
    borders, counts = border_tables(measures, WINDOWS, (0,))
    (axes,) = box_count_figure(counts, borders).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [label.partition(",")[0] for label in labels] == ["whole window", "zoom 1", "zoom 2"]
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_a_plane_without_border_can_be_drawn():
    borders, counts = border_tables([-np.ones((40, 40))], WINDOWS[:1], (0,))
    (axes,) = box_count_figure(counts, borders).axes
    assert "nan" in axes.get_legend().get_texts()[0].get_text()


def test_the_animation_begins_with_the_whole_and_ends_with_the_deepest_zoom():
    flat = [-np.ones((40, 40)), np.ones((40, 40))]
    animation = zoom_animation(flat, WINDOWS[:2], frames=3)
    assert animation.frames.shape == (4, 256, 256, 3)
    redness = animation.frames[..., 0].astype(int) - animation.frames[..., 2]
    assert (redness[0] < 0).all()
    assert (redness[-1] > 0).all()


def test_the_place_of_the_zoom_grows_from_frame_to_frame():
    flat = [-np.ones((40, 40)), np.ones((40, 40))]
    frames = zoom_animation(flat, WINDOWS[:2], frames=4).frames[1:-1]
    changed = [(frame != frame[0, 0]).any(-1).mean() for frame in frames]
    np.testing.assert_allclose(changed, 0.25 ** (2 - 2 * np.array([1, 2, 3]) / 4), rtol=0.05)


def test_tables_have_a_row_for_each_picture(measures):
    borders, counts = border_tables([measures[0], *measures], WINDOWS, (5, 6))
    assert borders["window"].tolist() == [0, 0, 1, 2]
    assert borders["seed"].tolist() == [5, 6, 5, 5]
    assert isinstance(counts, pd.DataFrame)
    assert (borders["converged"] == 780 / 1600).all()
    np.testing.assert_allclose(borders["first_rate"], 10)
