"""How files are written whole, locked, and traced to the run that wrote them."""
