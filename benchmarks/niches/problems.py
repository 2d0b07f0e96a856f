"""What surrounds held-out cells: niches are clusters of the compositions of neighbourhoods."""

from dataclasses import dataclass

import anndata as ad
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from sklearn.cluster import KMeans

from benchmarks.accuracy.problem import prepared
from benchmarks.accuracy.splits import split
from benchmarks.domains.sections import NO_LABEL, parts_of
from benchmarks.labels.methods import LABEL

CELL_TYPE = "cell_type"
SECTIONS = (
    "osmfish_ss_cortex",
    "starmap_mouse_visual_cortex_1020",
    "merfish_mouse_poa_6509",
    "seqfish_mouse_embryo_subset",
)
SPLITS = ("random", "block")
N_NEIGHBORS = 18
N_NICHES = 8


@dataclass(frozen=True, eq=False)
class NicheProblem:
    """Find the neighbourhoods of the cells of ``query``, which nobody sees while learning.

    Attributes
    ----------
    reference
        Log-normalised expression in ``X``, places in ``obsm["spatial"]``, the composition of each
        neighbourhood in ``obsm["composition"]`` and its niche in ``obs["label"]``: both among the
        cells of the reference.
    query
        The same without places, compositions and niches.
    types
        Cell types in the order of the columns of a composition.
    truth
        Composition of the true neighbourhood of each cell of the query, among all cells.
    centers
        Of the niches, which are those of the reference.
    seed
        Of all random numbers.
    """

    reference: ad.AnnData
    query: ad.AnnData
    types: list
    truth: np.ndarray
    centers: np.ndarray
    seed: int

    @property
    def names(self):
        return [str(number) for number in range(len(self.centers))]

    def niches(self, compositions):
        """Number of the nearest center."""
        return cKDTree(self.centers).query(compositions)[1]

    def around(self, places):
        """Composition among the cells of the reference that are nearest to places."""
        types = self.reference.obs[CELL_TYPE].to_numpy()
        return compositions(self.reference.obsm["spatial"], types, self.types, places)


def compositions(known, types, names, places):
    """Share of each type among the nearest cells, ``(n_places, n_types)``."""
    near = cKDTree(known).query(places, N_NEIGHBORS)[1]
    return _shares(types, names, near)


def own_compositions(known, types, names):
    """The same around each cell, without itself."""
    near = cKDTree(known).query(known, N_NEIGHBORS + 1)[1]
    own = near == np.arange(len(known))[:, None]
    own[~own.any(axis=1), -1] = True
    return _shares(types, names, near[~own].reshape(len(known), N_NEIGHBORS))


def _shares(types, names, near):
    codes = pd.Categorical(types, categories=names).codes
    return np.eye(len(names))[codes[near]].mean(axis=1)


def problem_of(section, kind, seed):
    """Hide a fifth of the cells of a section: of :class:`benchmarks.domains.sections`."""
    is_typed = ~np.isin(section.label, ("", *NO_LABEL))
    adata, types = section.adata[is_typed].copy(), section.label[is_typed]
    adata.obs[CELL_TYPE] = types
    names = list(np.unique(types))
    parts = split(kind, adata.obsm["spatial"], seed)
    truth = own_compositions(adata.obsm["spatial"], types, names)[parts.hidden]
    reference, query = prepared(
        adata[parts.known].copy(), adata[parts.hidden].copy(), holds_counts=True
    )
    del query.obsm["spatial"]
    around = own_compositions(reference.obsm["spatial"], reference.obs[CELL_TYPE].to_numpy(), names)
    found = KMeans(N_NICHES, n_init=10, random_state=seed).fit(around)
    reference.obsm["composition"] = around
    reference.obs[LABEL] = pd.Categorical(found.labels_.astype(str))
    return NicheProblem(reference, query, names, truth, found.cluster_centers_, seed)


def sections_of(folder):
    """Sections with cell types, by name."""
    for name in SECTIONS:
        path = folder / f"{name}.h5ad"
        if path.exists():
            yield from parts_of(ad.read_h5ad(path), name, CELL_TYPE)
