"""Images that are unlike the training images: near and far ones, and corrupted test images."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from atelier.data.corruptions import corrupt
from atelier.data.params import SourceParams
from atelier.data.reading import read_source
from atelier.data.shapes import match_images
from atelier.data.sources import Downloader
from atelier.data.splits import random_subset
from atelier.out_of_distribution.params import DOWNLOAD, OutOfDistributionParams
from atelier.training.batches import to_unit
from atelier.types import Array, Images

logger = logging.getLogger(__name__)

Group = Literal["near", "far", "corrupted"]
GROUPS: tuple[Group, ...] = ("near", "far", "corrupted")
FASHION_MNIST: Literal["fashion-mnist"] = "fashion-mnist"


class ImageSet(NamedTuple):
    """Images of one kind."""

    group: Group
    name: str
    images: Array
    """(n, height, width, channels) float32, mostly in [0, 1]."""


def noise_images(count: int, shape: tuple[int, ...], *, seed: int) -> dict[str, Images]:
    """Returns images of noise: uniform in 0 … 255, and Gaussian.

    The Gaussian has the mean 0.5 and the standard deviation 1 in units of white, and is cut off at
    black and white (Liang et al. 2018).

    Args:
        count: Number of images of each kind.
        shape: Height, width and channels.
        seed: Seed of the random numbers.

    Returns:
        ``uniform_noise`` and ``gaussian_noise``, (count, *shape) uint8.
    """
    rng = np.random.default_rng(seed)
    uniform = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    normal = np.clip(rng.normal(0.5, 1.0, (count, *shape)), 0, 1)
    return {
        "uniform_noise": uniform,
        "gaussian_noise": np.rint(255 * normal).astype(np.uint8),
    }


def fashion_source(location: str) -> SourceParams:
    """Returns the parameters that read the test part of Fashion-MNIST.

    Args:
        location: A folder of its IDX files, or ``download``.
    """
    download = location == DOWNLOAD
    return SourceParams(
        dataset=FASHION_MNIST,
        split=None,
        parts="test",
        source="download" if download else "mirror",
        mirror=None if download else str(Path(location).expanduser()),
        glyphs_per_class=1,
        limit=None,
        seed=0,
    )


def far_images(
    shape: tuple[int, ...], params: OutOfDistributionParams, download: Downloader
) -> dict[str, Images]:
    """Returns noise, and articles of clothing where Fashion-MNIST is at hand.

    Args:
        shape: Height, width and channels of the network's images.
        params: Number of images, seed, and where Fashion-MNIST is.
        download: Downloads the files of a data set; is called for a download only.

    Returns:
        ``uniform_noise``, ``gaussian_noise`` and, if it is not left out, ``fashion-mnist``; uint8.

    Raises:
        FileNotFoundError: If the folder lacks a file of Fashion-MNIST.
        ValueError: If a file is damaged, or is not the file that its name promises.
    """
    seed = params.training.seed
    noise = noise_images(params.images, shape, seed=seed)
    if params.fashion_mnist is None:
        logger.debug(
            "Fashion-MNIST is left out. To include it: --params fashion_mnist=FOLDER, with its "
            "IDX files, or fashion_mnist=download"
        )
        return noise
    part = read_source(fashion_source(params.fashion_mnist), download).parts["test"]
    clothing: dict[str, Array] = {"images": part.images, "labels": part.labels}
    clothing = random_subset(clothing, params.images, seed=seed)
    return noise | {FASHION_MNIST: match_images(clothing["images"], shape)}


def image_sets(
    test: Array,
    near: Mapping[str, Images],
    far: Mapping[str, Images],
    params: OutOfDistributionParams,
) -> list[ImageSet]:
    """Returns all sets of images: near ones, far ones, and the test images under each corruption.

    Args:
        test: Test images, (n, height, width, channels) uint8; each corruption changes all of them.
        near: Images of no class of the network that resemble its own, uint8, by name.
        far: Other images of no class, likewise.
        params: Corruptions, number of images of a set, and seed.

    Returns:
        The sets with group and name, their images in [0, 1].
    """
    shape, seed = test.shape[1:], params.training.seed
    foreign: list[tuple[Group, Mapping[str, Images]]] = [("near", near), ("far", far)]
    sets = [
        ImageSet(group, name, to_unit(match_images(images[: params.images], shape)))
        for group, by_name in foreign
        for name, images in by_name.items()
    ]
    own = to_unit(test)
    for name, level in params.corruptions.items():
        sets.append(ImageSet("corrupted", name, corrupt(own, name, level, seed=seed)))
    return sets
