"""What a method is given, prepared without a look at the hidden places."""

from dataclasses import dataclass

import anndata as ad
import numpy as np
import scanpy as sc

from dpvae import pp

FEWEST_CELLS_OF_A_GENE = 3
SECTION = "section"


@dataclass(frozen=True)
class Problem:
    """Place the cells of ``query`` from what ``reference`` shows.

    Attributes
    ----------
    reference
        Log-normalised expression in ``X``, counts in ``layers["counts"]`` where there are any,
        places in ``obsm["spatial"]``, NaN where they are not known.
    query
        The same without places; the same genes, in the same order.
    truth
        The places of the query's cells.
    seed
        Of all random numbers of a method.
    """

    reference: ad.AnnData
    query: ad.AnnData
    truth: np.ndarray
    seed: int

    @property
    def has_counts(self):
        return "counts" in self.reference.layers

    @property
    def section_key(self):
        """Column of obs that names the sections, where the reference has several."""
        return SECTION if SECTION in self.reference.obs else None

    @property
    def is_known(self):
        return np.isfinite(self.reference.obsm["spatial"]).all(axis=1)

    @property
    def known_places(self):
        return self.reference.obsm["spatial"][self.is_known]


def spatially_variable(reference, n_genes=None):
    """Choose genes as the package advises; a mask of the reference's genes."""
    section = SECTION if SECTION in reference.obs else None
    table = pp.spatially_variable_genes(
        reference, n_top_genes=n_genes, sample_key=section, copy=True
    )
    return table["spatially_variable"].to_numpy()


def problem_of(section, split, seed, choose=spatially_variable):
    """Prepare a split of a section: size factors, genes and logarithms from the reference alone."""
    places = section.adata.obsm["spatial"]
    rows = np.arange(section.adata.n_obs) if split.expression_known else split.known
    reference, query = section.adata[rows].copy(), section.adata[split.hidden].copy()
    del query.obsm["spatial"]
    if split.expression_known:
        reference.obsm["spatial"] = places.copy()
        reference.obsm["spatial"][split.hidden] = np.nan
    return Problem(
        *prepared(reference, query, section.holds_counts, choose),
        places[split.hidden],
        seed,
    )


def cross_problem(reference, query, seed, choose=spatially_variable):
    """Prepare the placement of a whole section by another one, on the genes that both have."""
    shared = reference.adata.var_names.intersection(query.adata.var_names)
    places = query.adata.obsm["spatial"]
    cells = query.adata[:, shared].copy()
    del cells.obsm["spatial"]
    holds_counts = reference.holds_counts and query.holds_counts
    known = reference.adata[:, shared].copy()
    return Problem(*prepared(known, cells, holds_counts, choose), places, seed)


def pooled_problem(references, query, seed, choose=spatially_variable):
    """Prepare the placement of a whole section by several, in unrelated frames, on shared genes."""
    sections = {section.name: section.adata for section in (*references, query)}
    pool = ad.concat(sections, label=SECTION, join="inner", index_unique=" ")
    holds_counts = all(section.holds_counts for section in (*references, query))
    is_query = (pool.obs[SECTION] == query.name).to_numpy()
    known, cells = pool[~is_query].copy(), pool[is_query].copy()
    places = cells.obsm.pop("spatial")
    return Problem(*prepared(known, cells, holds_counts, choose), places, seed)


def prepared(reference, query, holds_counts, choose=spatially_variable):
    """Log-normalise a reference and a query alike, and keep the genes chosen on the reference."""
    kept = reference.X.getnnz(axis=0) >= FEWEST_CELLS_OF_A_GENE
    reference, query = reference[:, kept].copy(), query[:, kept].copy()
    if holds_counts:
        target = float(np.median(np.asarray(reference.X.sum(axis=1))))
        for adata in (reference, query):
            adata.layers["counts"] = adata.X.copy()
            sc.pp.normalize_total(adata, target_sum=target)
            sc.pp.log1p(adata)
    chosen = choose(reference)
    return reference[:, chosen].copy(), query[:, chosen].copy()
