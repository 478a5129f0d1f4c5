"""The recipe of a small U-Net, on images that stay as they are."""

from atelier.segmentation.params import (
    BorderParams,
    DeformationParams,
    SegmenterParams,
    UnetParams,
)

STILL = DeformationParams(
    displacement=0, degrees=0, scale=0, shift=0, flips=False, gain=0, offset=0, gamma=0, noise=0
)


def unet_params(*, depth=1, **changes):
    """Returns parameters of a U-Net of two filters that takes one step, with these changes."""
    return SegmenterParams(
        **{
            "network": UnetParams(filters=2, depth=depth, padding="same", dropout=0.0),
            "weights": BorderParams(w0=10.0, sigma=5.0, balance=False, gaps=True),
            "deformation": STILL,
            "optimizer": "adam",
            "learning_rate": 0.01,
            "momentum": 0.9,
            "clip": 1.0,
            "warmup": 0.1,
            "batch_size": 1,
            "patch": 32,
            "steps": 1,
            "report_every": 1,
            "seed": 0,
            "threads": 2,
        }
        | changes
    )
