"""Tools: AnnData in, results written into it."""

from dpvae.tl.autocorrelation import autocorrelation
from dpvae.tl.impute import impute
from dpvae.tl.isometry import isometry
from dpvae.tl.pair_mask import pair_mask
from dpvae.tl.preservation import distance_preservation
from dpvae.tl.procrustes import procrustes
from dpvae.tl.reconstruct import reconstruct
from dpvae.tl.regions import regions
from dpvae.tl.score import score

__all__ = [
    "autocorrelation",
    "distance_preservation",
    "impute",
    "isometry",
    "pair_mask",
    "procrustes",
    "reconstruct",
    "regions",
    "score",
]
