"""Labelled images of a user: folders of classes, archives, IDX, npz, CSV and parquet files."""
