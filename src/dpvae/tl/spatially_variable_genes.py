"""A test of which genes follow the tissue."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.counted import counted
from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._data.expression import count_depths, expression_name, expression_of
from dpvae._data.section import cells_per_section, check_column, named_sections
from dpvae._data.some_columns import columns_in_parts
from dpvae._data.warn import warn_user
from dpvae._keys import OBSM, VAR, params_key
from dpvae.geometry import known_rows
from dpvae.metrics import KernelTest, false_discovery_rate
from dpvae.metrics.kernel_test import FEWEST_PLACES, LENGTHS, checked_lengths
from dpvae.metrics.tissue_kernels import TissueKernels
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.result import check_free_columns

MOST_CATEGORIES = 500


def spatially_variable_genes(
    adata: AnnData,
    *,
    layer: str | None = None,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    covariates: Sequence[str] = (),
    lengths: Sequence[float] = LENGTHS,
    key_added: str = VAR.spatial_test,
    copy: bool = False,
) -> pd.DataFrame | None:
    """Test which genes follow the tissue, and measure how much of them does, at which lengths.

    For each gene: how likely is as much pattern if places mean nothing, given the depth of
    the cells? The test sums up what neighbours at several lengths have in common, and compares
    with cells that are independent of each other; see :func:`dpvae.metrics.kernel_test` and
    :doc:`/user_guide/variable_genes`. To choose genes for a model, use
    :func:`dpvae.pp.spatially_variable_genes`; for one number of likeness, Moran's I, see
    :func:`dpvae.tl.autocorrelation`.

    Parameters
    ----------
    adata
        The cells. Counts on disk are read in parts of 256 MiB, of some genes each.
    layer
        Layer of the raw counts. By default ``adata.X``. Their sums over all genes are the depth,
        which is always taken out: keep all genes.
    spatial_key
        Key of the coordinates in ``adata.obsm``, in any unit. Cells of unknown place (rows of NaN)
        and cells without counts are left out.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section. The
        evidence of all sections is summed up. They need no common frame, and what differs between
        them is no pattern. Sections with fewer than 20 different places are left out.
    covariates
        Columns of ``adata.obs`` to take out besides depth, in each section: numbers linearly,
        anything other by its categories. By default none.
    lengths
        Over which patterns extend, in widths of the section (its longer side). By default .05, .1,
        .2 and .4.
    key_added
        Beginning of the columns in ``adata.var``, and of the key in ``adata.uns``.
    copy
        Whether to return the table instead of writing it.

    Returns
    -------
    ``None``, or with ``copy=True`` the table, a row for each gene. Its columns, which are written
    into ``adata.var`` with ``key_added`` and ``_`` before their names, are

    - ``p``: the p-value, all lengths together; NaN for a gene that does not vary;
    - ``fdr``: the share of false discoveries if this gene and all with lower p-values are called
      (Benjamini & Hochberg);
    - ``share``: share of the variance of log(1 + counts) that follows the tissue, from 0 to 1,
      after depth and covariates;
    - ``length``: the length with the largest part of that share, in widths of the section; NaN if
      there is none;
    - ``share_0.05`` and so on: the parts, which add up to ``share``.

    The settings are in ``adata.uns[key_added + "_params"]``, with the names of the ``"sections"``
    that were tested and the number of their cells, ``"n_cells"``.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If values are not counts, no section has 20 different places, covariates are missing for
        some cells or explain everything, ``lengths`` are not from .001 to 10, or something would be
        overwritten. ``adata`` is unchanged then.

    Warns
    -----
    UserWarning
        If sections are left out, or genes do not vary.

    Notes
    -----
    10 s for 2,000 genes of 50,000 cells on one core. Memory: 5 kB for every cell, and the counts
    twice; only 64 genes are dense at a time. No matrix of cells by cells is made.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(400, 60)
    >>> dpvae.tl.spatially_variable_genes(adata)
    >>> bool((adata.var["spatial_test_fdr"] < 0.05).sum() > 20)
    True
    """
    places = read_coordinates(adata, spatial_key)
    counts = expression_of(adata, layer)
    if adata.n_vars == 0:
        message = "adata has no genes: there is nothing to test."
        raise ValueError(message)
    names = named_sections(adata, sample_key)
    scales = checked_lengths(lengths)
    columns = [f"share_{scale:g}" for scale in scales]
    if not copy:
        written = [f"{key_added}_{name}" for name in ("p", "fdr", "share", "length", *columns)]
        check_free_columns(adata, key_added, written)
    design = _design(adata, covariates)
    depth = count_depths(counts, expression_name(layer))
    if adata.n_obs and not depth.any():
        message = f"{expression_name(layer)} holds only zeros: there is nothing to test."
        raise ValueError(message)
    cells, sections = _usable(places, names, known_rows(places) & (depth > 0), spatial_key)
    taken_out = [f"adata.obs[{key!r}]" for key in _listed(covariates)]
    with named_in_errors(*taken_out or [obsm_name(spatial_key)]):
        kernels = TissueKernels.of(places[cells], depth[cells], names[cells], design[cells], scales)
    table = _table([kernels.test(part) for part in columns_in_parts(counts, cells)], columns)
    table.index = adata.var_names
    n_constant = int(table["p"].isna().sum())
    if n_constant:
        warn_user(
            f"{n_constant} of {len(table)} genes do not vary, or only with depth and covariates: "
            "their p-values are NaN."
        )
    if copy:
        return table
    for name in table:
        adata.var[f"{key_added}_{name}"] = table[name]
    adata.uns[params_key(key_added)] = {
        "layer": layer,
        "spatial_key": spatial_key,
        "sample_key": sample_key,
        "covariates": np.array(_listed(covariates), dtype=object),
        "lengths": scales,
        "sections": np.array(sections, dtype=object),
        "n_cells": len(cells),
    }
    return None


def _usable(
    places: NDArray[np.float64], names: NDArray[np.str_], usable: NDArray[np.bool_], key: str
) -> tuple[NDArray[np.intp], list[str]]:
    """Cells of sections with enough different places, and the names of these sections."""
    n_places = {
        name: len(np.unique(places[members & usable], axis=0))
        for name, members in cells_per_section(names)
    }
    sections = [name for name, number in n_places.items() if number >= FEWEST_PLACES]
    few = {name: number for name, number in n_places.items() if number < FEWEST_PLACES}
    if not sections:
        found = max(n_places.values(), default=0)
        message = (
            f"{obsm_name(key)} has {counted(found, 'different place')} of cells with counts"
            f"{' in the largest section' if len(few) > 1 else ''}; {FEWEST_PLACES} are needed."
        )
        raise ValueError(message)
    if few:
        warn_user(
            f"{len(few)} of {len(n_places)} sections are left out: they have fewer than "
            f"{FEWEST_PLACES} different places ({', '.join(list(few)[:5])})."
        )
    return np.flatnonzero(usable & np.isin(names, sections)), sections


def _table(results: list[KernelTest], columns: list[str]) -> pd.DataFrame:
    p_value = np.concatenate([part.p_value for part in results])
    shares = np.concatenate([part.shares for part in results], axis=1)
    total = shares.sum(axis=0)
    largest = results[0].lengths[shares.argmax(axis=0)]
    parts = dict(zip(columns, shares, strict=True))
    return pd.DataFrame(
        {
            "p": p_value,
            "fdr": false_discovery_rate(p_value),
            "share": total,
            "length": np.where(total > 0.0, largest, np.nan),
            **parts,
        }
    )


def _design(adata: AnnData, covariates: Any) -> NDArray[np.float64]:
    """Columns of numbers: a numeric covariate, or 0 and 1 for each category of another one."""
    parts: list[NDArray[np.float64]] = [np.empty((adata.n_obs, 0))]
    for key in _listed(covariates):
        check_column(adata, key, argument="covariates")
        column = adata.obs[key]
        if pd.api.types.is_numeric_dtype(column.dtype):
            values = column.to_numpy(dtype=np.float64)[:, None]
            if not np.isfinite(values).all():
                message = f"adata.obs[{key!r}] holds infinite values: replace them."
                raise ValueError(message)
        else:
            codes, levels = pd.factorize(column)
            if len(levels) > MOST_CATEGORIES:
                message = (
                    f"adata.obs[{key!r}] has {len(levels)} categories, which explain everything: "
                    f"give a column with at most {MOST_CATEGORIES}."
                )
                raise ValueError(message)
            values = (codes[:, None] == np.arange(len(levels))).astype(np.float64)
        parts.append(values)
    return np.hstack(parts)


def _listed(covariates: Any) -> list[str]:
    found = [covariates] if isinstance(covariates, str) else covariates
    if not isinstance(found, list | tuple | pd.Index | np.ndarray):
        message = f"covariates is {covariates!r}: give a list of columns of adata.obs."
        raise ValueError(message)
    return list(found)
