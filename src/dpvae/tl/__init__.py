"""Tools: AnnData in, results written into it."""

from dpvae.tl.impute import impute
from dpvae.tl.procrustes import procrustes
from dpvae.tl.reconstruct import reconstruct

__all__ = ["impute", "procrustes", "reconstruct"]
