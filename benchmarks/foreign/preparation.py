"""References and queries as a user prepares them: shared genes, one depth, logarithms."""

import numpy as np
import scanpy as sc

from benchmarks.accuracy.sections import tissue

MOST_CELLS = 2_000
MOST_CELLS_OF_QUERY = 600
N_GENES = 1_200
FEWEST_CELLS_OF_A_GENE = 3
SHARE = 0.2


def upper_cased(section):
    """Counts of a section, names of genes in capitals, so that species share them."""
    adata = section.adata.copy()
    adata.var_names = adata.var_names.str.upper()
    adata.var_names_make_unique()
    return adata


def parts_of(places, seed=0):
    """Rows of a reference, of a contiguous fifth, and of a random fifth of the rest."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(len(places), min(len(places), MOST_CELLS), replace=False))
    center = places[rng.choice(rows)]
    nearest = rows[np.argsort(np.linalg.norm(places[rows] - center, axis=1), kind="stable")]
    n_hidden = round(SHARE * len(rows))
    contiguous, others = nearest[:n_hidden], rng.permutation(nearest[n_hidden:])
    n_random = round(SHARE * len(others))
    return np.sort(others[n_random:]), np.sort(contiguous), np.sort(others[:n_random])


def genes_of(name, counts, partner):
    """Genes that a reference is trained on: of all sections of its tissue, or of a partner.

    Parameters
    ----------
    name
        The reference.
    counts
        AnnData of every section.
    partner
        The section whose genes count, or an empty text.
    """
    others = [partner] if partner else [two for two in counts if tissue(two) == tissue(name)]
    if name.endswith("_aligned") and not partner:
        others = []
    genes = counts[name].var_names
    for other in others:
        genes = genes.intersection(counts[other].var_names, sort=False)
    return genes


def prepared_reference(adata, genes, holds_counts):
    """Log-normalise to the median depth, keep the most variable genes; give that depth, too."""
    reference = adata[:, genes].copy()
    reference = reference[:, reference.X.getnnz(axis=0) >= FEWEST_CELLS_OF_A_GENE].copy()
    depth = None
    if holds_counts:
        reference = reference[np.asarray(reference.X.sum(axis=1)).ravel() > 0].copy()
        depth = float(np.median(np.asarray(reference.X.sum(axis=1))))
        reference = normalized(reference, depth)
    variance = np.asarray(reference.X.power(2).mean(axis=0) - np.square(reference.X.mean(axis=0)))
    chosen = np.argsort(-variance.ravel(), kind="stable")[:N_GENES]
    return reference[:, np.sort(chosen)].copy(), depth


def prepared_query(adata, genes, depth, most=MOST_CELLS_OF_QUERY, seed=0):
    """Bring a query, at most 600 of its cells, to the depth of the reference, by shared genes."""
    rng = np.random.default_rng(seed)
    query = adata[:, adata.var_names.intersection(genes)]
    usable = np.flatnonzero(np.asarray(query.X.sum(axis=1)).ravel() > 0)
    n_cells = min(most, len(usable))
    query = query[np.sort(rng.choice(usable, n_cells, replace=False))].copy()
    return query if depth is None else normalized(query, depth)


def normalized(adata, depth):
    adata = adata.copy()
    adata.X = adata.X.astype(np.float32)
    sc.pp.normalize_total(adata, target_sum=depth)
    sc.pp.log1p(adata)
    return adata
