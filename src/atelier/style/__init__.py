"""Image style transfer by convolutional networks (Gatys, Ecker & Bethge 2016)."""

from atelier.style.losses import content_loss, gram_matrix, style_loss, total_variation

__all__ = ["content_loss", "gram_matrix", "style_loss", "total_variation"]
