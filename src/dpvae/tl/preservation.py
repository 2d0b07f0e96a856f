"""How well a latent representation keeps distances."""

import pandas as pd
from anndata import AnnData

from dpvae import metrics
from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._data.section import cells_per_section, named_sections
from dpvae._keys import OBSM, UNS
from dpvae.metrics.paired import paired_cells
from dpvae.tl.coordinates import read_coordinates, read_representation
from dpvae.tl.result import check_free_uns, given_or_written

FEWEST_CELLS = 8
SHOWN = ("distance_spearman", "trustworthiness", "continuity")


def distance_preservation(
    adata: AnnData,
    *,
    use_rep: str = OBSM.latent,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    epsilon: float = 0.05,
    key_added: str = UNS.distance_preservation,
    seed: int = 0,
    copy: bool = False,
) -> pd.DataFrame | None:
    """Measure how well a latent representation keeps the distances of the tissue.

    Figure 2 and theorem 1 of :cite:t:`Zhou24`, section by section.

    Parameters
    ----------
    adata
        The cells. Those without a place are left out.
    use_rep
        Key of their latent representation in ``adata.obsm``.
    spatial_key
        Key of their coordinates.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section.
    epsilon
        Share of the pairs that the bi-Lipschitz bounds may miss.
    key_added
        Key of the table in ``adata.uns``.
    seed
        Seed of random pairs and permutations.
    copy
        Whether to return the table instead of writing it.

    Returns
    -------
    ``None``, or with ``copy=True`` the table: a row for each section, with ``section``,
    ``n_cells``, ``pearson`` with ``fisher_low``, ``fisher_high`` (the paper's interval, too
    narrow), ``low``, ``high`` (an interval that knows that pairs share cells) and ``p_value``
    (Mantel's test), ``distortion`` (b/a, 1 is perfect), ``distance_scale`` (λ),
    ``distance_spearman``, ``trustworthiness`` and ``continuity``. See :mod:`dpvae.metrics` for all
    of them.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If an array is malformed, a section has too few known cells, or something would be
        overwritten.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> adata.obsm["X_dpvae"] = adata.obsm["spatial"] / 100
    >>> dpvae.tl.distance_preservation(adata)
    >>> round(float(adata.uns["dpvae_distance_preservation"]["distortion"].iloc[0]), 6)
    1.0
    """
    latent = read_representation(adata, use_rep)
    true = read_coordinates(adata, spatial_key)
    if not copy:
        check_free_uns(adata, key_added)
    arrays = obsm_name(spatial_key), obsm_name(use_rep)
    rows = []
    for section, cells in cells_per_section(named_sections(adata, sample_key)):
        with named_in_errors(*arrays, section=section):
            one, two = paired_cells(true[cells], latent[cells], at_least=FEWEST_CELLS)
            pearson = metrics.distance_pearson(one, two, seed=seed)
            distortion = metrics.bilipschitz_distortion(one, two, epsilon=epsilon, seed=seed)
            scores = metrics.score_places(one, two, SHOWN, seed=seed)
        rows.append(
            {
                "section": section,
                "n_cells": len(one),
                "pearson": pearson.correlation,
                "fisher_low": pearson.fisher_interval[0],
                "fisher_high": pearson.fisher_interval[1],
                "low": pearson.interval[0],
                "high": pearson.interval[1],
                "p_value": pearson.p_value,
                "distortion": distortion.ratio,
                "distance_scale": distortion.distance_scale,
                **scores,
            }
        )
    return given_or_written(adata, key_added, rows, copy=copy)
