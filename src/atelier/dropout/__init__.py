"""Dropout (Srivastava et al. 2014): what it computes, prevents, and says of confidence."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
