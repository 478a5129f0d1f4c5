"""Out-of-distribution detection: scores of images that are unlike the training images."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
