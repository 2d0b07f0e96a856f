"""Queries: brought into the form of the reference, and compared with it."""
