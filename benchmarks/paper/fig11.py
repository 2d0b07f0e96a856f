"""Fig. 11: where in a section cells are placed badly."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.neighbors import kneighbors_graph

from benchmarks.accuracy.methods import baselines
from benchmarks.paper.fig10 import transfer_problems
from benchmarks.paper.training import PACKAGE, WEIGHT
from benchmarks.section_names import short
from dpvae import geometry, metrics
from dpvae.pl.error_colors import ERROR_COLORS

TITLE = "Figure 11: where the errors of transfer are"
CLAIM = (
    "Coordinate by coordinate, the error of a model that was trained on one section differs "
    "between regions of the sections that it is tested on: some regions can be placed, others not."
)
GROUP = ("dlpfc_151507", "dlpfc_151508", "dlpfc_151669")
N_CELLS = 1500
N_NEIGHBORS = 5
MORAN = "Moran's I"


def jobs(sections, seeds):  # noqa: ARG001
    here = [section.name for section in sections if section.name in GROUP]
    return [{"trained_on": here[0]}] if len(here) > 1 else []


def measure(job, sections):
    group = [sections[name] for name in GROUP if name in sections]
    problems = transfer_problems(sections[job["trained_on"]], group)
    model = PACKAGE.trained(next(iter(problems.values())), WEIGHT)
    rows = []
    for name, problem in problems.items():
        true = problem.truth
        shown = np.random.RandomState(0).permutation(len(true))[:N_CELLS]
        errors = {
            "dp-VAE": errors_of(true, model.predict_coordinates(problem.query)),
            "kNN": errors_of(true, baselines.neighbors(problem)[0]),
        }
        for method, error in errors.items():
            rows += [
                {"tested_on": name, "method": method, "x": x, "y": y, "error": value}
                for (x, y), value in zip(true[shown], error[shown], strict=True)
            ]
    return rows


def errors_of(true, found):
    """Distance to the true place after Procrustes alignment, in tissue radii."""
    radius = np.sqrt(((true - true.mean(axis=0)) ** 2).sum(axis=1).mean())
    return np.linalg.norm(geometry.align(found, true).apply(found) - true, axis=1) / radius


def draw(table):
    shown = table[table["method"] == "dp-VAE"]
    names = list(dict.fromkeys(shown["tested_on"]))
    figure, axes = plt.subplots(
        1, len(names), figsize=(2.5 * len(names) + 0.7, 2.8), layout="constrained"
    )
    for panel, name in zip(axes, names, strict=True):
        part = shown[shown["tested_on"] == name]
        look = {"cmap": ERROR_COLORS, "vmin": 0, "vmax": 1.5, "s": 6, "linewidths": 0}
        dots = panel.scatter(part["x"], part["y"], c=part["error"], rasterized=True, **look)
        own = name == part["trained_on"].iloc[0]
        panel.set_title(short(name) + (" (held out)" if own else ""), fontsize="medium")
        panel.set(aspect="equal", xticks=[], yticks=[])
        panel.invert_yaxis()
        panel.spines[:].set_visible(False)
    figure.colorbar(
        dots, ax=axes, label="distance to the true place (tissue radii)", extend="max", shrink=0.8
    )
    return figure


def patchiness(part):
    """Moran's I of the errors over nearest neighbours in the tissue, and its p-value."""
    graph = kneighbors_graph(part[["x", "y"]].to_numpy(), N_NEIGHBORS)
    return metrics.autocorrelation(part[["error"]].to_numpy(), graph).morans_i


def edge(table):
    """Median error of the cells near the middle of their section, and of the farthest fifth."""
    places = table.groupby("tested_on")[["x", "y"]]
    far = np.hypot(*(table[["x", "y"]] - places.transform("mean")).to_numpy().T)
    limit = pd.Series(far, table.index).groupby(table["tested_on"]).transform("quantile", 0.8)
    is_outer = far > limit
    return table.loc[~is_outer, "error"].median(), table.loc[is_outer, "error"].median()


def findings(table):
    rows = []
    for (name, method), part in table.groupby(["tested_on", "method"], sort=False):
        moran = patchiness(part)
        median, high = part["error"].quantile([0.5, 0.9])
        found = {"median": median, "90 % below": high, MORAN: moran.value[0]}
        rows.append({"tested on": short(name), "method": method} | found)
    found = pd.DataFrame(rows)
    models = found[found["method"] == "dp-VAE"]
    inner, outer = edge(table[table["method"] == "dp-VAE"])
    head = f"| {' | '.join(found.columns)} |\n{'| --- ' * found.shape[1]}|"
    body = "\n".join(
        f"| {' | '.join(f'{v:.2f}' if isinstance(v, float) else v for v in row)} |"
        for row in found.itertuples(index=False)
    )
    return (
        f"Trained on {short(table['trained_on'].iloc[0])}; errors after alignment, in tissue radii "
        f"(1 is about as good as putting every cell into the middle):\n\n{head}\n{body}\n\n"
        f"Errors do lie in patches, as the paper says: Moran's I of the errors of dp-VAE over the "
        f"{N_NEIGHBORS} nearest neighbours is {models[MORAN].min():.2f} to "
        f"{models[MORAN].max():.2f} (chance is 0). That is no property of dp-VAE: the errors of "
        f"kNN lie in patches, too. Much of the pattern is the edge: for dp-VAE the median error of "
        f"the fifth of the cells farthest from the middle of a section is {outer:.2f} radii, of "
        f"the other cells {inner:.2f}. Where expression leaves the place open, predictions are "
        f"drawn to the middle, and the edge pays for it. Regions of biological meaning may add to "
        f"it; the picture alone does not show that."
    )
