"""Optimizer × dropout × a thousand learning rates, as one fused training.

The engine and its runner need only NumPy, JAX, pandas, pyarrow and lazy-loader, so that they also
run on a bare GPU machine: ``python -m atelier.sweep``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
