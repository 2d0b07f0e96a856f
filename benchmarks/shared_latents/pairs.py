"""Dissociated cells and tissue, both with cell types under the same names."""

from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import numpy as np

N_SHARED = 300
ALIKE = {
    "Astrocyte": "Astrocytes",
    "OD Immature 1": "Immature oligodendrocyte",
    "OD Immature 2": "Immature oligodendrocyte",
    "Newly formed oligodendrocyte": "Immature oligodendrocyte",
    "OD Mature 1": "Mature oligodendrocyte",
    "OD Mature 2": "Mature oligodendrocyte",
    "OD Mature 3": "Mature oligodendrocyte",
    "OD Mature 4": "Mature oligodendrocyte",
    "Endothelial 1": "Endothelial",
    "Endothelial 2": "Endothelial",
    "Endothelial 3": "Endothelial",
    "Pericytes": "Mural",
}
NO_TYPE = ("Ambiguous", "Unstable")


@dataclass(frozen=True, eq=False)
class Pair:
    """Raw counts of both sides, ``obs["type"]`` the cell type; ``""`` is none."""

    cells: ad.AnnData
    tissue: ad.AnnData

    @property
    def common(self):
        """Types that both sides have."""
        names = np.intersect1d(self.cells.obs["type"], self.tissue.obs["type"])
        return names[names != ""]


def hypothalamus(folder, seed):
    """Dissociated cells of low depth, and imaged ones; two types are among the cells alone."""
    del seed
    cells = ad.read_h5ad(folder / "scrna_mouse_hypothalamus_ref_1308.h5ad")
    return Pair(_typed(cells), _typed(ad.read_h5ad(folder / "merfish_mouse_poa_6509.h5ad")))


def visual_cortex(folder, seed):
    """Halves of one section: one loses its places, the other all but 300 genes."""
    section = _typed(ad.read_h5ad(folder / "starmap_mouse_visual_cortex_1020.h5ad"))
    rng = np.random.default_rng(seed)
    order, genes = rng.permutation(section.n_obs), rng.permutation(section.n_vars)[:N_SHARED]
    half = section.n_obs // 2
    return Pair(section[order[:half]].copy(), section[order[half:], np.sort(genes)].copy())


PAIRS = {"hypothalamus": hypothalamus, "visual cortex": visual_cortex}


def read_pair(folder, name, seed):
    """One of the pairs, without cells that have no count; places of dissociated cells are left."""
    pair = PAIRS[name](Path(folder), seed)
    shared = pair.tissue.var_names.intersection(pair.cells.var_names)
    tissue = pair.tissue[:, shared]
    some = [np.asarray(side[:, shared].X.sum(axis=1)).ravel() > 0 for side in (pair.cells, tissue)]
    return Pair(pair.cells[some[0]].copy(), tissue[some[1]].copy())


def _typed(adata):
    names = adata.obs["cell_type"].astype(str).replace(ALIKE)
    adata.obs["type"] = names.where(~names.isin([*NO_TYPE, "nan"]), "").to_numpy()
    return adata
