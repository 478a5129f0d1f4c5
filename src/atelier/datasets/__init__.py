"""How things are read and written. Only ``conf/`` names what is here."""
