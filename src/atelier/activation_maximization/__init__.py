"""Activation maximization: the image that a network's unit answers most (Erhan et al. 2009)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
