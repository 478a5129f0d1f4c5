"""Mixtures of Gaussians fitted by expectation maximization: to points, colours and cells."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
