"""Picture of genes that follow the tissue at different lengths, and of one that does not."""

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np

import dpvae
from benchmarks.gallery.tissue import draw

BRAIN = "visium_v1_adult_mouse_brain"
GENES = ("Slc17a7", "Mbp", "Agrp")
DEPTH = 1e4


def variable_genes(folder, save):
    adata = ad.read_h5ad(folder / f"{BRAIN}.h5ad")
    dpvae.tl.spatially_variable_genes(adata)
    share = adata.var["spatial_test_share"]
    shown = [*GENES, share.idxmin()]
    depth = np.asarray(adata.X.sum(axis=1)).ravel()
    figure, axes = plt.subplots(1, len(shown), figsize=(8, 2.9), layout="constrained")
    for ax, gene in zip(axes, shown, strict=True):
        values = np.log1p(adata[:, gene].X.toarray()[:, 0] / depth * DEPTH)
        low, high = np.quantile(values, (0.01, 0.99))
        title = f"$\\it{{{gene}}}$\nshare {share[gene]:.2f}"
        order = np.argsort(values)
        look = {"vmin": low, "vmax": high, "cmap": "viridis"}
        places = adata.obsm["spatial"][order]
        dots = draw(ax, places, values[order], title, size=5, **look)
        bar = figure.colorbar(dots, ax=ax, location="bottom", shrink=0.7, aspect=20, pad=0.01)
        bar.outline.set_visible(False)
    axes[0].figure.supxlabel("log(1 + molecules of 10,000)", fontsize="medium")
    save("variable_genes", axes)
