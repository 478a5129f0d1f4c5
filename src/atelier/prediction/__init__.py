"""Prediction: labels pictures of any number by a registered calibrated model, part by part."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
