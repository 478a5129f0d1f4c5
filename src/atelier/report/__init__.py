"""The report: one page about all experiments."""
