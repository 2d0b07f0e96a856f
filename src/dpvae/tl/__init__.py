"""Tools: AnnData in, results written into it."""

from dpvae.tl.autocorrelation import autocorrelation
from dpvae.tl.impute import impute
from dpvae.tl.procrustes import procrustes
from dpvae.tl.reconstruct import reconstruct

__all__ = ["autocorrelation", "impute", "procrustes", "reconstruct"]
