"""The record: one page about all experiments."""
