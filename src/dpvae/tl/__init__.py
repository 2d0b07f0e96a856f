"""Tools: AnnData in, results written into it."""

from dpvae.tl.autocorrelation import autocorrelation
from dpvae.tl.fold import fold
from dpvae.tl.impute import impute
from dpvae.tl.isometry import isometry
from dpvae.tl.join import join
from dpvae.tl.mapping import mapping
from dpvae.tl.match_genes import match_genes
from dpvae.tl.mirror_symmetry import mirror_symmetry
from dpvae.tl.neighborhood_enrichment import neighborhood_enrichment
from dpvae.tl.neighborhood_mean import neighborhood_mean
from dpvae.tl.niche_composition import niche_composition
from dpvae.tl.paint import paint
from dpvae.tl.pair_mask import pair_mask
from dpvae.tl.posterior import posterior
from dpvae.tl.preservation import distance_preservation
from dpvae.tl.procrustes import procrustes
from dpvae.tl.reconstruct import reconstruct
from dpvae.tl.score import score
from dpvae.tl.snap import snap
from dpvae.tl.spatial_domains import spatial_domains
from dpvae.tl.spatially_variable_genes import spatially_variable_genes
from dpvae.tl.transfer_labels import transfer_labels
from dpvae.tl.transfer_matrix import transfer_matrix
from dpvae.tl.unfold import unfold

__all__ = [
    "autocorrelation",
    "distance_preservation",
    "fold",
    "impute",
    "isometry",
    "join",
    "mapping",
    "match_genes",
    "mirror_symmetry",
    "neighborhood_enrichment",
    "neighborhood_mean",
    "niche_composition",
    "paint",
    "pair_mask",
    "posterior",
    "procrustes",
    "reconstruct",
    "score",
    "snap",
    "spatial_domains",
    "spatially_variable_genes",
    "transfer_labels",
    "transfer_matrix",
    "unfold",
]
