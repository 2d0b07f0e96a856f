"""Picture of a whole section that was placed by another one."""

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import scanpy as sc
import scvi

import dpvae

REFERENCE, QUERY = "dlpfc_151507", "dlpfc_151508"


def whole_section(folder, save):
    """Layers of a human cortex: in the reference, in the query, and where the query was placed."""
    reference, query = (ad.read_h5ad(folder / f"{name}.h5ad") for name in (REFERENCE, QUERY))
    shared = reference.var_names.intersection(query.var_names)
    reference, query = reference[:, shared].copy(), query[:, shared].copy()
    depth = np.median(np.asarray(reference.X.sum(axis=1)))
    for cells in (reference, query):
        cells.X = cells.X.astype(np.float32)
        sc.pp.normalize_total(cells, target_sum=depth)
        sc.pp.log1p(cells)
    scvi.settings.seed = 0
    dpvae.model.DPVAE.setup_anndata(reference)
    model = dpvae.model.DPVAE(reference)
    model.train(enable_progress_bar=False)
    placed = model.predict_coordinates(query)
    error = dpvae.metrics.procrustes_disparity(query.obsm["spatial"], placed)
    save("whole_section", panels(reference, query, placed, error))


def panels(reference, query, placed, error):
    figure, axes = plt.subplots(1, 3, figsize=(8, 3.2), layout="constrained")
    for ax, title, places, cells in (
        (axes[0], "reference", reference.obsm["spatial"], reference),
        (axes[1], "query, its true places", query.obsm["spatial"], query),
        (axes[2], f"query, placed (error {error:.2f})", placed, query),
    ):
        draw(ax, places, cells.obs["layer"], title)
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=7,
        frameon=False,
        markerscale=5,
        handletextpad=0.2,
        columnspacing=1.2,
    )
    return axes


def draw(ax, places, labels, title):
    for number, layer in enumerate(sorted(set(labels) - {"NA"})):
        here = places[(labels == layer).to_numpy()]
        ax.scatter(*here.T, s=2.5, linewidths=0, antialiased=False, color=f"C{number}", label=layer)
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.invert_yaxis()
    ax.set_title(title, fontsize=10)
    ax.spines[:].set_visible(False)
