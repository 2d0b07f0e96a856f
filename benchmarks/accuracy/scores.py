"""How well places, and the latents that they come from, agree with the truth."""

import numpy as np

from dpvae import metrics
from dpvae.metrics.paired import root_mean_square_radius

OF_PLACES = (
    "procrustes_disparity",
    "distance_spearman",
    "normalized_stress",
    "neighbor_overlap",
    "spread_ratio",
    "median_error",
)
IN_RADII = "median_error_radii"
K_AUTOCORRELATION = 5


def place_scores(truth, places):
    """Scores of placed cells, see ``dpvae.metrics.SCORES``, and the median error in radii."""
    scores = metrics.score_places(truth, places, OF_PLACES)
    return scores | {IN_RADII: scores["median_error"] / root_mean_square_radius(truth)}


def latent_scores(truth, latent):
    """Mean Moran's I and Geary's C of the latent dimensions, over the five nearest neighbours."""
    if latent is None:
        return {"morans_i": np.nan, "gearys_c": np.nan}
    from sklearn.neighbors import kneighbors_graph

    graph = kneighbors_graph(truth, min(K_AUTOCORRELATION, len(truth) - 1))
    result = metrics.autocorrelation(latent, graph)
    return {
        "morans_i": float(np.nanmean(result.morans_i.value)),
        "gearys_c": float(np.nanmean(result.gearys_c.value)),
    }
