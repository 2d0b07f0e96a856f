"""Pictures of what a tissue shows: domains, denoised expression, a finer grid."""

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import scanpy as sc
import scvi
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

import dpvae
from dpvae.pl.regularization_path import COLORS

DLPFC = "dlpfc_151507"
LABEL = "layer"
GENES = ("PCP4", "MOBP")  # of layer 5, and of white matter
DEPTH = 1e4
FINER = 60.0  # pixels; spots lie 137 apart
TOP = 0.99
DOMAIN_COLORS = [to_rgb(color) for color in COLORS]  # as all plots of dpvae.pl


def tissue(folder, save):
    adata = ad.read_h5ad(folder / f"{DLPFC}.h5ad")
    adata = adata[adata.obs[LABEL] != "NA"].copy()
    save("spatial_domains", domains(adata))
    save("tissue_expression", expression(adata))


def domains(adata):
    n_domains = adata.obs[LABEL].nunique()
    adata.obsm["X_spavae"] = trained(adata).get_latent_representation()
    normalized = adata.copy()
    sc.pp.normalize_total(normalized)
    sc.pp.log1p(normalized)
    sc.pp.pca(normalized, n_comps=20)
    adata.obsm["X_pca"] = normalized.obsm["X_pca"]
    dpvae.tl.neighborhood_mean(adata)
    true = adata.obs[LABEL].astype("category").cat.codes.to_numpy()
    panels = {"drawn by hand": true}
    for title, key in {"SPAVAE": "X_spavae", "mean of neighbours": "X_pca_neighborhood"}.items():
        found = dpvae.tl.spatial_domains(adata, use_rep=key, n_domains=n_domains, copy=True)
        number = like(true, found.cat.codes.to_numpy())
        panels[f"{title} (ARI {adjusted_rand_score(true, number):.2f})"] = number
    axes = plt.subplots(1, 3, figsize=(8, 3.2), layout="constrained")[1]
    for ax, (title, number) in zip(axes, panels.items(), strict=True):
        draw(ax, adata.obsm["spatial"], np.array(DOMAIN_COLORS)[number], title, size=6)
    name_colors(
        axes[0].figure, dict(zip(sorted(adata.obs[LABEL].unique()), DOMAIN_COLORS, strict=True))
    )
    return axes


def name_colors(figure, colors):
    """Say below a figure which colour is which label."""
    handles = [
        Line2D([], [], linestyle="", marker="h", markersize=8, color=color, label=name)
        for name, color in colors.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(colors), frameon=False)


def like(true, found):
    """Number domains after the labels with which they share most cells."""
    shared = np.zeros((true.max() + 1, found.max() + 1))
    np.add.at(shared, (true, found), 1)
    rows, columns = linear_sum_assignment(-shared)
    return rows[np.argsort(columns)][found]


def expression(adata):
    model = trained(adata, n_spatial=10, spatial_share=None, kl_weight=1.0)
    depth = csr_matrix(adata.X).sum(axis=1).A1
    denoised = model.get_normalized_expression(gene_list=list(GENES), library_size=DEPTH)
    finer = model.predict_expression(spacing=FINER, genes=GENES, library_size=DEPTH)
    spots, grid = adata.obsm["spatial"], finer.obsm["spatial"]
    figure, axes = plt.subplots(len(GENES), 4, figsize=(8, 4.6), layout="constrained")
    for row, gene in zip(axes, GENES, strict=True):
        counts = adata[:, gene].X.toarray()[:, 0] * DEPTH / depth
        smooth = denoised[gene].to_numpy()
        fine = finer[:, gene].X[:, 0]
        deviation = finer[:, gene].layers["deviation"][:, 0]
        top = np.quantile(smooth, TOP)
        for ax, title, places, values, limit, size in (
            (row[0], f"$\\it{{{gene}}}$: counted", spots, counts, np.quantile(counts, TOP), 5),
            (row[1], "denoised", spots, smooth, top, 5),
            (row[2], "a finer grid", grid, fine, top, 2),
            (row[3], "its deviation", grid, deviation, np.quantile(deviation, TOP), 2),
        ):
            drawn = draw(ax, places, values, title, size=size, vmin=0, vmax=limit, cmap="viridis")
            bar = figure.colorbar(
                drawn, ax=ax, location="bottom", shrink=0.7, aspect=25, pad=0.01, extend="max"
            )
            bar.outline.set_visible(False)
            if gene == GENES[-1]:
                bar.set_label("molecules of 10,000")
    return axes


def trained(adata, **options):
    scvi.settings.seed = 0
    dpvae.model.SPAVAE.setup_anndata(adata)
    model = dpvae.model.SPAVAE(adata, **options)
    model.train(enable_progress_bar=False)
    return model


def draw(ax, places, color, title, *, size, **look):
    drawn = ax.scatter(*places.T, c=color, s=size, marker="h", linewidths=0, **look)
    ax.set(aspect="equal", title=title, xticks=[], yticks=[])
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    return drawn
