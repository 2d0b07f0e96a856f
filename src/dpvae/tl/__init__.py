"""Tools: AnnData in, results written into it."""

from dpvae.tl.autocorrelation import autocorrelation
from dpvae.tl.impute import impute
from dpvae.tl.isometry import isometry
from dpvae.tl.match_genes import match_genes
from dpvae.tl.pair_mask import pair_mask
from dpvae.tl.preservation import distance_preservation
from dpvae.tl.procrustes import procrustes
from dpvae.tl.reconstruct import reconstruct
from dpvae.tl.score import score
from dpvae.tl.snap import snap
from dpvae.tl.transfer_matrix import transfer_matrix

__all__ = [
    "autocorrelation",
    "distance_preservation",
    "impute",
    "isometry",
    "match_genes",
    "pair_mask",
    "procrustes",
    "reconstruct",
    "score",
    "snap",
    "transfer_matrix",
]
