"""The VAE of log-normalised expression with the distance term."""

from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.gaussian_vae import GaussianVAE


class DPGaussianVAE(DistancePreserving, GaussianVAE):
    """:class:`~dpvae.module.GaussianVAE` with the distance term."""
