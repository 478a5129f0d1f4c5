"""Optimizer × dropout × a thousand learning rates, as one fused training.

The engine and its runner import nothing but NumPy, JAX, pandas and pyarrow, so that they also run
on a bare GPU machine: ``python -m atelier.sweep``.
"""
