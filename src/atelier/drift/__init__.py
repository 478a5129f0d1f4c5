"""Drift detection: do new images come from the source of those a network was evaluated on?"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
