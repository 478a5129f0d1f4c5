"""Networks: one model, one file."""
