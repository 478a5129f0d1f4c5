"""How parameters are written, named and read."""
