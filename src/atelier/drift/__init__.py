"""Whether a batch of images still looks like the data that a classifier was calibrated on."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
