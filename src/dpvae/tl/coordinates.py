"""Representations, coordinates and pair masks, read from an AnnData."""

from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dpvae._data.arguments import check_is_anndata
from dpvae._data.culprit import obsm_name
from dpvae._data.numbers import numbers_of
from dpvae._data.pair_mask import stored_mask
from dpvae._keys import OBSM
from dpvae.geometry import check_coordinate_rows, check_pair_mask, known_rows

MADE_BY = {
    OBSM.latent: "model.get_latent_representation({})",
    OBSM.reconstructed: "model.predict_coordinates({})",
    OBSM.decoder_metric: "model.decoder_metric({})",
}


def read_representation(adata: AnnData, use_rep: str) -> NDArray[Any]:
    """Latent representation of the cells, ``adata.obsm[use_rep]``."""
    _check_key(adata, use_rep, "the latent representation of the cells", "use_rep")
    return numbers_of(adata.obsm[use_rep], obsm_name(use_rep))


def read_coordinates(
    adata: AnnData, key: str, *, name: str = "adata", argument: str = "spatial_key"
) -> NDArray[np.float64]:
    """Coordinates of the cells, ``adata.obsm[key]``; rows of NaN are unknown places."""
    _check_key(adata, key, "the coordinates of the cells", argument, name)
    return check_coordinate_rows(adata.obsm[key], name=obsm_name(key, name=name))


def given_to_a_model(adata: AnnData) -> NDArray[np.bool_]:
    """Which cells' places a model was given by ``setup_anndata``, shape ``(n_cells,)``."""
    if OBSM.centered not in adata.obsm:
        return np.zeros(adata.n_obs, dtype=bool)
    return known_rows(np.asarray(adata.obsm[OBSM.centered], dtype=np.float64))


def read_mask(adata: AnnData, mask_key: str) -> csr_matrix:
    """Pair mask ``adata.obsp[mask_key]``."""
    name = f"adata.obsp[{mask_key!r}]"
    return check_pair_mask(stored_mask(adata, mask_key), adata.n_obs, name=name)


def _check_key(adata: AnnData, key: str, content: str, argument: str, name: str = "adata") -> None:
    check_is_anndata(adata, name=name)
    if key in adata.obsm:
        return
    where = obsm_name(key, name=name)
    found = sorted(key for key in adata.obsm if not key.startswith("_")) or "nothing"
    made = f", or make it: {where} = {MADE_BY[key].format(name)}" if key in MADE_BY else ""
    message = (
        f"There is no {where} with {content}; obsm has {found}. Name the right key with "
        f"{argument}=…{made}"
    )
    raise KeyError(message)
