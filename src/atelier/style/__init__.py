"""Image style transfer by convolutional networks (Gatys, Ecker & Bethge 2016).

Names are imported when they are first asked for: parameters must not bring TensorFlow along.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from atelier.style.losses import content_loss, gram_matrix, style_loss, total_variation
    from atelier.style.objective import Style
    from atelier.style.painting import Painting, transfer

__all__ = [
    "Painting",
    "Style",
    "content_loss",
    "gram_matrix",
    "style_loss",
    "total_variation",
    "transfer",
]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "losses": ("content_loss", "gram_matrix", "style_loss", "total_variation"),
        "objective": ("Style",),
        "painting": ("Painting", "transfer"),
    },
)
