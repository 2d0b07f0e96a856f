"""The models: scvi-tools models that learn where cells are."""

from dpvae.model.dpscvi import DPSCVI
from dpvae.model.dpvae import DPVAE
from dpvae.model.plan import DistancePreservingPlan
from dpvae.model.saved import load

__all__ = ["DPSCVI", "DPVAE", "DistancePreservingPlan", "load"]
