"""Tissue sections from a folder of h5ad files, or by name from scanpy and squidpy."""

import re
from dataclasses import dataclass
from itertools import permutations

import anndata as ad
import numpy as np
from scipy.sparse import csr_matrix, issparse

SEVERAL = ("section", "sample")
ARROW = " to "
FEWEST_CELLS = 100
VISIUM = (
    "V1_Adult_Mouse_Brain",
    "V1_Breast_Cancer_Block_A_Section_1",
    "V1_Breast_Cancer_Block_A_Section_2",
    "V1_Human_Heart",
    "V1_Human_Lymph_Node",
    "V1_Mouse_Kidney",
    "V1_Mouse_Brain_Sagittal_Anterior",
    "V1_Mouse_Brain_Sagittal_Posterior",
    "V1_Human_Brain_Section_1",
)
SQUIDPY = ("seqfish", "merfish", "four_i", "imc", "mibitof", "slideseqv2")


@dataclass(frozen=True)
class Section:
    """One section: expression in ``adata.X`` (sparse), places in ``adata.obsm["spatial"]``."""

    name: str
    adata: ad.AnnData
    holds_counts: bool


def sections_of(path):
    """Sections of a file: one for each value of ``obs["section"]`` or ``obs["sample"]``."""
    adata = ad.read_h5ad(path)
    if "spatial" not in adata.obsm:
        return []
    return split_sections(adata, path.stem)


def split_sections(adata, name):
    places = np.asarray(adata.obsm["spatial"], dtype=float)
    usable = np.isfinite(places).all(axis=1)
    if "valid" in adata.obs:
        usable &= adata.obs["valid"].to_numpy() == 1
    adata = adata[usable]
    for column in SEVERAL:
        if column in adata.obs and adata.obs[column].nunique() > 1:
            values = adata.obs[column].astype(str)
            parts = [(f"{name}:{value}", adata[values == value]) for value in np.unique(values)]
            break
    else:
        parts = [(name, adata)]
    return [_section(name, part) for name, part in parts if part.n_obs >= FEWEST_CELLS]


def folder_sections(folder):
    """All sections of a folder, in the order of their names."""
    return [section for path in sorted(folder.glob("*.h5ad")) for section in sections_of(path)]


def pairs(sections):
    """Ordered pairs of the names of sections of the same tissue.

    These are sections of one file, or of files whose names differ in the number at their end, or in
    a letter and a number; or, where they end in "aligned", in the technology at their beginning.
    """
    names = [section.name for section in sections]
    return [(one, two) for one, two in permutations(names, 2) if tissue(one) == tissue(two)]


def pools(sections):
    """All other sections of its tissue, and the section, where there are at least two others."""
    names = [section.name for section in sections]
    groups = [
        (*(other for other in names if other != name and tissue(other) == tissue(name)), name)
        for name in names
    ]
    return [group for group in groups if len(group) > 2]


def tissue(name):
    file, _, part = name.partition(":")
    if file.endswith("_aligned"):
        return file.partition("_")[2]
    return file if part else re.sub(r"[_-]?[A-Z]?\d+$", "", file)


def public_sections(name):
    """Download a public data set: a Visium sample of 10x Genomics, or one of squidpy's."""
    if name in SQUIDPY:
        import squidpy

        return split_sections(getattr(squidpy.datasets, name)(), name)
    import scanpy

    adata = scanpy.datasets.visium_sge(name)
    adata.var_names_make_unique()
    return split_sections(adata, name)


def _section(name, adata):
    values = adata.X if issparse(adata.X) else csr_matrix(adata.X)
    values = csr_matrix(values, dtype=np.float32)
    values.eliminate_zeros()
    holds_counts = bool((values.data == np.round(values.data)).all() and values.max() > 1)
    places = np.asarray(adata.obsm["spatial"], dtype=float)
    places = places[:, np.ptp(places, axis=0) > 0]
    clean = ad.AnnData(values, obs=adata.obs[[]].copy(), var=adata.var[[]].copy())
    clean.obsm["spatial"] = places
    clean.var_names_make_unique()
    if holds_counts:
        clean = clean[np.asarray(values.sum(axis=1)).ravel() > 0].copy()
    return Section(name, clean, holds_counts)
