"""How files are written atomically, locked, identified, and traced to the run that wrote them."""
