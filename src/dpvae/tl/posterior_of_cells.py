"""Checks of a posterior that is given with its cells."""

from anndata import AnnData

from dpvae._data.arguments import check_is_anndata
from dpvae.geometry import Posterior


def check_posterior_of(found: object, adata: AnnData, *, name: str = "adata") -> None:
    """Raise if a posterior is none, or not of as many cells as the AnnData of this name has."""
    check_is_anndata(adata, name=name)
    if not isinstance(found, Posterior):
        message = (
            f"found is a {type(found).__name__}, not a posterior: give "
            f"model.predict_posterior({name})."
        )
        raise TypeError(message)
    if len(found) != adata.n_obs:
        message = (
            f"The posterior is of {len(found)} cells, {name} has {adata.n_obs}: give "
            f"model.predict_posterior({name}) of the same cells."
        )
        raise ValueError(message)
