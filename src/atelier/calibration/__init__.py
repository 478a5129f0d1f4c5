"""Calibrated probabilities (Guo et al. 2017) and confidence from the density of logits."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
