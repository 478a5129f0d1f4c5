import numpy as np
import pytest
from skimage.color import rgb2yiq
from skimage.data import chelsea, immunohistochemistry
from support.style import transfer_params
from support.training import Memory

from atelier.data.pictures import resize_longer_side, resize_to, to_rgb
from atelier.data.vgg_weights import read_vgg_weights
from atelier.style_transfer.evaluation import content_error, style_error
from atelier.style_transfer.objective import Objective, Style, build_feature_extractor
from atelier.style_transfer.optimizers import build_image_optimizer
from atelier.style_transfer.synthesis import PaintingState, paint_scale, transfer
from atelier.style_transfer.vgg import to_vgg


@pytest.fixture(scope="module")
def weights():
    return read_vgg_weights("hed").weights


@pytest.fixture(scope="module")
def content():
    return resize_longer_side(to_rgb(chelsea()), 60)


@pytest.fixture(scope="module")
def style():
    return Style(resize_longer_side(to_rgb(immunohistochemistry()), 60), 1.0)


def paint(content, styles, weights, params, checkpoint=None):
    curve, album = [], []
    painting = transfer(
        content,
        styles,
        weights,
        params,
        curve=curve,
        album=album,
        checkpoint=checkpoint or Memory(),
    )
    assert curve == painting.history
    np.testing.assert_array_equal(album, painting.frames)
    return painting


def test_the_content_is_resized_once_for_each_size(content, style, weights, monkeypatch):
    sides = []

    def counted(picture, side):
        sides.append(side)
        return resize_longer_side(picture, side)

    monkeypatch.setattr("atelier.style_transfer.synthesis.resize_longer_side", counted)
    scales = ({"side": 32, "iterations": 2}, {"side": 40, "iterations": 3})
    paint(content, [style], weights, transfer_params(scales=scales, every=1))
    assert sides == [32, 40]


def test_content_alone_brings_the_content_back_out_of_noise(content, style, weights):
    params = transfer_params(
        content_layer="conv1_1", style_weight=0.0, start="noise", every=200,
        scales=({"side": 40, "iterations": 200},),
    )  # fmt: skip
    painting = paint(content, [style], weights, params)
    wanted = resize_to(content, painting.image.shape[:2])
    assert np.abs(painting.image - wanted).mean() < 2.5  # grey levels
    first, last = painting.history[0]["content"], painting.history[-1]["content"]
    assert last < 1e-5 * first


def test_style_alone_reaches_the_styles_gram_matrices_to_a_hundredth(content, style, weights):
    params = transfer_params(
        content_weight=0.0, style_weight=10.0, every=200, scales=({"side": 96, "iterations": 200},)
    )
    style = Style(96 + 0.3 * style.picture, 1.0)  # so that no pixel need be cut off
    painting = paint(content, [style], weights, params)
    extractor = build_feature_extractor(weights, params)
    assert style_error(extractor, to_rgb(painting.image), [style]) < 0.01
    unpainted = resize_longer_side(content, 96)
    assert style_error(extractor, unpainted, [style]) > 0.2


def test_more_weight_on_the_style_is_nearer_to_it_and_further_from_the_content(
    content, style, weights
):
    errors = []
    for style_weight in (0.001, 1.0):
        params = transfer_params(
            style_weight=style_weight, scales=({"side": 40, "iterations": 20},)
        )
        picture = to_rgb(paint(content, [style], weights, params).image)
        extractor = build_feature_extractor(weights, params)
        errors.append(
            (style_error(extractor, picture, [style]), content_error(extractor, picture, content))
        )
    assert errors[1][0] < errors[0][0]
    assert errors[1][1] > errors[0][1]


def test_the_contents_colour_stays_under_another_pictures_light(content, style, weights):
    params = transfer_params(colours="luminance", style_weight=1e-4, content_weight=1e-3)
    painted = to_rgb(paint(content, [style], weights, params).image)
    wanted = rgb2yiq(resize_to(content, painted.shape[:2]) / 255)
    inside = ((painted > 0) & (painted < 255)).all(axis=-1)
    np.testing.assert_allclose(
        rgb2yiq(painted / 255)[inside][:, 1:], wanted[inside][:, 1:], atol=0.01
    )


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("saves", [1, 2, 4])
def test_a_killed_transfer_ends_with_the_same_image(optimizer, saves, content, style, weights):
    scales = ({"side": 32, "iterations": 5}, {"side": 40, "iterations": 4})
    params = transfer_params(optimizer=optimizer, scales=scales)
    undisturbed = paint(content, [style], weights, params)
    checkpoint = Memory(dies_after=saves)
    with pytest.raises(KeyboardInterrupt):
        paint(content, [style], weights, params, checkpoint)
    continued = paint(content, [style], weights, params, checkpoint)
    np.testing.assert_array_equal(continued.image, undisturbed.image)
    np.testing.assert_array_equal(continued.frames, undisturbed.frames)
    assert len(continued.history) == 1 + 3 + 2


