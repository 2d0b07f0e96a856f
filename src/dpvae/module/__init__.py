"""Torch modules: the distance term, the mixin that adds it, the two backbones, alignment."""

from dpvae.module.discrepancy import mean_discrepancy
from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.distance_term import DistanceTerm
from dpvae.module.dp_modules import DPCountVAE, DPGaussianVAE
from dpvae.module.gaussian_vae import GaussianVAE
from dpvae.module.gene_standardization import GeneStandardization
from dpvae.module.section_discriminator import SectionDiscriminator

__all__ = [
    "DPCountVAE",
    "DPGaussianVAE",
    "DistancePreserving",
    "DistanceTerm",
    "GaussianVAE",
    "GeneStandardization",
    "SectionDiscriminator",
    "mean_discrepancy",
]
