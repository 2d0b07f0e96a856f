"""Surfaces: a reference that is used without training a network."""

from typing import Any

import numpy as np
import torch
from anndata import AnnData

from dpvae._data.some_rows import at_most
from dpvae.geometry.regression.principal_axes import principal_axes
from dpvae.model.atlas.gene_neighbors import dense
from dpvae.model.base import SpatialModel
from dpvae.model.data.values import LOG_NORMALIZED
from dpvae.module import EncoderInput
from dpvae.module.network_size import check_dimension
from dpvae.module.principal_components import DPPrincipalComponents

MOST_CELLS_FOR_AXES = 5_000


class Surfaces(SpatialModel):
    """Places and probabilities from surfaces of expression over the tissue, in seconds.

    Everything that :class:`DPVAE` does of which no network is part: the latent representation are
    principal components, of genes that count by the root of their Moran's I; :meth:`train` fits
    regressions and surfaces in closed form. Places are less exact than those of a network, and
    there at once: a first look, and the baseline for any model.

    Parameters
    ----------
    adata
        The reference, registered with :meth:`setup_anndata`: log-normalised expression.
    registry
        Registry of a saved model, used in its place when a model is loaded without an AnnData.
    n_latent
        Number of principal components that are the latent representation.

    Notes
    -----
    Arguments of :meth:`train` that concern steps have no effect, since there are none.

    Examples
    --------
    >>> import scanpy as sc
    >>> from dpvae.datasets import simulated_tissue
    >>> from dpvae.model import Surfaces
    >>> adata = simulated_tissue(200, 50)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> Surfaces.setup_anndata(adata)
    >>> model = Surfaces(adata)
    >>> model.train()
    >>> query = adata[:5].copy()
    >>> del query.obsm["spatial"]
    >>> model.predict_posterior(query).mean().shape
    (5, 2)
    """

    values = LOG_NORMALIZED
    has_network = False
    places_by_genes = True

    def __init__(
        self,
        adata: AnnData | None = None,
        registry: dict[str, Any] | None = None,
        n_latent: int = 50,
    ) -> None:
        check_dimension("n_latent", n_latent)
        super().__init__(adata, registry)
        encoder_input = EncoderInput(self.summary_stats.n_vars)
        module = DPPrincipalComponents(encoder_input, n_latent, dp_weight=0.0)
        self._use(module, gene_weights="pattern")
        if self.adata is not None:
            self._find_axes()
        self.init_params_ = self._get_init_params(locals())

    def _find_axes(self) -> None:
        """Set the principal components of at most 5,000 random cells."""
        assert self.adata is not None
        everyone = np.arange(self.adata.n_obs)
        some = at_most(everyone, MOST_CELLS_FOR_AXES, np.random.default_rng(0))
        read = self._gene_reader(self.adata)
        seen = self.module.encoder_input
        values = np.asarray(dense(read(some)) * seen.factor, dtype=np.float32)
        axes, variances = principal_axes(values, self.module.n_latent)
        left = float(values.var(axis=0, ddof=1).sum() - variances.sum())
        noise = left / max(values.shape[1] - len(variances), 1)
        self.module.set_axes(
            torch.as_tensor(axes, dtype=torch.float32),
            torch.as_tensor(variances, dtype=torch.float32),
            noise,
        )
