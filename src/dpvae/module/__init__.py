"""Torch modules: the distance term, the mixin that adds it, the backbones, alignment."""

from dpvae.module.count_vae import CountVAE
from dpvae.module.discrepancy import mean_discrepancy
from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.distance_term import DistanceTerm
from dpvae.module.dp_count_vae import DPCountVAE
from dpvae.module.dp_gaussian_vae import DPGaussianVAE
from dpvae.module.encoder_input import EncoderInput
from dpvae.module.gaussian_vae import GaussianVAE
from dpvae.module.hierarchical_vae import DPHierarchicalVAE, HierarchicalVAE
from dpvae.module.loss_term import LossTerm, MinibatchLatents
from dpvae.module.prior import Prior, StandardNormal
from dpvae.module.section_discriminator import SectionDiscriminator
from dpvae.module.spatial_count_vae import DPSpatialCountVAE, SpatialCountVAE
from dpvae.module.spatial_linear_vae import DPSpatialLinearVAE
from dpvae.module.spatial_prior import SpatialPrior
from dpvae.module.spatial_protein_vae import DPSpatialProteinVAE, SpatialProteinVAE

__all__ = [
    "CountVAE",
    "DPCountVAE",
    "DPGaussianVAE",
    "DPHierarchicalVAE",
    "DPSpatialCountVAE",
    "DPSpatialLinearVAE",
    "DPSpatialProteinVAE",
    "DistancePreserving",
    "DistanceTerm",
    "EncoderInput",
    "GaussianVAE",
    "HierarchicalVAE",
    "LossTerm",
    "MinibatchLatents",
    "Prior",
    "SectionDiscriminator",
    "SpatialCountVAE",
    "SpatialPrior",
    "SpatialProteinVAE",
    "StandardNormal",
    "mean_discrepancy",
]
