"""How often the package warns of queries, where it should and where it should not."""
