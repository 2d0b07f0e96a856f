"""How AnnData is read."""
