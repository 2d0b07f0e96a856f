"""Cells of two technologies in one latent space."""
