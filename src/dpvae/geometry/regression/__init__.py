"""Places by regression: on coordinates of similar cells, on latents, on genes."""
