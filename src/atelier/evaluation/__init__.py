"""How good and how well calibrated predictions are, and how sure those numbers are."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
