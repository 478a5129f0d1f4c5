"""Figures: data in, figure out. Nothing here shows or saves."""
