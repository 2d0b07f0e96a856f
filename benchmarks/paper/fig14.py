"""Fig. 14: does the distance term make the latent space more isometric?"""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.paper.training import PAPER, WEIGHT, fitted
from benchmarks.paper.words import chosen, compared
from benchmarks.section_names import short
from dpvae import metrics
from dpvae.pl.regularization_path import COLORS, MARKERS

TITLE = "Figure 14: how isometric the latent space is"
CLAIM = "The distance term improves the isometric property of the latent space."
SECTIONS = (
    "visium_v1_adult_mouse_brain",
    "st_mouse_brain_hippo1",
    "merfish_mouse_motor_cortex_gaston",
    "st_her2_breast_tumour_H1",
)
MODELS = {"VAE": 0.0, "dp-VAE": WEIGHT}
MEASURES = {
    "distortion": "latent against tissue:\ndistortion b/a (5 % of pairs left out)",
    "condition": "decoder: median axis ratio\nof the ellipses",
    "uneven": "decoder: unevenness\nof the stretch",
}


def jobs(sections, seeds):  # noqa: ARG001
    return [
        {"section": section.name, "model": model}
        for section in chosen(sections, SECTIONS)
        for model in MODELS
    ]


def measure(job, sections):
    fit = fitted(PAPER, sections[job["section"]], MODELS[job["model"]])
    decoder = metrics.latent_isometry(fit["metric"])
    correlation = metrics.distance_pearson(fit["truth"], fit["latent"], n_permutations=1)
    distortion = metrics.bilipschitz_distortion(fit["truth"], fit["latent"], epsilon=0.05)
    return [
        {
            "distortion": distortion.ratio,
            "condition": decoder.median,
            "uneven": decoder.uneven,
            "pearson": correlation.correlation,
        }
    ]


def draw(table):
    figure, axes = plt.subplots(1, 3, figsize=(8, 3.3), layout="constrained")
    for panel, (column, label) in zip(axes, MEASURES.items(), strict=True):
        wide = table.pivot_table(index="section", columns="model", values=column)[list(MODELS)]
        looks = zip(wide.iterrows(), COLORS, MARKERS, strict=False)
        for (name, values), color, marker in looks:
            panel.plot(
                list(MODELS), values, color=color, marker=marker, markersize=5, label=short(name)
            )
        panel.set(ylabel=label, xlim=(-0.3, 1.3))
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylim(bottom=1)
    axes[1].set_ylim(bottom=1)
    axes[2].set_ylim(bottom=0)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def findings(table):
    def wide(column):
        return table.pivot_table(index="section", columns="model", values=column)

    distortion, condition, uneven = (
        np.log10(wide(c)) for c in ("distortion", "condition", "uneven")
    )
    pearson = wide("pearson")
    means = {column: wide(column).median() for column in MEASURES}
    return (
        f"Held-out cells, the paper's configuration. Two things can be meant. *Latent against "
        f"tissue*, which the theorem is about: distances of 95 % of the pairs agree up to a factor "
        f"b/a of {means['distortion']['dp-VAE']:.1f} with the distance term (median over sections) "
        f"and of {means['distortion']['VAE']:.1f} without; on the scale of log10 dp-VAE has "
        f"{compared(distortion['dp-VAE'], distortion['VAE'], what='a distortion')}. The "
        f"correlation of distances is {pearson['dp-VAE'].mean():.2f} against "
        f"{pearson['VAE'].mean():.2f}. *Latent against expression*, which the decoder decides: the "
        f"median axis ratio of its ellipses (1 is isometric) is {means['condition']['dp-VAE']:.2f} "
        f"against {means['condition']['VAE']:.2f}, on the scale of log10 "
        f"{compared(condition['dp-VAE'], condition['VAE'], what='a ratio')}; the unevenness of its "
        f"stretch {means['uneven']['dp-VAE']:.2f} against {means['uneven']['VAE']:.2f}, "
        f"{compared(uneven['dp-VAE'], uneven['VAE'], what='an unevenness')}. The distance term "
        f"ties the latent space to the tissue; it does not promise a decoder that keeps distances "
        f"of expression, since expression does not change evenly along the tissue."
    )