def test_what_was_kept_for_other_parameters_or_pictures_is_not_gone_on_from(
    content, style, weights
):
    checkpoint = Memory()
    paint(content, [style], weights, transfer_params(), checkpoint)
    for other in (
        (content, [style], transfer_params(style_weight=0.2)),
        (content[:, ::-1], [style], transfer_params()),
        (content, [style._replace(picture=style.picture[::-1])], transfer_params()),
        (content, [style, style._replace(picture=content)], transfer_params()),
    ):
        pictures, styles, params = other
        fresh = paint(pictures, styles, weights, params)
        again = paint(pictures, styles, weights, params, checkpoint)
        np.testing.assert_array_equal(again.image, fresh.image)


def test_painting_a_scale_in_two_parts_is_painting_it_at_once(content, style, weights):
    params = transfer_params(optimizer="adam")
    canvas = resize_longer_side(content, 40)
    objective = Objective(build_feature_extractor(weights, params), canvas, [style], params)
    start = PaintingState(to_vgg(canvas), {})

    def painted(state, iterations):
        optimizer = build_image_optimizer("adam", canvas.shape, 2.0)
        return paint_scale(state, objective, optimizer, iterations=iterations)

    halves, whole = painted(painted(start, 2), 3), painted(start, 5)
    np.testing.assert_array_equal(halves.image, whole.image)
    np.testing.assert_array_equal(start.image, to_vgg(canvas))


def test_an_image_of_another_size_is_resized_and_its_optimizer_starts_anew(content, style, weights):
    params = transfer_params(optimizer="adam")
    canvas = resize_longer_side(content, 40)
    objective = Objective(build_feature_extractor(weights, params), canvas, [style], params)
    small = to_vgg(resize_longer_side(content, 32))
    images = [
        paint_scale(
            PaintingState(image, optimizer),
            objective,
            build_image_optimizer("adam", canvas.shape, 2.0),
            iterations=2,
        ).image
        for image, optimizer in (
            (small, {"adam.0": np.array(7)}),
            (resize_to(small, canvas.shape[:2]), {}),
        )
    ]
    np.testing.assert_array_equal(*images)


def test_adam_goes_down_too(content, style, weights):
    painting = paint(
        content,
        [style],
        weights,
        transfer_params(optimizer="adam", scales=({"side": 40, "iterations": 30},)),
    )
    losses = [
        sum(row[name] for name in ("content", "conv1_1", "conv2_1")) for row in painting.history
    ]
    assert losses[-1] < 0.8 * losses[0]


def test_the_loss_of_a_blend_has_the_gradient_of_the_weighted_losses(content, style, weights):
    params = transfer_params(content_weight=0.0)
    extractor, canvas = build_feature_extractor(weights, params), resize_longer_side(content, 40)
    other = Style(content[::-1], 3.0)
    image = canvas[..., ::-1] - 100
    blended = Objective(extractor, canvas, [style, other], params)(image)[1]
    parts = [Objective(extractor, canvas, [one], params)(image)[1] for one in (style, other)]
    np.testing.assert_allclose(
        blended, 0.25 * parts[0] + 0.75 * parts[1], atol=1e-3 * np.abs(blended).max()
    )


@pytest.mark.parametrize("shape", [(60, 20), (17, 90)])
def test_any_aspect_is_painted_in_its_own(shape, style, weights, rng):
    params = transfer_params(scales=({"side": 48, "iterations": 1},))
    painting = paint(rng.uniform(0, 255, (*shape, 3)), [style], weights, params)
    height, width = painting.image.shape[:2]
    assert max(height, width) == 48
    assert height / width == pytest.approx(shape[0] / shape[1], rel=0.8)
    assert (height > width) == (shape[0] > shape[1])


def test_a_loss_that_is_no_number_is_an_error(content, style, weights):
    spoilt = dict(weights) | {"conv1_1.bias": np.full(64, np.nan, np.float32)}
    with pytest.raises(FloatingPointError, match="finite loss"):
        paint(content, [style], spoilt, transfer_params())


def test_a_layer_that_vgg16_has_not_is_refused_before_any_work():
    with pytest.raises(ValueError, match="conv9_9"):
        transfer_params(style_layers=("conv9_9",))
    with pytest.raises(ValueError, match="both 0"):
        transfer_params(content_weight=0, style_weight=0)


def test_objectives_of_one_extractor_are_compiled_once_and_keep_their_own_targets(
    content, style, weights
):
    params = transfer_params()
    canvas = resize_longer_side(content, 40)
    image = to_vgg(canvas[::-1])
    shared = build_feature_extractor(weights, params)
    for target in (style, Style(content[::-1], 3.0)):
        alone = build_feature_extractor(weights, params)
        losses, expected = (
            Objective(extractor, canvas, [target], params)(image)[0]
            for extractor in (shared, alone)
        )
        np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert shared.terms_and_gradient.experimental_get_tracing_count() == 1
