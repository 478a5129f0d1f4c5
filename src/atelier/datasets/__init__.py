"""Kedro datasets: how data is read and written. Only ``conf/`` names these classes."""
