"""Dissociated cells and imaged tissue in one latent space."""
