"""Whether sections are symmetric, so that expression cannot tell left from right."""

import logging
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from dpvae import metrics
from dpvae._data.expression import check_log_normalized, expression_of
from dpvae._data.section import cells_per_section, named_sections
from dpvae._keys import OBSM, UNS
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.mirrors import mirror_columns
from dpvae.tl.result import check_free_uns, given_or_written

logger = logging.getLogger(__name__)


def mirror_symmetry(
    adata: AnnData,
    *,
    spatial_key: str = OBSM.spatial,
    layer: str | None = None,
    sample_key: str | None = None,
    key_added: str = UNS.mirror_symmetry,
    seed: int = 0,
    copy: bool = False,
) -> pd.DataFrame | None:
    """Find the mirror line of every section, and whether expression tells its two sides apart.

    If it does not, as in many tissues, expression cannot place a cell on one of them: see
    :func:`dpvae.tl.fold`. A message names the symmetric sections.

    Parameters
    ----------
    adata
        The cells. Cells of unknown place are left out.
    spatial_key
        Key of their coordinates in ``adata.obsm``.
    layer
        Layer of their log-normalised expression. By default ``adata.X``.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section.
    key_added
        Key of the table in ``adata.uns`` and, followed by ``"_agreement"``, of the column in
        ``adata.obs``.
    seed
        Seed of the 20,000 cells that are used of a section with more.
    copy
        Whether to return the table instead of writing.

    Returns
    -------
    ``None``, or with ``copy=True`` the table. Written are

    - ``adata.uns[key_added]``: a table with a row for each section: ``section``, ``n_cells``,
      ``is_symmetric``, ``agreement`` of mirrored places (0 by chance, 1 alike), ``contrast`` to
      other lines (0: another one does as well; 1: no other does), ``coverage`` (share
      of the section whose mirror image is tissue), and the line, in 3-D the plane:
      ``normal_1 · x + normal_2 · y (+ normal_3 · z) = offset``;
    - ``adata.obs[key_added + "_agreement"]``: the same of every cell, NaN if its mirror image
      is outside the tissue.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If expression holds raw counts or values that are not finite, a section has fewer than 50
        cells of known place, or something would be overwritten.

    See Also
    --------
    dpvae.metrics.mirror_symmetry : what the numbers mean.

    Examples
    --------
    >>> import scanpy as sc
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(400, 60)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> dpvae.tl.mirror_symmetry(adata)
    >>> bool(adata.uns["dpvae_mirror_symmetry"]["is_symmetric"].iloc[0])
    False
    """
    places = read_coordinates(adata, spatial_key)
    check_log_normalized(adata, layer)
    values = expression_of(adata, layer)
    if not copy:
        check_free_uns(adata, key_added)
    rows: list[dict[str, Any]] = []
    agreement = np.full(adata.n_obs, np.nan)
    for section, members in cells_per_section(named_sections(adata, sample_key)):
        cells = np.flatnonzero(members)
        found = metrics.mirror_symmetry(values[cells], places[cells], seed=seed)
        agreement[cells] = found.cell_agreement
        rows.append(
            {
                "section": section,
                "n_cells": int(np.isfinite(places[cells, 0]).sum()),
                "is_symmetric": found.is_symmetric,
                "agreement": found.agreement,
                "contrast": found.contrast,
                "coverage": found.coverage,
                **mirror_columns(found.mirror),
            }
        )
    symmetric = [row["section"] for row in rows if row["is_symmetric"]]
    if symmetric:
        named = "" if sample_key is None else f", sample_key={sample_key!r}"
        logger.warning(
            "%s symmetric: expression hardly tells mirrored places apart, and a model will place "
            "cells in the middle between them. Train on one half: dpvae.tl.fold(adata%s).",
            f"Sections {symmetric} are" if len(rows) > 1 else "The section is",
            named,
        )
    if not copy:
        adata.obs[f"{key_added}_agreement"] = agreement
    return given_or_written(adata, key_added, rows, copy=copy)
