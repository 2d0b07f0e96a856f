"""Plots: what scanpy and squidpy do not draw."""

from dpvae.pl.anchors import anchors
from dpvae.pl.autocorrelation import autocorrelation
from dpvae.pl.cell_error import cell_error
from dpvae.pl.distance_correlation import distance_correlation
from dpvae.pl.history import training_history
from dpvae.pl.isometry import isometry
from dpvae.pl.mirror_symmetry import mirror_symmetry
from dpvae.pl.over_image import over_image
from dpvae.pl.posterior import posterior
from dpvae.pl.reconstruction import reconstruction
from dpvae.pl.regularization_path import regularization_path
from dpvae.pl.residuals import residuals
from dpvae.pl.shepard import shepard
from dpvae.pl.transfer_matrix import transfer_matrix

__all__ = [
    "anchors",
    "autocorrelation",
    "cell_error",
    "distance_correlation",
    "isometry",
    "mirror_symmetry",
    "over_image",
    "posterior",
    "reconstruction",
    "regularization_path",
    "residuals",
    "shepard",
    "training_history",
    "transfer_matrix",
]
