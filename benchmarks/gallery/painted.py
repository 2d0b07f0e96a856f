"""Picture of genes that sequenced cells paint on an atlas that was not shown them."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import dpvae
from benchmarks.painting.embryo import embryos

GENES = {"ftz": "pair-rule gene", "sna": "mesoderm", "Kr": "gap gene"}


def painted(folder, save):
    """Three genes of the fly embryo: stained, and painted by cells that were sequenced."""
    embryo = next(iter(embryos(folder)))
    hidden = replace(embryo, hidden=list(GENES))
    found = dpvae.tl.paint(hidden.cells, hidden.drawn[:, hidden.shown].copy(), genes=list(GENES))
    stain = hidden.stained[:, list(GENES)].X
    save("painted", panels(np.asarray(hidden.stained.obsm["spatial"]), stain, found))


def panels(places, stain, found):
    values = found[:, list(GENES)].X
    _, axes = plt.subplots(2, 3, figsize=(8, 2.9), layout="constrained")
    for number, ((gene, what), column) in enumerate(zip(GENES.items(), axes.T, strict=True)):
        agrees = np.corrcoef(values[:, number], stain[:, number])[0, 1]
        draw(column[0], places, stain[:, number], f"{gene}, {what}: stained")
        draw(column[1], places, values[:, number], f"painted by cells: r = {agrees:.2f}")
    return axes


def draw(ax, places, values, title):
    order = np.argsort(values)  # high values on top
    ax.scatter(
        places[order, 0],
        places[order, 2],
        c=values[order],
        s=4,
        linewidths=0,
        antialiased=False,
        vmax=np.quantile(values, 0.99),
    )
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.set_title(title, fontsize=10)
    ax.spines[:].set_visible(False)
