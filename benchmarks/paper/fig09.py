"""Fig. 9: held-out error against the weight of the distance term."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.method_style import style_of
from benchmarks.paper.training import PACKAGE, PAPER, fitted, scores, simple_scores
from benchmarks.paper.words import chosen

TITLE = "Figure 9: held-out error against the weight of the distance term"
CLAIM = (
    "The held-out error, averaged over 27 samples, falls logarithmically as the weight grows. Too "
    "large a weight is warned of (overfitting of large networks, instability), but no rise is "
    "shown."
)
SECTIONS = (
    "visium_v1_adult_mouse_brain",
    "merfish_mouse_motor_cortex_gaston",
)
WEIGHTS = (0.0, 3.0, 30.0, 0.3, 0.03, 10.0, 1.0, 0.1)  # so that early results span the range


def jobs(sections, seeds):
    return [
        {"configuration": configuration.name, "section": section.name, "seed": seed, "weight": at}
        for seed in seeds
        for configuration in (PAPER, PACKAGE)
        for at in WEIGHTS
        for section in chosen(sections, SECTIONS)
    ]


def measure(job, sections):
    configuration = {one.name: one for one in (PAPER, PACKAGE)}[job["configuration"]]
    section, seed = sections[job["section"]], job["seed"]
    fit = fitted(configuration, section, job["weight"], seed)
    return [{**scores(fit), **simple_scores(configuration.problem(section, seed))}]


def draw(table):
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.7), sharey=True, layout="constrained")
    at = {weight: k for k, weight in enumerate(sorted(WEIGHTS))}
    for panel, (name, part) in zip(axes, by_configuration(table), strict=True):
        style = style_of("dp-VAE")
        for how, line, face in (("latent", "--", "white"), ("placed", "-", style.color)):
            errors = part.pivot_table(index="weight", columns="section", values=how)
            errors.index = errors.index.map(at)
            look = {"color": style.color, "linestyle": line}
            panel.plot(errors.index, errors, linewidth=0.7, alpha=0.5, **look)
            look |= {"marker": style.marker, "markerfacecolor": face}
            panel.plot(errors.index, errors.mean(axis=1), label=f"dp-VAE, {how}", **look)
        for how in ("kNN", "ridge"):
            panel.axhline(part[how].mean(), color=style_of(how).color, linestyle=":", label=how)
        panel.set_xticks(list(at.values()), [f"{weight:g}" for weight in at])
        panel.set(xlabel=r"weight of the distance term $\alpha$", title=f"the {name} model")
        panel.set_xlim(-0.3, len(at) - 0.7)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set(ylabel="held-out Procrustes error", ylim=(0, 1.02))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    return figure


def by_configuration(table):
    """Parts of the table, with the weights that all sections were done with."""
    n_done = table.groupby(["configuration", "weight"])["section"].transform("nunique")
    whole = table[n_done == table["section"].nunique()]
    return [(one.name, whole[whole["configuration"] == one.name]) for one in (PAPER, PACKAGE)]


def findings(table):
    sentences = []
    for name, part in by_configuration(table):
        for how, words in (("latent", "latents as the map"), ("placed", "placed")):
            errors = part.pivot_table(index="weight", columns="section", values=how)
            mean = errors.mean(axis=1)
            best, last = mean.idxmin(), mean.index[-1]
            path = ", ".join(f"{value:.3f} ({weight:g})" for weight, value in mean.items())
            sentences.append(
                f"- The {name} configuration, {words}: {path}. "
                + ending(errors, mean, best, last)
                + f" For comparison, kNN has {part['kNN'].mean():.3f}, ridge "
                + f"{part['ridge'].mean():.3f}; {rank(part, mean.min())}."
            )
    n_sections = table["section"].nunique()
    return "\n".join(
        [
            f"Mean held-out error over {n_sections} sections, in brackets the weight:",
            "",
            *sentences,
            "",
            "Where the curve of placed cells is flatter than the curve of bare latents, the weight "
            "makes the latent space a map, which placing against the reference does as well.",
        ]
    )


def rank(part, best):
    """Say which of the simple methods are better than the best weight."""
    better = [how for how in ("kNN", "ridge") if part[how].mean() < best]
    if not better:
        return "the best weight is better than both"
    return f"no weight reaches {' or '.join(better)}"


def ending(errors, mean, best, last):
    """Say whether the error rises again after its minimum."""
    fall = f"The error falls by {mean.iloc[0] - mean[best]:.3f} with the weight. "
    if best == last:
        return f"{fall}Lowest at the largest weight, {last:g}: no rise within this range."
    rise = errors.loc[last] - errors.loc[best]
    small = abs(rise.mean()) <= np.std(rise, ddof=1)
    return (
        f"{fall}Lowest at {best:g}; at {last:g} it is higher again by "
        f"{mean[last] - mean[best]:.3f} (higher in {(rise > 0).sum()} of {len(rise)} sections"
        f"{', within one standard deviation' if small else ''})."
    )
