"""Dropout (Srivastava et al. 2014): expectation, generalization gap, weight updates, confidence."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
