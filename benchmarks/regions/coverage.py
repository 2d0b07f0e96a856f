"""How often regions, and one radius for all cells, hold the true place."""

import numpy as np

from dpvae.geometry.uncertainty.regions import conformal_quantile

LEVELS = (0.5, 0.9)
PART = 5


def scored(regions, calibration_errors, truth, radius):
    """Coverage and size of the regions of cells whose place was hidden.

    ``calibration_errors``: distances of the calibration cells from their places. Radii are in units
    of ``radius``, the tissue's.
    """
    error = np.linalg.norm(truth - regions.coordinates, axis=1)
    scores = {"n_calibration": len(calibration_errors), "n_hidden": len(truth)}
    for level in LEVELS:
        percent = f"{level:.0%}"
        constant = conformal_quantile(calibration_errors, level)
        scores[f"discs {percent}"] = regions.in_discs(truth, level).mean()
        scores[f"ellipses {percent}"] = regions.in_ellipses(truth, level).mean()
        scores[f"one radius {percent}"] = (error <= constant).mean()
        scores[f"median radius {percent}"] = np.median(regions.radii(level)) / radius
    order = np.argsort(regions.radii(0.9), kind="stable")
    n_part = max(len(order) // PART, 1)
    for name, part in (("surest", order[:n_part]), ("least sure", order[-n_part:])):
        scores[f"discs, {name} fifth"] = regions.in_discs(truth, 0.9)[part].mean()
        scores[f"one radius, {name} fifth"] = (error[part] <= constant).mean()
    volume = np.sqrt(np.linalg.det(regions.ellipses(0.9)))
    same_size = volume ** (1 / truth.shape[1])
    scores["ellipse / disc"] = np.median(same_size) / np.median(regions.radii(0.9))
    scores["disc / one radius"] = np.median(regions.radii(0.9)) / constant
    return {name: float(value) for name, value in scores.items()}
