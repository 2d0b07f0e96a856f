"""Preprocessing: AnnData in, what to learn from written into it."""

from dpvae.pp.spatially_variable_genes import spatially_variable_genes

__all__ = ["spatially_variable_genes"]
