"""The VAE of raw counts, scVI, with the distance term."""

from dpvae.module.count_vae import CountVAE
from dpvae.module.distance_preserving import DistancePreserving


class DPCountVAE(DistancePreserving, CountVAE):
    """:class:`CountVAE` with the distance term."""
