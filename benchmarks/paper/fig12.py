"""Fig. 12: marker genes in the tissue and in the latent spaces."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import kneighbors_graph

from benchmarks.paper.training import PAPER, WEIGHT, fitted
from benchmarks.paper.words import MORAN, chosen, compared
from benchmarks.section_names import short
from dpvae import geometry, metrics

TITLE = "Figure 12: marker genes in the latent space"
CLAIM = (
    "Six marker genes of the olfactory bulb and other regions, in the tissue and in the latent "
    "space of a plain VAE: the cells are dispersed in the latent space, though the olfactory bulb "
    "stands apart."
)
SECTIONS = ("visium_v1_adult_mouse_brain",)
MODELS = {"VAE": 0.0, "dp-VAE": WEIGHT}
N_MARKERS = 5
N_NEIGHBORS = 5
MOST_ALIKE = 0.6
VALUE_COLORS = "viridis_r"  # few cells are high: dark on pale


def jobs(sections, seeds):  # noqa: ARG001
    return [{"section": section.name} for section in chosen(sections, SECTIONS)[:1]]


def measure(job, sections):
    problem = PAPER.problem(sections[job["section"]])
    genes = markers(problem.reference)
    values = problem.query[:, genes].X.toarray()
    at = {"tissue": problem.truth[:, :2]}
    for name, weight in MODELS.items():
        latent = fitted(PAPER, sections[job["section"]], weight)["latent"]
        at[name] = geometry.align(latent, problem.truth).apply(latent)[:, :2]
    return [
        {"gene": gene, "where": where, "x": x, "y": y, "value": value}
        for where, points in at.items()
        for column, gene in enumerate(genes)
        for (x, y), value in zip(points, values[:, column], strict=True)
    ]


def markers(reference):
    """Genes of the reference with the largest Moran's I that are not alike."""
    genes = reference.X.toarray()
    graph = kneighbors_graph(reference.obsm["spatial"], N_NEIGHBORS)
    alike = np.abs(np.corrcoef(genes.T))
    kept = []
    for gene in np.argsort(-np.nan_to_num(metrics.autocorrelation(genes, graph).morans_i.value)):
        if len(kept) < N_MARKERS and (alike[gene, kept] < MOST_ALIKE).all():
            kept.append(gene)
    return list(reference.var_names[kept])


def draw(table):
    genes, where = list(dict.fromkeys(table["gene"])), ["tissue", *MODELS]
    figure, axes = plt.subplots(
        3, len(genes), figsize=(1.6 * len(genes), 5.2), layout="constrained", squeeze=False
    )
    for row, place in zip(axes, where, strict=True):
        for panel, gene in zip(row, genes, strict=True):
            part = table[(table["gene"] == gene) & (table["where"] == place)]
            part = part.sort_values("value")  # high values on top
            dots = panel.scatter(
                part["x"], part["y"], c=part["value"], s=5, cmap=VALUE_COLORS, linewidths=0
            )
            panel.set(aspect="equal", xticks=[], yticks=[])
            panel.invert_yaxis()
            panel.spines[:].set_visible(False)
            if place == where[-1]:
                label = "log expression" if gene == genes[0] else None
                figure.colorbar(dots, ax=panel, location="bottom", label=label, shrink=0.8)
        row[0].set_ylabel("tissue" if place == "tissue" else f"latent space,\n{place}")
    for panel, gene in zip(axes[0], genes, strict=True):
        panel.set_title(gene, style="italic", fontsize="medium")
    return figure


def gene_statistics(table):
    """Moran's I and Geary's C of each gene, over nearest neighbours in tissue and latent spaces."""
    rows = {}
    for (gene, where), part in table.groupby(["gene", "where"], sort=False):
        graph = kneighbors_graph(part[["x", "y"]].to_numpy(), N_NEIGHBORS)
        found = metrics.autocorrelation(part[["value"]].to_numpy(), graph)
        rows[gene, where] = found.morans_i.value[0], found.gearys_c.value[0]
    return rows


def findings(table):
    genes, where = list(dict.fromkeys(table["gene"])), ["tissue", *MODELS]
    found = gene_statistics(table)
    lines = [
        f"{short(table['section'].iloc[0])}, held-out spots, the paper's configuration (its two "
        f"latent dimensions need no UMAP). Moran's I and Geary's C of the genes that vary most "
        f"along the tissue, over the {N_NEIGHBORS} nearest neighbours in the tissue and in the "
        f"latent spaces:",
        "",
        f"| gene | {' | '.join(where)} |",
        "| --- " * (len(where) + 1) + "|",
    ]
    for gene in genes:
        cells = [f"{found[gene, at][0]:.2f}, {found[gene, at][1]:.2f}" for at in where]
        lines.append(f"| *{gene}* | {' | '.join(cells)} |")
    moran = {at: [found[gene, at][0] for gene in genes] for at in where}
    mean = {at: np.mean([found[gene, at][0] for gene in genes]) for at in where}
    moran = {at: [found[gene, at][0] for gene in genes] for at in where}
    text = (
        f"A latent space without coordinates need not disperse its markers: Moran's I is "
        f"{mean['VAE']:.2f} on average in the VAE's, {mean['dp-VAE']:.2f} in dp-VAE's "
        f"and {mean['tissue']:.2f} in the tissue itself. dp-VAE has "
        f"{compared(moran['dp-VAE'], moran['VAE'], 'genes', MORAN)} than the VAE; lower would "
        f"mean that markers are kept together less well than without the distance term. What "
        f"dp-VAE adds is the arrangement: its panels have the outline of the tissue, with the "
        f"markers at their places."
    )
    return "\n".join([*lines, "", text])
