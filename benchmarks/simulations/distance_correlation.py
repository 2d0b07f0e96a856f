"""How often intervals and tests err: python -m benchmarks.simulations.distance_correlation."""

from pathlib import Path

import numpy as np
import pandas as pd

from dpvae.metrics import distance_pearson

PAGE = Path("docs/benchmarks/distance_correlation.md")
N_TRIALS = 400
INTRODUCTION = """# Fisher's interval and Mantel's test

Written by `python -m benchmarks.simulations.distance_correlation`. Places and latents have nothing
to do with each other; a 95 % interval should leave 0 out, and a test at 5 % should reject, in 5 %
of the trials. Fisher's interval takes all pairs of cells for independent and errs the more, the
more cells there are. Where latents vary smoothly along the tissue ("smooth"), far cells do differ
more, and every method finds that: a small p-value then says that the latents are smooth.
"""


def unrelated(n_cells, rng, *, smooth):
    places = rng.uniform(size=(n_cells, 2))
    if not smooth:
        return places, rng.normal(size=(n_cells, 3))
    waves = [np.cos(places @ rng.normal(0, 4, 2) + rng.uniform(0, 6)) for _ in range(3)]
    return places, np.stack(waves, axis=1)


def main():
    rows = []
    for smooth in (False, True):
        for n_cells in (25, 50, 100, 200):
            errs = []
            for trial in range(N_TRIALS):
                places, latent = unrelated(n_cells, np.random.default_rng(trial), smooth=smooth)
                found = distance_pearson(places, latent, n_permutations=99, seed=trial)
                errs.append(
                    [
                        not low <= 0.0 <= high
                        for low, high in (found.fisher_interval, found.interval)
                    ]
                    + [found.p_value <= 0.05]
                )
            fisher, jackknife, mantel = 100 * np.mean(errs, axis=0)
            rows.append(
                {
                    "latents": "smooth" if smooth else "random",
                    "cells": n_cells,
                    "Fisher's interval leaves out 0": f"{fisher:.0f} %",
                    "jackknife interval leaves out 0": f"{jackknife:.0f} %",
                    "Mantel's test rejects at 5 %": f"{mantel:.0f} %",
                }
            )
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    lines = [" | ".join(row) for row in table.astype(str).to_numpy()]
    head = f"{' | '.join(table.columns)}\n{' | '.join(['---'] * table.shape[1])}"
    PAGE.write_text(f"{INTRODUCTION}\n{head}\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
