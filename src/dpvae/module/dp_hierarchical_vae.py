"""The hierarchical VAE with the distance term."""

from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.hierarchical_vae import HierarchicalVAE


class DPHierarchicalVAE(DistancePreserving, HierarchicalVAE):
    """:class:`~dpvae.module.HierarchicalVAE` with the distance term, on its ``level``."""
