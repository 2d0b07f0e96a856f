"""Sections with labels: a fifth of the cells is hidden, or another section is labelled."""

from dataclasses import dataclass

import anndata as ad
import numpy as np
import pandas as pd

from benchmarks.accuracy.problem import prepared
from benchmarks.domains.sections import LABELS, parts_of
from benchmarks.labels.methods import LABEL

ARROW = " to "
N_FIFTHS = 5
FEWEST_CELLS = 10
CELL_TYPE = "cell_type"
WITH_CELL_TYPES = ("osmfish_ss_cortex", "starmap_mouse_visual_cortex_1020")
PAIRS = (
    ("dlpfc_151507", "dlpfc_151508"),
    ("dlpfc_151507", "dlpfc_151669"),
    ("dlpfc_151669", "dlpfc_151507"),
    ("starmap_mpfc_3sections:20180417_BZ5_control", "starmap_mpfc_3sections:20180419_BZ9_control"),
    ("starmap_mpfc_3sections:20180419_BZ9_control", "starmap_mpfc_3sections:20180424_BZ14_control"),
    ("st_her2_breast_tumour_A1", "st_her2_breast_tumour_B1"),
    ("st_her2_breast_tumour_B1", "st_her2_breast_tumour_A1"),
    ("st_her2_breast_tumour_G2", "st_her2_breast_tumour_H1"),
    ("st_her2_breast_tumour_H1", "st_her2_breast_tumour_G2"),
)


@dataclass(frozen=True, eq=False)
class LabelProblem:
    """Label the cells of ``query``; ``codes`` are their true labels, by their place in names."""

    reference: ad.AnnData
    query: ad.AnnData
    codes: np.ndarray
    names: list
    seed: int


def sections_with_labels(folder):
    """By their name and what is labelled: the cells and the label of each."""
    found = {}
    columns = [*LABELS.items(), *((name, CELL_TYPE) for name in WITH_CELL_TYPES)]
    for name, column in columns:
        path = folder / f"{name}.h5ad"
        if path.exists():
            for part in parts_of(ad.read_h5ad(path), name, column):
                found[part.name, column] = _common(part)
    return found


def _common(section):
    """Leave out cells without a label, and labels of fewer than ten cells."""
    n_cells = pd.Series(section.label[section.is_labelled]).value_counts()
    kept = np.isin(section.label, n_cells.index[n_cells >= FEWEST_CELLS])
    return section.adata[kept].copy(), section.label[kept]


def problem_of(sections, name, column, fifth):
    """A fifth of a section, or a whole section by another one; its fifth is then 0."""
    if ARROW in name:
        (known, labels), (new, truth) = (sections[part, column] for part in name.split(ARROW))
        genes = known.var_names.intersection(new.var_names)
        known, new = known[:, genes].copy(), new[:, genes].copy()
    else:
        adata, label = sections[name, column]
        number = np.random.default_rng(0).permutation(len(label)) % N_FIFTHS
        known, labels = adata[number != fifth].copy(), label[number != fifth]
        new, truth = adata[number == fifth].copy(), label[number == fifth]
    reference, query = prepared(known, new, holds_counts=True)
    reference.obs[LABEL] = pd.Categorical(labels)
    names = list(np.unique(labels))
    is_learned = np.isin(truth, names)
    query = query[is_learned].copy()
    return LabelProblem(reference, query, np.searchsorted(names, truth[is_learned]), names, fifth)
