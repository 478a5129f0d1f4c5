import pytest
from support.unet import unet_params


@pytest.fixture
def unet_recipe():
    """The smallest network, on images that stay as they are."""
    return unet_params(steps=2)
