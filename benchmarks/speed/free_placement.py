import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import smacof

from benchmarks.speed.timing import curved_latents, interleaved, peak_memory_gb
from dpvae.geometry import normalized_stress, place_free

LINEAR = (10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)


def principal_components(latent):
    centered = latent - latent.mean(axis=0)
    return centered @ np.linalg.svd(centered, full_matrices=False)[2][:2].T


def tables(*, quick):
    place_free(curved_latents(5_000)[0])
    place_free(curved_latents(300)[0])
    many = placed_alone((10_000, 20_000, 50_000) if quick else LINEAR)
    few = against_sklearn((1_000, 3_000) if quick else (1_000, 3_000, 5_000, 10_000))
    return [
        ("Free placement against sklearn.manifold.smacof, same start", few),
        ("Free placement of many cells", many),
    ]


def against_sklearn(sizes):
    rows = []
    for n_cells in sizes:
        latent, _ = curved_latents(n_cells)
        distances = squareform(pdist(latent))
        start = principal_components(latent)
        found = {}

        def sklearn(found=found, distances=distances, start=start):
            found["sklearn"] = smacof(distances, init=start, n_init=1, normalized_stress=False)[0]

        def ours(found=found, latent=latent):
            found["dpvae"] = place_free(latent).coordinates

        seconds = interleaved({"sklearn": sklearn, "dpvae": ours}, 3 if n_cells < 5_000 else 1)
        seconds["dpvae"] = interleaved({"dpvae": ours}, 5)["dpvae"]
        stress = {name: normalized_stress(layout, latent) for name, layout in found.items()}
        rows.append(
            {
                "cells": f"{n_cells:,}",
                "sklearn s": f"{seconds['sklearn']:.2f}",
                "dpvae s": f"{seconds['dpvae']:.3f}",
                "times faster": f"{seconds['sklearn'] / seconds['dpvae']:.0f}",
                "sklearn stress": f"{stress['sklearn']:.5f}",
                "dpvae stress": f"{stress['dpvae']:.5f}",
            }
        )
    return pd.DataFrame(rows)


def placed_alone(sizes):
    linear = []
    for n_cells in sizes:
        latent, _ = curved_latents(n_cells)
        seconds = interleaved({"dpvae": lambda latent=latent: place_free(latent)}, 1)["dpvae"]
        linear.append(
            {
                "cells": f"{n_cells:,}",
                "s": f"{seconds:.2f}",
                "microseconds a cell": f"{1e6 * seconds / n_cells:.1f}",
                "peak memory of the process, GB": f"{peak_memory_gb():.2f}",
            }
        )
    return pd.DataFrame(linear)
