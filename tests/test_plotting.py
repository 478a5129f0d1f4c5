"""Animations of one figure, and images that are replaced in place."""

import numpy as np
from matplotlib.figure import Figure

from atelier.plotting import draw_frames, house_style, rasterize, rasterize_frames, show_image


def figure_of(image, title):
    with house_style():
        figure = Figure(figsize=(2, 2), dpi=50)
        text = figure.suptitle(title)
        axes = figure.subplots()
        show_image(axes, image, cmap="gray", vmin=0, vmax=1)
    return figure, axes, text


def test_each_frame_is_the_picture_of_a_figure_of_its_own():
    images = np.linspace(0, 1, 3 * 25).reshape(3, 5, 5)
    figure, axes, text = figure_of(images[0], "0")

    def draw(index):
        text.set_text(str(index))
        show_image(axes, images[index])

    frames = rasterize_frames(figure, draw, 3)
    for index, image in enumerate(images):
        np.testing.assert_array_equal(frames[index], rasterize(figure_of(image, str(index))[0]))


def test_a_shown_image_is_replaced_and_keeps_its_colours():
    _, axes, _ = figure_of(np.zeros((2, 2)), "")
    show_image(axes, np.ones((2, 2)))
    (image,) = axes.images
    assert image.get_array().min() == 1
    assert image.get_clim() == (0, 1)


def test_a_frame_of_grey_images_is_brighter_where_they_are():
    frames = draw_frames(np.stack([np.zeros((2, 4, 4)), np.ones((2, 4, 4))]))
    assert frames.shape[0] == 2
    assert frames[1].mean() > frames[0].mean()
