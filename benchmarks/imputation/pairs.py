"""Pairs of dissociated cells and imaged tissue, and the problems that hidden genes make of them."""

from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import numpy as np
from scipy.sparse import csr_matrix, issparse

from benchmarks.painting.embryo import drawn_counts

N_FOLDS = 5
FILES = {
    "fly": ("drosophila_scrnaseq_dvex", "drosophila_bdtnp"),
    "hypothalamus": ("scrna_mouse_hypothalamus_ref_1308", "merfish_mouse_poa_6509"),
    "breast": ("visium_human_breast_cancer_aligned", "xenium_human_breast_cancer_aligned"),
}
STAINED = ("fly",)


@dataclass(frozen=True, eq=False)
class Pair:
    """Counts of all genes of the cells, and counts or intensities of the tissue's shared genes."""

    cells: ad.AnnData
    tissue: ad.AnnData
    is_stained: bool


@dataclass(frozen=True, eq=False)
class Problem:
    """What a method sees.

    ``cells`` have all genes, ``tissue`` only those that are shown; ``X`` holds logarithms (of a
    stain: intensities), ``layers["counts"]`` counts (of a stain: drawn from it). The values of
    ``hidden`` genes in the tissue are wanted. Depths are sums over shown genes, in both.
    """

    cells: ad.AnnData
    tissue: ad.AnnData
    hidden: list[str]
    seed: int
    is_stained: bool

    @property
    def shown(self):
        return list(self.tissue.var_names)


def read_pair(folder, name):
    """Read a pair; places of the cells, if they have any, are dropped."""
    counts, tissue = (ad.read_h5ad(Path(folder) / f"{file}.h5ad") for file in FILES[name])
    shared = [gene for gene in tissue.var_names if gene in counts.var_names]
    cells = _plain(dense(counts.X), counts)
    places = np.asarray(tissue.obsm["spatial"], dtype=float)
    tissue = _plain(dense(tissue.X), tissue)[:, shared].copy()
    tissue.obsm["spatial"] = places
    drawn = drawn_counts(tissue, cells)[0] if name in STAINED else tissue.X
    tissue.layers["counts"] = np.asarray(drawn, dtype=np.float32)
    return Pair(cells, tissue, name in STAINED)


def problem_of(pair, fold, seed):
    """The problem of one fold of the shared genes, and the values that were hidden, as an array."""
    genes = np.random.default_rng(seed).permutation(pair.tissue.var_names)
    hidden = sorted(np.array_split(genes, N_FOLDS)[fold])
    is_hidden = pair.tissue.var_names.isin(hidden)
    shown = pair.tissue.var_names[~is_hidden]
    tissue = pair.tissue[pair.tissue.layers["counts"][:, ~is_hidden].sum(axis=1) > 0].copy()
    cells = pair.cells[dense(pair.cells[:, shown].X).sum(axis=1) > 0].copy()
    cells.layers["counts"] = cells.X.copy()
    cells.X = _log_normalized(cells, shown)
    if not pair.is_stained:
        tissue.X = _log_normalized(tissue, shown)
    truth = tissue[:, hidden].X.astype(np.float64)
    shown_tissue = tissue[:, ~is_hidden].copy()
    return Problem(cells, shown_tissue, hidden, seed, pair.is_stained), truth


def dense(values):
    return np.asarray(values.toarray() if issparse(values) else values, dtype=np.float32)


def with_sparse_counts(adata):
    """The same with counts as ``X``, as tools that start from counts take them."""
    counts = ad.AnnData(csr_matrix(adata.layers["counts"]), obs=adata.obs, var=adata.var)
    if "spatial" in adata.obsm:
        counts.obsm["spatial"] = adata.obsm["spatial"]
    return counts


def _plain(values, adata):
    return ad.AnnData(values, obs=adata.obs[[]], var=adata.var[[]])


def _log_normalized(adata, shown):
    counts = adata.layers["counts"]
    depth = counts[:, adata.var_names.isin(shown)].sum(axis=1)
    return np.log1p(counts / depth[:, None] * np.median(depth)).astype(np.float32)
