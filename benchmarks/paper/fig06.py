"""Fig. 6: the latent space of training cells as training goes on, without and with distances."""

import lightning.pytorch as lightning
import matplotlib.pyplot as plt
import numpy as np

from benchmarks.paper.training import PAPER, WEIGHT
from benchmarks.paper.words import chosen
from benchmarks.section_names import short
from dpvae import geometry, metrics
from dpvae.pl.position_colors import position_colors

TITLE = "Figure 6: the map along training"
CLAIM = (
    "On a sagittal section of mouse brain the latent space of dp-VAE soon takes the shape of the "
    "tissue, and triangles of anchor spots are recovered almost exactly; the latent space of a "
    "plain VAE does not. All spots shown are training spots."
)
SECTIONS = ("visium_v1_adult_mouse_brain",)
WEIGHTS = {"VAE": 0.0, "dp-VAE": WEIGHT}
SHARES = (0.02, 0.1, 0.3, 1.0)
N_CELLS = 800


class Snapshots(lightning.Callback):
    """Keeps the latent representation of the training cells at shares of the training."""

    def __init__(self, model):
        self.model, self.latents = model, {}

    def on_train_epoch_end(self, trainer, plan):  # noqa: ARG002
        epochs = {max(round(share * trainer.max_epochs), 1): share for share in SHARES}
        share = epochs.get(trainer.current_epoch + 1)
        if share is not None:
            self.model.is_trained_ = True
            self.latents[share] = self.model.get_latent_representation()
            self.model.module.train()


def jobs(sections, seeds):  # noqa: ARG001
    return [
        {"section": section.name, "model": model}
        for section in chosen(sections, SECTIONS)[:1]
        for model in WEIGHTS
    ]


def measure(job, sections):
    problem = PAPER.problem(sections[job["section"]])
    model = PAPER.made(problem, WEIGHTS[job["model"]])
    keeper = Snapshots(model)
    PAPER.train(model, [keeper])
    true = problem.reference.obsm["spatial"]
    shown = np.random.RandomState(0).permutation(len(true))[:N_CELLS]
    rows = []
    for share, latent in keeper.latents.items():
        error = metrics.procrustes_disparity(true, latent)
        found = geometry.align(latent, true).apply(latent)
        rows += [
            {"done": share, "error": error, "x": x, "y": y, "found_x": u, "found_y": v}
            for (x, y), (u, v) in zip(true[shown, :2], found[shown, :2], strict=True)
        ]
    return rows


def draw(table):
    shares = sorted(table["done"].unique())
    names = list(WEIGHTS)
    size = (8, 1.9 * len(names))
    figure, axes = plt.subplots(len(names), len(shares) + 1, figsize=size, layout="constrained")
    for row, name in zip(axes, names, strict=True):
        runs = table[table["model"] == name]
        true = runs.loc[runs["done"] == shares[-1], ["x", "y"]].to_numpy()
        scatter(row[0], true, true)
        row[0].set_title("tissue", fontsize="medium")
        row[0].set_ylabel(name)
        for panel, share in zip(row[1:], shares, strict=True):
            part = runs[runs["done"] == share]
            scatter(panel, part[["found_x", "found_y"]].to_numpy(), true)
            error = part["error"].iloc[0]
            panel.set_title(f"{100 * share:.0f} %, error {error:.2f}", fontsize="medium")
    return figure


def scatter(panel, at, true):
    """Draw cells in the colours of their true places, and two triangles of three of them."""
    size = np.clip(2000 / len(true), 3, 14)
    panel.scatter(*at.T, c=position_colors(true), s=size, linewidths=0)
    for color, seed in (("black", 3), ("#D55E00", 5)):
        corners = np.random.RandomState(seed).permutation(len(true))[:3]
        panel.plot(*at[np.append(corners, corners[0])].T, color=color, marker="o", markersize=3)
    panel.set(aspect="equal", xticks=[], yticks=[])
    if not panel.yaxis_inverted():
        panel.invert_yaxis()  # as images of the tissue
    panel.spines[:].set_visible(False)


def findings(table):
    ends = table.groupby(["model", "done"])["error"].first().unstack()
    course = {name: ", ".join(f"{value:.2f}" for value in ends.loc[name]) for name in WEIGHTS}
    when = ", ".join(f"{100 * share:.0f}" for share in ends.columns)
    last = ends.iloc[:, -1]
    return (
        f"{short(table['section'].iloc[0])}, training spots, after {when} % of the training: the "
        f"Procrustes error of the latent space is {course['dp-VAE']} for dp-VAE and "
        f"{course['VAE']} for the plain VAE. The latent space of dp-VAE does take the shape of the "
        f"tissue, early, and the VAE's does not (last {last['dp-VAE']:.2f} against "
        f"{last['VAE']:.2f}). But these are spots whose places dp-VAE was trained on, and which "
        f"the VAE never saw: the figure shows that the distance term can be minimised, not that "
        f"unseen spots are placed well. Figures 7 and 9 ask that."
    )
