"""Plots of what scanpy and squidpy do not draw."""

from dpvae.pl.history import training_history
from dpvae.pl.reconstruction import reconstruction
from dpvae.pl.residuals import residuals

__all__ = ["reconstruction", "residuals", "training_history"]
