"""Data sets: a simulated tissue whose truth is known."""

from dpvae.datasets.simulated import simulated_tissue

__all__ = ["simulated_tissue"]
