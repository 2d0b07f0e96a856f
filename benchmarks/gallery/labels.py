"""Picture of labels that were transferred: drawn by hand, found, and how sure."""

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import scanpy as sc

import dpvae
from benchmarks.gallery.tissue import DLPFC, DOMAIN_COLORS, LABEL, draw, name_colors

N_FIFTHS = 5
UNKNOWN = (0.85, 0.85, 0.85)


def labels(folder, save):
    """Each fifth of the spots gets its layer from the others."""
    adata = ad.read_h5ad(folder / f"{DLPFC}.h5ad")
    adata = adata[adata.obs[LABEL] != "NA"].copy()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    fifth = np.random.default_rng(0).permutation(adata.n_obs) % N_FIFTHS
    parts = [transferred(adata[fifth != i].copy(), adata[fifth == i].copy()) for i in range(5)]
    found = ad.concat(parts)
    names = sorted(adata.obs[LABEL].unique())
    axes = plt.subplots(1, 3, figsize=(8, 3.2), layout="constrained")[1]
    colors = dict(zip(names, DOMAIN_COLORS, strict=False)) | {"unknown": UNKNOWN}
    for ax, title, key in (
        (axes[0], "drawn by hand", LABEL),
        (axes[1], "transferred", "transferred_label"),
    ):
        named = [colors[str(name)] for name in found.obs[key]]
        draw(ax, found.obsm["spatial"], np.array(named), title, size=6)
    sure = found.obs["transferred_label_probability"].to_numpy()
    look = {"cmap": "viridis", "vmin": sure.min(), "vmax": 1}
    dots = draw(axes[2], found.obsm["spatial"], sure, "its probability", size=6, **look)
    axes[2].figure.colorbar(dots, ax=axes[2], shrink=0.7).outline.set_visible(False)
    name_colors(axes[2].figure, colors)
    save("labels", axes)


def transferred(reference, query):
    dpvae.model.Surfaces.setup_anndata(reference)
    model = dpvae.model.Surfaces(reference)
    model.train()
    dpvae.tl.transfer_labels(query, model.predict_labels(query, LABEL))
    return query
