"""A simulated tissue whose truth is known."""

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from dpvae._keys import OBSM
from dpvae.datasets.organ import draw_organ

FEWEST_CELLS = 20


def simulated_tissue(
    n_cells: int = 2000,
    n_genes: int = 300,
    *,
    n_dims: int = 2,
    n_sections: int = 1,
    n_domains: int = 5,
    batch_effect: float = 0.3,
    mean_depth: float = 500.0,
    seed: int = 0,
) -> ad.AnnData:
    r"""Simulate sections of an organ with layers, smooth gradients and negative binomial counts.

    The organ has an irregular outline with a dent (its hilum) and a lobe at one side. Its domains
    arch around the hilum as cortical layers do, and the frequency of a cell type depends on the
    domain. Half of the genes follow smooth gradients along and across the organ and differ between
    cell types; the others are housekeeping genes that are the same everywhere. Counts are

    .. math::

        x_{ng} \sim \mathrm{NB}\bigl(
        \ell_n\, b_{s(n)g}\, \mu_g(\text{place}_n, \text{type}_n),\ \theta_g \bigr)

    with log-normal depths ℓ of the cells, effects b of the sections and the genes' inverse
    dispersions θ: variance = mean + mean² / θ.

    Parameters
    ----------
    n_cells
        Number of cells in all sections together, split as evenly as possible; at least 20
        each. Default 2000.
    n_genes
        Number of genes. Default 300.
    n_dims
        Dimensions of the tissue, 2 (default) or 3.
    n_sections
        Number of sections of the same organ. Their outlines are similar, their cells different and
        their frames unrelated: the first stands upright, each further one is shifted, rotated and
        half of the time reflected at random. The unit is the same. Default 1.
    n_domains
        Number of layers. There is one cell type more: a resident of each, and one found everywhere.
        Default 5.
    batch_effect
        Standard deviation of the log factor by which a section multiplies each gene. Default 0.3.
    mean_depth
        Counts per cell, about: effects of place and type raise it a little. Default 500.
    seed
        Seed. The same arguments give the same tissue. Default 0.

    Returns
    -------
    AnnData of shape (n_cells, n_genes) with

    - ``X``: raw counts, CSR, float32;
    - ``obs["domain"]``, ``obs["cell_type"]``, ``obs["section"]``: categories;
    - ``obsm["spatial"]``: coordinates in micrometres, shape (n_cells, n_dims), float64;
    - ``var["is_spatial"]``: whether the gene depends on the place;
    - ``uns["simulated_tissue"]``: ``unit`` and ``params``, the arguments.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from dpvae.datasets import simulated_tissue
    >>> adata = simulated_tissue(400, 60, n_sections=2)
    >>> adata.shape
    (400, 60)
    >>> adata.obs["section"].value_counts().tolist()
    [200, 200]
    >>> adata.obsm["spatial"].shape
    (400, 2)
    """
    _check_dimensions(n_dims)
    _check_at_least("n_sections", n_sections, 1)
    _check_at_least("n_cells / n_sections", n_cells / n_sections, FEWEST_CELLS)
    _check_at_least("n_genes", n_genes, 1)
    _check_at_least("n_domains", n_domains, 1)
    _check_at_least("batch_effect", batch_effect, 0)
    _check_at_least("mean_depth", mean_depth, 1)
    organ_seed, *section_seeds = np.random.SeedSequence(seed).spawn(1 + n_sections)
    organ = draw_organ(n_genes, n_dims, n_domains, mean_depth, np.random.default_rng(organ_seed))
    sizes = [n_cells // n_sections + (i < n_cells % n_sections) for i in range(n_sections)]
    sections = [
        organ.section(
            size,
            batch_effect=batch_effect,
            upright=index == 0,
            rng=np.random.default_rng(section_seed),
        )
        for index, (size, section_seed) in enumerate(zip(sizes, section_seeds, strict=True))
    ]
    domains = np.concatenate([section.domains for section in sections])
    cell_types = np.concatenate([section.cell_types for section in sections])
    return ad.AnnData(
        X=sparse.vstack([section.counts for section in sections], format="csr"),
        obs=pd.DataFrame(
            {
                "domain": _categories("domain", domains, n_domains),
                "cell_type": _categories("type", cell_types, n_domains + 1),
                "section": _categories(
                    "section", np.repeat(np.arange(n_sections), sizes), n_sections
                ),
            },
            index=_names("cell", n_cells),
        ),
        var=pd.DataFrame({"is_spatial": organ.genes.is_spatial}, index=_names("gene", n_genes)),
        obsm={OBSM.spatial: np.concatenate([section.coordinates for section in sections])},
        uns={
            "simulated_tissue": {
                "unit": "micrometre",
                "params": {
                    "n_cells": n_cells,
                    "n_genes": n_genes,
                    "n_dims": n_dims,
                    "n_sections": n_sections,
                    "n_domains": n_domains,
                    "batch_effect": batch_effect,
                    "mean_depth": mean_depth,
                    "seed": seed,
                },
            }
        },
    )


def _names(noun: str, n: int) -> pd.Index:
    width = len(str(n))
    return pd.Index([f"{noun}_{i:0{width}d}" for i in range(1, n + 1)])


def _categories(noun: str, codes: np.ndarray, n: int) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=_names(noun, n))


def _check_dimensions(n_dims: int) -> None:
    if n_dims not in (2, 3):
        message = f"n_dims is {n_dims}, but a tissue has 2 or 3 dimensions."
        raise ValueError(message)


def _check_at_least(name: str, value: float, smallest: float) -> None:
    if not smallest <= value < np.inf:
        message = f"{name} is {value}; give a finite number of at least {smallest}."
        raise ValueError(message)
