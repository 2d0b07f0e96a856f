"""Sections to learn from, and whole sections to place: of LUNA's two files, or of a folder."""

from dataclasses import dataclass

import anndata as ad
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from benchmarks.accuracy.problem import SECTION, prepared
from benchmarks.accuracy.sections import sections_of, tissue

X, Y, NAME, CLASS = "coord_X", "coord_Y", "cell_section", "cell_class"
CLASSES = {
    "dlpfc": "layer",
    "starmap_mpfc_3sections": "cell_type",
    "st_her2_breast_tumour": "region",
}
TISSUES = ("dlpfc", "st_her2_breast_tumour", "st_mouse_brain_hippo", "starmap_mpfc_3sections")
LARGEST_LOGARITHM = 20.0


@dataclass(frozen=True, eq=False)
class Task:
    """Place whole sections, each by itself, from cells of others.

    Attributes
    ----------
    name
        Of the task, as tables have it.
    reference
        Log-normalised expression in ``X``, ``obs["section"]``, and places in ``obsm["spatial"]``:
        of each section centred and divided by its longest range.
    query
        The same of the sections to be placed, without places.
    truth
        Places of the query's cells, prepared alike.
    classes
        Class of each cell of the query, ``None`` where there are none.
    seed
        Of all random numbers of a method.
    """

    name: str
    reference: ad.AnnData
    query: ad.AnnData
    truth: np.ndarray
    classes: np.ndarray | None
    seed: int = 0

    def sections(self):
        """Name and mask of each section of the query."""
        names = self.query.obs[SECTION].to_numpy()
        for name in np.unique(names):
            yield name, names == name


def unit_places(places, names):
    """Places of each section, centred and divided by its longest range, as LUNA prepares them."""
    found = np.empty(places.shape)
    for name in np.unique(names):
        mine = names == name
        centered = places[mine] - places[mine].mean(axis=0)
        found[mine] = centered / np.ptp(centered, axis=0).max()
    return found


def task_of(name, known, new, classes, *, holds_counts):
    """Prepare a task: both have ``obs["section"]`` and places."""
    places = [unit_places(a.obsm["spatial"], a.obs[SECTION].to_numpy()) for a in (known, new)]
    reference, query = prepared(known, new, holds_counts)
    reference.obsm["spatial"] = places[0]
    del query.obsm["spatial"]
    return Task(name, reference, query, places[1], classes)


def luna_task(train, test):
    """LUNA's benchmark: train on all sections of the first file, place each of the second."""
    known, new = (_cells(pd.read_csv(path)) for path in (train, test))
    classes = new.obs.pop(CLASS).to_numpy()
    values = known.X.data
    holds_counts = bool((values == np.round(values)).all())
    if not holds_counts and values.max() > LARGEST_LOGARITHM:
        for adata in (known, new):
            adata.X = adata.X.log1p() / np.log(2.0)
    return task_of("LUNA's mouse cortex", known, new, classes, holds_counts=holds_counts)


def _cells(table):
    genes = table.columns.difference([X, Y, NAME, CLASS, "Unnamed: 0"], sort=False)
    obs = table[[NAME, CLASS]].astype(str).rename(columns={NAME: SECTION})
    obs.index = table.index.astype(str)
    values = csr_matrix(table[genes].to_numpy(np.float32))
    return ad.AnnData(
        values, obs=obs, var=pd.DataFrame(index=genes), obsm={"spatial": table[[X, Y]].to_numpy()}
    )


def folder_tasks(folder, tissues=TISSUES):
    """One section of a tissue is placed, the others are known."""
    paths = [path for path in sorted(folder.glob("*.h5ad")) if tissue(path.stem) in tissues]
    sections = [section for path in paths for section in sections_of(path)]
    for query in sections:
        others = [s for s in sections if s is not query and tissue(s.name) == tissue(query.name)]
        if not others:
            continue
        pool = ad.concat(
            {s.name: s.adata for s in (*others, query)},
            label=SECTION,
            join="inner",
            index_unique=" ",
        )
        is_query = (pool.obs[SECTION] == query.name).to_numpy()
        yield task_of(
            tissue(query.name),
            pool[~is_query].copy(),
            pool[is_query].copy(),
            classes_of(folder, query),
            holds_counts=all(s.holds_counts for s in (*others, query)),
        )


def classes_of(folder, section):
    """Layer or cell type of each cell of a section, ``None`` where there is none."""
    column = CLASSES.get(tissue(section.name))
    if column is None:
        return None
    file = folder / f"{section.name.split(':')[0]}.h5ad"
    labels = ad.read_h5ad(file, backed="r").obs[column]
    return labels.astype(str).reindex(section.adata.obs_names).to_numpy()
