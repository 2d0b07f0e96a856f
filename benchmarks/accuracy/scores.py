"""How well places, and the latents that they come from, agree with the truth."""

import numpy as np

from dpvae import metrics

K_NEIGHBORS = 15
K_AUTOCORRELATION = 5


def place_scores(truth, places):
    """Scores of placed cells; see the metrics of the package."""
    radius = float(np.sqrt(((truth - truth.mean(axis=0)) ** 2).sum(axis=1).mean()))
    error = metrics.coordinate_error(truth, places)
    k = min(K_NEIGHBORS, (len(truth) - 1) // 2)
    return {
        "procrustes": metrics.procrustes_disparity(truth, places),
        "stress": metrics.normalized_stress(truth, places),
        "spearman": metrics.distance_spearman(truth, places),
        "overlap": metrics.neighbor_overlap(truth, places, n_neighbors=k),
        "spread": metrics.spread_ratio(truth, places),
        "median_error": error.median,
        "median_error_radii": error.median / radius,
    }


def latent_scores(truth, latent):
    """Mean Moran's I and Geary's C of the latent dimensions, over the five nearest neighbours."""
    if latent is None:
        return {"moran": np.nan, "geary": np.nan}
    from sklearn.neighbors import kneighbors_graph

    graph = kneighbors_graph(truth, min(K_AUTOCORRELATION, len(truth) - 1))
    result = metrics.autocorrelation(latent, graph)
    return {
        "moran": float(np.nanmean(result.morans_i.value)),
        "geary": float(np.nanmean(result.gearys_c.value)),
    }
