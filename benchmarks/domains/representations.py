"""Representations of the cells of a section, by name: functions of raw counts and a seed."""

import numpy as np
import scanpy as sc
import scvi

import dpvae
from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.model import SPAVAE

N_COMPONENTS, N_NEIGHBORS = 20, 18
SHARE_OF_TISSUE = 0.8


def components(adata, seed):
    """Principal components of log-normalised values."""
    cells = normalized(adata)
    sc.pp.pca(cells, n_comps=min(N_COMPONENTS, cells.n_vars - 1), random_state=seed)
    return cells.obsm["X_pca"]


def scaled_components(adata, seed):
    """The same of genes that were brought to variance 1 before."""
    values = unit(normalized(adata).X.toarray())
    return sc.pp.pca(values, n_comps=min(N_COMPONENTS, adata.n_vars - 1), random_state=seed)


def averaged(represent_cells, n_neighbors):
    """A representation, averaged over each cell and its neighbours."""

    def represent(adata, seed):
        cells = adata.copy()
        cells.obsm["X_pca"] = represent_cells(adata, seed)
        return dpvae.tl.neighborhood_mean(cells, n_neighbors=n_neighbors, copy=True)

    return represent


def banksy_like(adata, seed):
    """Components of each gene's own value, its mean among neighbours, and its gradient there.

    As BANKSY weighs them for domains (Singhal et al. 2024), but neighbours count alike.
    """
    own, places = unit(normalized(adata).X.toarray()), adata.obsm["spatial"]
    weights = neighborhood_weights(places, np.zeros(len(places)), N_NEIGHBORS)
    mean = weights @ own
    entries = weights.tocoo()
    step = places[entries.col] - places[entries.row]
    angle = np.arctan2(step[:, 1], step[:, 0])
    is_other = entries.row != entries.col
    parts = []
    for turn in (np.cos(angle), np.sin(angle)):
        signed = weights.copy()
        signed.data = entries.data * turn * is_other
        parts.append(signed @ own - mean * np.asarray(signed.sum(axis=1)))
    gradient = np.hypot(*parts)
    values = (own, mean, gradient)
    shares = (1 - SHARE_OF_TISSUE, SHARE_OF_TISSUE * 2 / 3, SHARE_OF_TISSUE / 3)
    blocks = [np.sqrt(share) * unit(block) for share, block in zip(shares, values, strict=True)]
    return sc.pp.pca(np.hstack(blocks), n_comps=N_COMPONENTS, random_state=seed)


def spavae(adata, seed, **options):
    """Latents of a model that knows the places, by default with its defaults."""
    cells = adata.copy()
    scvi.settings.seed = seed
    SPAVAE.setup_anndata(cells)
    model = SPAVAE(cells, **options)
    model.train(enable_progress_bar=False)
    return model.get_latent_representation()


def spavae_of_cells(adata, seed):
    """Latents that keep what cells are."""
    return spavae(adata, seed, kl_weight=1.0)


def normalized(adata):
    cells = adata.copy()
    sc.pp.normalize_total(cells)
    sc.pp.log1p(cells)
    return cells


def unit(values):
    """Columns of mean 0 and variance 1, those that do not vary of 0."""
    deviation = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)


REPRESENTATIONS = {
    "PCs": components,
    "PCs, mean of 6": averaged(components, 6),
    "PCs, mean of 18": averaged(components, 18),
    "PCs, mean of 36": averaged(components, 36),
    "scaled PCs, mean of 18": averaged(scaled_components, 18),
    "BANKSY-like": banksy_like,
    "SPAVAE": spavae,
    "SPAVAE, β = 1, mean of 18": averaged(spavae_of_cells, 18),
}
