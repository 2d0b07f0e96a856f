"""Picture of genes that were never imaged: measured, imputed, and the width of the interval."""

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import scvi

import dpvae

CELLS, TISSUE = "scrna_mouse_hypothalamus_ref_1308", "merfish_mouse_poa_6509"
GENES = {"Gad1": "inhibitory neurons", "Ermn": "oligodendrocytes", "Cd24a": "ependyma"}
N_HIDDEN = 10


def never_imaged(folder, save):
    cells, tissue = (ad.read_h5ad(folder / f"{name}.h5ad") for name in (CELLS, TISSUE))
    cells.X, tissue.X = cells.X.astype(np.float32), tissue.X.astype(np.float32)
    hidden = hidden_genes(cells.var_names)
    shown = cells.var_names[cells.var_names.isin(tissue.var_names) & ~cells.var_names.isin(hidden)]
    cells = cells[with_counts(cells, shown)].copy()
    tissue = tissue[with_counts(tissue, shown)].copy()
    joint = dpvae.tl.join(cells, tissue[:, shown].copy())
    scvi.settings.seed = 0
    dpvae.model.DPVGAE.setup_anndata(joint)
    model = dpvae.model.DPVGAE(joint)
    model.train(enable_progress_bar=False)
    found = model.get_imputed_expression(list(GENES))
    save("never_imaged", maps(found, standardized(tissue, shown, list(GENES))))


def hidden_genes(names, seed=0):
    """The three of the picture, and others by chance."""
    others = names[~names.isin(list(GENES))]
    n_others = N_HIDDEN - len(GENES)
    return [*GENES, *np.random.default_rng(seed).choice(others, n_others, replace=False)]


def with_counts(adata, genes):
    return np.asarray(adata[:, genes].X.sum(axis=1)).ravel() > 0


def standardized(tissue, shown, genes):
    """Logarithms of what was measured, at the depth of the shown genes, as z-scores."""
    depth = np.asarray(tissue[:, shown].X.sum(axis=1))
    logarithms = np.log1p(tissue[:, genes].X.toarray() / depth * np.median(depth))
    return (logarithms - logarithms.mean(axis=0)) / logarithms.std(axis=0)


def maps(found, true):
    center, scale = found.var["mean"].to_numpy(), found.var["deviation"].to_numpy()
    imputed = (found.X - center) / scale
    width = (found.layers["upper"] - found.layers["lower"]) / scale
    figure, axes = plt.subplots(len(GENES), 3, figsize=(7.2, 8.3), layout="constrained")
    for number, (row, (gene, where)) in enumerate(zip(axes, GENES.items(), strict=True)):
        reached = np.corrcoef(imputed[:, number], true[:, number])[0, 1]
        expected = found.var["expected_correlation"].iloc[number]
        scores = f"r = {reached:.2f}, expected {expected:.2f}"
        row[0].set_ylabel(where)
        low, high = np.quantile(true[:, number], (0.01, 0.98))
        for ax, title, values, look in (
            (row[0], f"$\\it{{{gene}}}$: measured", true, {"vmin": low, "vmax": high}),
            (row[1], f"imputed: {scores}", imputed, {"vmin": low, "vmax": high}),
            (row[2], "width of the interval", width, {"cmap": "magma"} | span(width[:, number])),
        ):
            drawn = draw(ax, found.obsm["spatial"], values[:, number], title, **look)
            bar = figure.colorbar(
                drawn, ax=ax, location="bottom", shrink=0.6, aspect=25, pad=0.01, extend="both"
            )
            bar.outline.set_visible(False)
            if number == len(GENES) - 1:
                bar.set_label("standard deviations")
    return axes


def span(values):
    """Ends of the colours: the middle 98 % of the values."""
    low, high = np.quantile(values, (0.01, 0.99))
    return {"vmin": low, "vmax": high}


def draw(ax, places, values, title, **look):
    order = np.argsort(values)  # high values on top
    drawn = ax.scatter(
        *places[order].T, c=values[order], s=3, linewidths=0, antialiased=False, **look
    )
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.invert_yaxis()
    ax.set_title(title, fontsize=10)
    ax.spines[:].set_visible(False)
    return drawn
