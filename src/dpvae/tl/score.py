"""Scores of recovered coordinates."""

import pandas as pd
from anndata import AnnData

from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._data.section import cells_per_section, named_sections
from dpvae._keys import OBSM
from dpvae.metrics import score_places
from dpvae.metrics.paired import paired_rows
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.result import check_free_uns, given_or_written

FEWEST_CELLS = 8


def score(
    adata: AnnData,
    spatial_key: str = OBSM.spatial,
    recovered_key: str = OBSM.reconstructed,
    *,
    sample_key: str | None = None,
    key_added: str | None = None,
    seed: int = 0,
    copy: bool = False,
) -> pd.DataFrame | None:
    """Score recovered coordinates against the true ones, section by section.

    Parameters
    ----------
    adata
        The cells. Those without a place in one of the two are left out.
    spatial_key
        Key of the true coordinates in ``adata.obsm``.
    recovered_key
        Key of the recovered ones.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section.
    key_added
        Key of the table in ``adata.uns``. By default ``recovered_key`` followed by ``"_score"``.
    seed
        Seed of random pairs and triangles.
    copy
        Whether to return the table instead of writing it.

    Returns
    -------
    ``None``, or with ``copy=True`` the table: a row for each section, with ``section``,
    ``n_cells`` and every score of :data:`dpvae.metrics.SCORES`. Free of frame and size, best →
    chance: ``procrustes_disparity`` (0 → 1), ``normalized_stress`` (0 → about .6),
    ``distance_spearman`` (1 → 0), ``neighbor_overlap`` (1 → k / (n − 1), k = 15 or fewer of few
    cells), ``trustworthiness`` and ``continuity`` (1 → .5), ``contact_precision`` (1 → near 0),
    ``triangle_angle_error`` (0° → about 50°). In the frame and unit of the true coordinates:
    ``spread_ratio`` (1), ``median_error`` and ``mean_error`` (0).

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If the shapes differ, a section has too few known cells, or something would be overwritten.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> adata.obsm["spatial_dpvae"] = adata.obsm["spatial"] + [3.0, 4.0]
    >>> dpvae.tl.score(adata)
    >>> float(adata.uns["spatial_dpvae_score"]["median_error"].iloc[0].round(6))
    5.0
    """
    true = read_coordinates(adata, spatial_key)
    recovered = read_coordinates(adata, recovered_key, argument="recovered_key")
    key = key_added or f"{recovered_key}_score"
    if not copy:
        check_free_uns(adata, key)
    arrays = obsm_name(spatial_key), obsm_name(recovered_key)
    rows = []
    for section, cells in cells_per_section(named_sections(adata, sample_key)):
        with named_in_errors(*arrays, section=section):
            one, two = paired_rows(true[cells], recovered[cells], at_least=FEWEST_CELLS)
            scores = score_places(one, two, seed=seed)
        rows.append({"section": section, "n_cells": len(one), **scores})
    return given_or_written(adata, key, rows, copy=copy)
