"""The models: scvi-tools models that learn where cells are."""

import rich.pretty  # noqa: F401 - view_anndata_setup of scvi-tools 1.4 uses it, not importing it

from dpvae.model.backbones.dphvae import DPHVAE
from dpvae.model.backbones.dpscvi import DPSCVI
from dpvae.model.backbones.dpvae import DPVAE
from dpvae.model.backbones.dpvgae import DPVGAE
from dpvae.model.backbones.spaldvae import SPALDVAE
from dpvae.model.backbones.spavae import SPAVAE
from dpvae.model.backbones.surfaces import Surfaces
from dpvae.model.base import SpatialModel
from dpvae.model.load import load
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
