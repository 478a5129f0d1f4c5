"""The recipe of a small style transfer."""

from atelier.style_transfer.params import TransferParams


def transfer_params(**changes):
    """Returns parameters of a transfer by the first two blocks of VGG16, with these changes."""
    return TransferParams(
        **{
            "content_layer": "conv2_1",
            "style_layers": ("conv1_1", "conv2_1"),
            "content_weight": 1e-5,
            "style_weight": 0.1,
            "variation_weight": 0.0,
            "pooling": "average",
            "padding": "replicate",
            "tile": 0,
            "normalised": False,
            "start": "content",
            "colours": "style",
            "optimizer": "lbfgs",
            "learning_rate": 2.0,
            "scales": ({"side": 40, "iterations": 6},),
            "every": 2,
            "seed": 0,
            "threads": 2,
        }
        | changes
    )
