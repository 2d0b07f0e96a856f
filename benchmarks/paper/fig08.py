"""Fig. 8: true and reconstructed places of held-out cells."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.paper.fig06 import scatter
from benchmarks.paper.training import PACKAGE, WEIGHT, fitted, simple_scores
from benchmarks.paper.words import chosen
from benchmarks.section_names import short
from dpvae import geometry, metrics

TITLE = "Figure 8: reconstructed sections"
CLAIM = (
    "In held-out spots of several samples, reconstructions look like the tissue, and three random "
    "anchor spots have the right relative position and distance."
)
SECTIONS = (
    "visium_v1_adult_mouse_brain",
    "dlpfc_151507",
    "st_mouse_brain_hippo1",
    "starmap_mouse_visual_cortex_1020",
    "st_her2_breast_tumour_B1",
)


def jobs(sections, seeds):  # noqa: ARG001
    return [{"section": section.name} for section in chosen(sections, SECTIONS)]


def measure(job, sections):
    problem = PACKAGE.problem(sections[job["section"]])
    true = problem.truth
    found = fitted(PACKAGE, sections[job["section"]], WEIGHT)["placed"]
    found = geometry.align(found, true).apply(found)
    error = metrics.procrustes_disparity(true, found)
    angle = metrics.triangle_angle_error(true, found)
    known = {"error": error, "angle": angle, **simple_scores(problem)}
    return [
        {**known, "x": x, "y": y, "found_x": u, "found_y": v}
        for (x, y), (u, v) in zip(true[:, :2], found[:, :2], strict=True)
    ]


def draw(table):
    names = list(dict.fromkeys(table["section"]))
    figure, axes = plt.subplots(
        2, len(names), figsize=(8, 3.6), layout="constrained", squeeze=False
    )
    for (above, below), name in zip(axes.T, names, strict=True):
        part = table[table["section"] == name]
        true = part[["x", "y"]].to_numpy()
        scatter(above, true, true)
        scatter(below, part[["found_x", "found_y"]].to_numpy(), true)
        low, high = true.min(axis=0), true.max(axis=0)
        margin = 0.08 * (high - low).max()
        for panel in (above, below):
            panel.set(xlim=(low[0] - margin, high[0] + margin))
            panel.set(ylim=(high[1] + margin, low[1] - margin))
        above.set_title(short(name).replace(", ", ",\n").replace(") ", ")\n"), fontsize="medium")
        below.set_title(f"error {part['error'].iloc[0]:.2f}", fontsize="medium")
    axes[0, 0].set_ylabel("held-out cells, true")
    axes[1, 0].set_ylabel("reconstructed")
    return figure


def findings(table):
    one = table.groupby("section", sort=False).first()
    cells = "; ".join(
        f"{short(name)} {row.error:.2f} (kNN {row.kNN:.2f}, ridge {row.ridge:.2f})"
        for name, row in one.iterrows()
    )
    worst = one["error"].idxmax()
    median, thin = {}, {}
    for name, part in table.groupby("section", sort=False):
        true, found = part[["x", "y"]].to_numpy(), part[["found_x", "found_y"]].to_numpy()
        error = np.linalg.norm(true - found, axis=1)
        median[name] = np.median(error) / np.sqrt(true.var(axis=0).sum())
        thin[name] = np.sqrt(
            np.divide(*(np.linalg.eigvalsh(np.cov(at.T))[0] for at in (found, true)))
        )
    flattest = min(thin, key=thin.get)
    return (
        f"Models of the package, held-out cells, Procrustes error: {cells}. The median distance "
        f"from the true place after alignment is {min(median.values()):.2f} to "
        f"{max(median.values()):.2f} tissue radii, and the mean error of an angle of a triangle "
        f"{one['angle'].min():.0f} to {one['angle'].max():.0f} degrees. The large shape is right "
        f"where the error is small; where it is large ({short(worst)}) reconstructions shrink "
        f"towards the middle and triangles are distorted. The thinnest one "
        f"({short(flattest)}) has {100 * thin[flattest]:.0f} % of the true width: where "
        f"expression tells one direction only, such as the depth of the cortex, the other one is "
        f"lost. The paper shows no such case. Two triangles of random cells are drawn; with others "
        f"the impression may be better or worse, so judge by the numbers."
    )
