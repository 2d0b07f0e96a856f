"""Anchored placement against simpler methods: python -m benchmarks.anchored FOLDER [CACHE]."""

import logging
import sys
import tempfile
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
import scvi
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import dpvae
from benchmarks.speed.timing import curved_latents
from dpvae.geometry import align, place_anchored, place_free

SECTIONS = (
    "visium_v1_adult_mouse_brain",
    "dlpfc_151507",
    "dlpfc_151669",
    "st_mouse_brain_hippo1",
    "seqfish_mouse_embryo_subset",
    "starmap_mouse_visual_cortex_1020",
    "merfish_mouse_poa_6509",
    "osmfish_ss_cortex",
)
ANCHORS = (3, 5, 10, 50, 500, 0.5)
N_DRAWS = 5
PENALTIES = np.logspace(-3, 4, 15)
PAGE = Path("docs/benchmarks/anchored.md")
INTRODUCTION = """# Anchored placement

Written by `python -m benchmarks.anchored FOLDER`. A model was trained on a random half of each
section; of the other half a few cells, the anchors, have a place, and all others are placed. Root
mean square error of these, in radii of the tissue (1 is about as good as putting every cell into
the middle), mean over five draws of the anchors. "ours / best" compares with the best of the four
others, chosen with hindsight for each row. With three anchors the draws decide much: five triples
of anchors are a small sample for all methods.
"""


def held_out_latents(folder, name, cache):
    file = cache / f"{name}.npz"
    if file.exists():
        stored = np.load(file)
        return stored["zq"].astype(float), stored["sq"].astype(float)
    adata = ad.read_h5ad(folder / f"{name}.h5ad")
    if "valid" in adata.obs:
        adata = adata[adata.obs["valid"] == 1].copy()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    order = np.random.RandomState(1).permutation(adata.n_obs)
    reference, query = (adata[half].copy() for half in np.array_split(order, 2))
    scvi.settings.seed = 0
    dpvae.model.DPVAE.setup_anndata(reference)
    model = dpvae.model.DPVAE(reference)
    model.train(enable_progress_bar=False)
    latent, places = model.get_latent_representation(query), query.obsm["spatial"]
    np.savez(file, zq=latent, sq=places)
    return latent.astype(float), places.astype(float)


def errors(latent, places, is_anchor):
    def rmse(found):
        return np.sqrt(((found - places)[~is_anchor] ** 2).sum(axis=1).mean())

    known = np.where(is_anchor[:, None], places, np.nan)
    free = place_free(latent).coordinates
    found = {"moved MDS": rmse(align(free[is_anchor], places[is_anchor]).apply(free))}
    quadratic = (StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler())
    for name, model in (
        ("ridge", make_pipeline(StandardScaler(), RidgeCV(PENALTIES))),
        ("quadratic ridge", make_pipeline(*quadratic, RidgeCV(PENALTIES))),
        ("kNN", KNeighborsRegressor(min(10, int(is_anchor.sum())))),
    ):
        found[name] = rmse(model.fit(latent[is_anchor], places[is_anchor]).predict(latent))
    ours = place_anchored(latent, known, is_anchor)
    found["stress"] = rmse(place_anchored(latent, known, is_anchor, method="stress").coordinates)
    found["ours"] = rmse(ours.coordinates)
    actual = np.linalg.norm(ours.coordinates - places, axis=1)[~is_anchor].mean()
    found["expected / actual error"] = ours.expected_error[~is_anchor].mean() / actual
    return found


def main():
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    cache = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    data = {"curved sheet, 5,000 cells": curved_latents(5_000)}
    for name in SECTIONS:
        data[name] = held_out_latents(Path(sys.argv[1]), name, cache)
    rows = []
    for name, (latent, places) in data.items():
        places = places - places.mean(axis=0)
        places = places / np.sqrt((places**2).sum(axis=1).mean())
        for wanted in ANCHORS:
            n_anchors = int(wanted * len(places)) if wanted < 1 else wanted
            if n_anchors > 0.8 * len(places):
                continue
            draws = []
            for seed in range(N_DRAWS):
                order = np.random.default_rng(100 + seed).permutation(len(places))
                is_anchor = np.isin(np.arange(len(places)), order[:n_anchors])
                draws.append(errors(latent, places, is_anchor))
            mean = pd.DataFrame(draws).mean()
            others = mean[["moved MDS", "ridge", "quadratic ridge", "kNN"]]
            row = {"section": name, "anchors": "50 %" if wanted < 1 else f"{wanted}"}
            row |= {key: f"{value:.3f}" for key, value in mean.items()}
            row["ours / best"] = f"{mean['ours'] / others.min():.3f}"
            rows.append(row)
            print(row, flush=True)
    table = pd.DataFrame(rows)
    ratio = table["ours / best"].astype(float)
    summary = ratio.groupby(table["anchors"], sort=False)
    lines = [
        f"{n} anchors: ours / best is {r.mean():.3f} on average, {r.max():.3f} at worst, above "
        f"1.02 in {(r > 1.02).sum()} of {len(r)}."
        for n, r in summary
    ]
    head = f"{' | '.join(table.columns)}\n{' | '.join(['---'] * table.shape[1])}"
    body = "\n".join(" | ".join(row) for row in table.astype(str).to_numpy())
    text = "\n".join([INTRODUCTION, *[f"- {line}" for line in lines], "", head, body, ""])
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
