"""The models: scvi-tools models that learn where cells are."""

import rich.pretty  # noqa: F401 - view_anndata_setup of scvi-tools 1.4 uses it, not importing it

from dpvae.model.dpscvi import DPSCVI
from dpvae.model.dpvae import DPVAE
from dpvae.model.plan import DistancePreservingPlan
from dpvae.model.saved import load

__all__ = ["DPSCVI", "DPVAE", "DistancePreservingPlan", "load"]
