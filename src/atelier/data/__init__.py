"""Data: read, checked, split, described."""
