"""The models: scvi-tools models that learn where cells are."""

import rich.pretty  # noqa: F401 - view_anndata_setup of scvi-tools 1.4 uses it, not importing it

from dpvae.model.base import SpatialModel
from dpvae.model.dphvae import DPHVAE
from dpvae.model.dpscvi import DPSCVI
from dpvae.model.dpvae import DPVAE
from dpvae.model.dpvgae import DPVGAE
from dpvae.model.load import load
from dpvae.model.spaldvae import SPALDVAE
from dpvae.model.spavae import SPAVAE
from dpvae.model.surfaces import Surfaces
from dpvae.model.training.plan import DistancePreservingPlan

__all__ = [
    "DPHVAE",
    "DPSCVI",
    "DPVAE",
    "DPVGAE",
    "SPALDVAE",
    "SPAVAE",
    "DistancePreservingPlan",
    "SpatialModel",
    "Surfaces",
    "load",
]
