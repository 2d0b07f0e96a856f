"""Sections whose domains somebody drew by hand."""

from dataclasses import dataclass

import anndata as ad
import numpy as np
from scipy.sparse import csr_matrix

LABELS = {
    "dlpfc_151507": "layer",
    "dlpfc_151508": "layer",
    "dlpfc_151669": "layer",
    "osmfish_ss_cortex": "region",
    "starmap_mouse_visual_cortex_1020": "region",
    "starmap_mpfc_3sections": "region",
    "st_her2_breast_tumour_A1": "region",
    "st_her2_breast_tumour_B1": "region",
    "st_her2_breast_tumour_G2": "region",
    "st_her2_breast_tumour_H1": "region",
}
TUMOUR = "st_her2_breast_tumour"
NO_LABEL = ("NA", "nan", "Excluded", "undetermined")


@dataclass(frozen=True, eq=False)
class LabelledSection:
    """Raw counts in ``adata.X``, places in ``adata.obsm["spatial"]``, and a label for each cell.

    Cells without a label, ``""``, are clustered but do not count in scores.
    """

    name: str
    adata: ad.AnnData
    label: np.ndarray

    @property
    def is_labelled(self):
        return self.label != ""

    @property
    def n_domains(self):
        return len(np.unique(self.label[self.is_labelled]))


def labelled_sections(folder):
    """All sections of the folder that are in the table, by name."""
    found = {}
    for name, column in LABELS.items():
        path = folder / f"{name}.h5ad"
        if path.exists():
            found |= {part.name: part for part in parts_of(ad.read_h5ad(path), name, column)}
    return found


def parts_of(adata, name, column):
    """The section, or each of the sections of a file that has ``obs["section"]``."""
    usable = np.asarray(adata.X.sum(axis=1)).ravel() > 0
    if "valid" in adata.obs:
        usable &= adata.obs["valid"].to_numpy() == 1
    adata = adata[usable]
    if "section" not in adata.obs:
        return [_section(adata, name, column)]
    values = adata.obs["section"].astype(str)
    return [
        _section(adata[values == value], f"{name}:{value}", column) for value in np.unique(values)
    ]


def _section(adata, name, column):
    label = adata.obs[column].astype(str).to_numpy()
    label = np.where(np.isin(label, NO_LABEL), "", label)
    clean = ad.AnnData(
        csr_matrix(adata.X, dtype=np.float32),
        obs=adata.obs[[]].copy(),
        var=adata.var[[]].copy(),
        obsm={"spatial": np.asarray(adata.obsm["spatial"], dtype=float)},
    )
    return LabelledSection(name, clean, label)
