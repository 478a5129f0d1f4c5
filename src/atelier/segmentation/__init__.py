"""U-Net (Ronneberger et al. 2015): weight map, training patches, network, tiled prediction."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
