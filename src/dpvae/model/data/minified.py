"""Minified data: the latents of cells in place of their expression."""

import warnings
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from anndata import AnnData

MINIFIED = "_scvi_adata_minify_type"
UUID = "_scvi_uuid"
LATENTS = {
    "use_latent_qzm_key": "_dpvae_expression_mean",
    "use_latent_qzv_key": "_dpvae_expression_variance",
}


def is_minified(adata: AnnData) -> bool:
    """Whether the expression of cells was replaced by their latents."""
    return MINIFIED in adata.uns


def refuse_minified(adata: AnnData) -> None:
    """Raise if the cells to train on lack their expression."""
    if is_minified(adata):
        message = (
            "The data of the model are minified: their expression was replaced by latents, from "
            "which nothing can be learned. Load the model with the whole data, "
            "load(path, adata=adata), and train that."
        )
        raise ValueError(message)


def refuse_minified_elsewhere(adata: AnnData, known: Container[str]) -> None:
    """Raise if cells were minified by another model: their latents mean nothing to this one.

    Parameters
    ----------
    adata
        Minified cells.
    known
        Names under which scvi-tools knows the AnnData of this model. Cells that are being minified
        have none yet.
    """
    if UUID in adata.uns and adata.uns[UUID] not in known:
        message = (
            "The expression of these cells was replaced by the latents of another model "
            "(minify_adata), which this model cannot read. Give the cells with their expression."
        )
        raise ValueError(message)


@contextmanager
def latents_to_minify(
    own_cells: Callable[[], AnnData], latents: Sequence[Any]
) -> Iterator[dict[str, str]]:
    """Keep latents in ``obsm`` while cells are minified by them.

    Parameters
    ----------
    own_cells
        Gives the cells of the model, which are another AnnData afterwards.
    latents
        Mean and variance of z given expression alone.

    Yields
    ------
    The arguments of scvi-tools' ``minify_adata`` that name them.
    """
    before = own_cells()
    for key, values in zip(LATENTS.values(), latents, strict=True):
        before.obsm[key] = values
    try:
        yield dict(LATENTS)
    finally:
        for cells in (before, own_cells()):
            for key in LATENTS.values():
                if key in cells.obsm:
                    del cells.obsm[key]


def warn_without_genes() -> None:
    """Warn that places come from latents alone."""
    message = (
        "The expression of the model's own cells is gone (their data are minified), so that their "
        "places come from the latents alone, without the regressions on the genes, and are far "
        "less exact. Pass the cells with their expression: predict_coordinates(adata)."
    )
    warnings.warn(message, UserWarning, stacklevel=4)
