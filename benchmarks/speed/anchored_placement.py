import numpy as np
import pandas as pd

from benchmarks.speed.timing import curved_latents, interleaved
from dpvae.geometry import place_anchored


def tables(*, quick):
    n_cells = 20_000 if quick else 100_000
    latent, places = curved_latents(n_cells)
    order = np.random.default_rng(0).permutation(n_cells)
    is_anchor = np.isin(np.arange(6_000), order[:2_000])
    place_anchored(latent[:6_000], places[:6_000], is_anchor)
    rows = []
    for n_anchors in (3, 10, 1_000, n_cells // 2):
        mask = np.isin(np.arange(n_cells), order[:n_anchors])
        for method in ("blend", "stress"):
            found = {}

            def ours(mask=mask, method=method, found=found):
                found["it"] = place_anchored(latent, places, mask, method=method)

            seconds = interleaved({"it": ours}, 1)["it"]
            error = np.linalg.norm(found["it"].coordinates - places, axis=1)[~mask]
            spread = np.sqrt(((places - places.mean(axis=0)) ** 2).sum(axis=1).mean())
            rows.append(
                {
                    "cells": f"{n_cells:,}",
                    "anchors": f"{n_anchors:,}",
                    "method": method,
                    "s": f"{seconds:.2f}",
                    "RMSE / radius": f"{np.sqrt((error**2).mean()) / spread:.3f}",
                }
            )
    return [("Anchored placement", pd.DataFrame(rows))]
