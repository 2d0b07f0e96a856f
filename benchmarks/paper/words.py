"""Sections that are chosen, and differences in words."""

import numpy as np

ALPHA = r"$\alpha$"
MORAN = "a Moran's I"


def chosen(sections, names):
    """Sections of these names; where there is none of them, as many of the smallest."""
    found = [section for name in names for section in sections if section.name == name]
    by_size = sorted(sections, key=lambda section: section.adata.n_obs)
    return found or by_size[: len(names)]


def compared(first, second, of="sections", what="an error"):
    """Say how much lower the first of two paired series is, against the spread of differences."""
    difference = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    difference = difference[np.isfinite(difference)]
    mean = difference.mean()
    spread = difference.std(ddof=1) if len(difference) > 1 else np.nan
    side = "lower" if mean > 0 else "higher"
    small = "" if abs(mean) > spread else ", which is within one standard deviation"
    return (
        f"{what} {abs(mean):.3f} {side} on average (standard deviation of the differences "
        f"{spread:.3f}{small}), {side} in {(difference * np.sign(mean) > 0).sum()} of "
        f"{len(difference)} {of}"
    )
