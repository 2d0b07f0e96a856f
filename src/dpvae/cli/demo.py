"""The demo of the command line: hide places, recover them, and score them."""

from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import issparse

from dpvae._data.expression import expression_of, holds_counts
from dpvae._data.section import cells_per_section, named_sections
from dpvae._data.some_rows import random_share
from dpvae._keys import OBSM
from dpvae.cli.held_out import BASELINES, HIDDEN_SHARE, Baseline, hide_places, score_table
from dpvae.cli.jobs import place_cells, train_model
from dpvae.cli.normalization import log_normalized, typical_counts
from dpvae.geometry import check_coordinates, known_rows
from dpvae.tl.coordinates import read_coordinates

WITHOUT_TRAINING = "surfaces"


def run_demo(
    adata: AnnData,
    *,
    model_name: str,
    layer: str | None,
    spatial_key: str,
    sample_key: str | None,
    n_genes: int | None,
    epochs: int | None,
    seed: int,
) -> AnnData:
    """Hide one place in five, recover it, and score it, untrained surfaces and two baselines.

    Parameters
    ----------
    adata
        Cells with coordinates.
    model_name, layer, spatial_key, sample_key, n_genes, epochs, seed
        As in :func:`train_model`. The baselines get the same genes.

    Returns
    -------
    The cells of known place in which chosen genes were seen, with ``obs["hidden"]``, the recovered
    coordinates of the hidden ones in ``obsm["spatial_dpvae"]`` (the others keep their own), and
    ``uns["scores"]``.
    """
    true = read_coordinates(adata, spatial_key)
    check_coordinates(true, name=f"adata.obsm[{spatial_key!r}]")
    adata = adata[known_rows(true)].copy()
    true = true[known_rows(true)]
    reference, query = hide_places(adata, spatial_key=spatial_key, seed=seed)
    hidden = np.zeros(adata.n_obs, dtype=bool)
    hidden[random_share(adata.n_obs, HIDDEN_SHARE, seed)[1]] = True
    section = named_sections(adata, sample_key)

    keys: dict[str, Any] = {"layer": layer, "spatial_key": spatial_key, "sample_key": sample_key}
    model = train_model(
        reference, model_name=model_name, n_genes=n_genes, epochs=epochs, seed=seed, **keys
    )
    _, recovered = place_cells(model, query)
    is_placed = np.isfinite(recovered).all(axis=1)
    kept = np.ones(len(hidden), dtype=bool)
    kept[hidden] = is_placed
    adata, true, recovered = adata[kept].copy(), true[kept], recovered[is_placed]
    hidden, section = hidden[kept], section[kept]
    places = {type(model).__name__: recovered}
    if model_name != WITHOUT_TRAINING:
        same_genes = reference[:, model.get_var_names()].copy()
        fast = train_model(
            same_genes, model_name=WITHOUT_TRAINING, n_genes=same_genes.n_vars, seed=seed, **keys
        )
        places[type(fast).__name__] = place_cells(fast, query)[1][is_placed]
    genes = adata.var_names.get_indexer(model.get_var_names())
    expression = _dense_log_normalized(adata, layer)[:, genes]
    for name, baseline in BASELINES.items():
        places[name] = _by_section(baseline, expression, true, hidden, section)

    adata.obs["hidden"] = hidden
    adata.obsm[OBSM.reconstructed] = true.copy()
    adata.obsm[OBSM.reconstructed][hidden] = recovered
    adata.uns["scores"] = score_table(true[hidden], places, section[hidden])
    return adata


def _by_section(
    baseline: Baseline,
    expression: NDArray[np.float32],
    coordinates: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    section: NDArray[np.str_],
) -> NDArray[np.float64]:
    places = np.full_like(coordinates, np.nan)
    for _, cells in cells_per_section(section):
        known, sought = cells & ~hidden, cells & hidden
        places[sought] = baseline(expression[known], coordinates[known], expression[sought])
    return places[hidden]


def _dense_log_normalized(adata: AnnData, layer: str | None) -> NDArray[np.float32]:
    if holds_counts(adata, layer):
        adata = log_normalized(adata, layer, typical_counts(adata, layer))
    values = expression_of(adata, layer)
    return np.asarray(values.toarray() if issparse(values) else values, dtype=np.float32)
