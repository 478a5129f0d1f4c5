"""Otsu's thresholds (Otsu 1979): for any number of classes, with intervals, and for cells."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
