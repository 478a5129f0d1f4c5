import numpy as np
import pytest
from scipy.special import expit
from support.unet import unet_params

from atelier.cells.samples import draw_cells
from atelier.segmentation.cell_calibration import MatchScale
from atelier.segmentation.params import (
    CellParams,
    PredictionParams,
)
from atelier.segmentation.pixel_calibration import PixelSample
from atelier.segmentation.prediction import pixel_log_odds
from atelier.segmentation.training import build_unet
from atelier.segmentation.unet_method import method_by_unet

PARAMS = unet_params(depth=2)
RULE = CellParams(threshold=0.5, smoothing=1.0, depth=1.5, least=1)
IMAGE = draw_cells(1, (90, 130), seed=0).images[0, ..., 0]
LOG_ODDS = np.repeat([-4.0, 4.0], 10)
PIXELS = PixelSample(
    np.stack([np.zeros(20), LOG_ODDS], axis=1), np.repeat([0, 1, 0, 1], [8, 2, 2, 8])
)
"""Of log-odds of 4, 80 % are cell: the calibrated log-odds are log 4."""


@pytest.fixture(scope="module")
def model():
    return build_unet(PARAMS)


def test_tiles_give_the_cells_of_the_whole_image(model):
    whole, tiled = (
        method_by_unet(model, PIXELS, PARAMS, PredictionParams(tile=tile, turns=1, cells=RULE))
        for tile in (512, 32)
    )
    labels, probability, _ = whole.find_cells(IMAGE)
    assert labels.shape == IMAGE.shape
    again = tiled.find_cells(IMAGE)
    np.testing.assert_allclose(again.probability, probability, atol=1e-5)
    assert (again.labels > 0).mean() == pytest.approx((labels > 0).mean(), abs=0.01)
    assert whole.identity != tiled.identity


def test_probabilities_are_calibrated_on_validation_pixels(model):
    prediction = PredictionParams(tile=512, turns=1, cells=RULE)
    _, probability, _ = method_by_unet(model, PIXELS, PARAMS, prediction).find_cells(IMAGE)
    plain = pixel_log_odds(model, IMAGE, PARAMS, tile=512)
    np.testing.assert_allclose(probability, expit(plain * np.log(4) / 4), atol=1e-3)


def test_a_network_of_other_parameters_is_refused(model):
    deeper = PARAMS.model_copy(update={"network": PARAMS.network.model_copy(update={"depth": 3})})
    prediction = PredictionParams(tile=64, turns=1, cells=RULE)
    with pytest.raises(ValueError, match="unet_2_3_same. Received: unet_2_2_same; give the same"):
        method_by_unet(model, PIXELS, deeper, prediction)


def test_another_network_has_another_identity(model):
    prediction = PredictionParams(tile=64, turns=1, cells=RULE)
    other = build_unet(PARAMS)
    other.weights[0].assign(other.weights[0] + 1)
    first, same, changed = (
        method_by_unet(network, PIXELS, PARAMS, prediction).identity
        for network in (model, model, other)
    )
    assert first == same
    assert first != changed


def test_each_cell_gets_the_probability_that_it_is_real(model):
    prediction = PredictionParams(tile=512, turns=1, cells=RULE)
    scale = MatchScale((0.0,) * 4, (1.0,) * 4, (0.0, 0.0, 0.0, 2.0), -1.0)  # by the border alone
    plain = method_by_unet(model, PIXELS, PARAMS, prediction)
    scaled = method_by_unet(model, PIXELS, PARAMS, prediction, match_scale=scale)
    assert scaled.identity != plain.identity
    assert plain.find_cells(IMAGE).match_probability is None
    found = scaled.find_cells(IMAGE)
    inside = found.labels.copy()
    inside[1:-1, 1:-1] = 0
    at_border = np.isin(np.arange(1, found.labels.max() + 1), inside)
    assert len(found.match_probability) == found.labels.max()
    np.testing.assert_allclose(found.match_probability, expit(np.where(at_border, 1.0, -1.0)))
