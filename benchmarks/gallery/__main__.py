"""The gallery, from real sections: python -m benchmarks.gallery FOLDER [OUT [KINDS]]."""

import logging
import sys
import warnings
from pathlib import Path

import anndata as ad
import matplotlib as mpl
import numpy as np
import pandas as pd
import scanpy as sc
import scvi

import dpvae
from benchmarks.gallery.labels import labels
from benchmarks.gallery.never_imaged import never_imaged
from benchmarks.gallery.pictures import in_micrometers, save_picture
from benchmarks.gallery.tissue import tissue
from benchmarks.gallery.variable_genes import variable_genes
from benchmarks.section_names import short

BRAIN = "visium_v1_adult_mouse_brain"
CORTEX = "merfish_mouse_motor_cortex_gaston"
CORONAL = "st_mouse_brain_hippo2"
SECTIONS = "starmap_mpfc_3sections"
WEIGHTS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
STEPS = 300
SPACING = {BRAIN: 100.0, CORONAL: 200.0}  # µm from spot to spot, of the array


def section(folder, name):
    adata = ad.read_h5ad(folder / f"{name}.h5ad")
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    if name in SPACING:
        adata.obsm["spatial"] = in_micrometers(adata.obsm["spatial"], SPACING[name])
    return adata


def split(adata, seed=0):
    order = np.random.RandomState(seed).permutation(adata.n_obs)
    n_train = int(0.8 * adata.n_obs)
    return adata[order[:n_train]].copy(), adata[order[n_train:]].copy()


def trained(reference, *, seed=0, steps=None, **options):
    scvi.settings.seed = seed
    dpvae.model.DPVAE.setup_anndata(reference)
    model = dpvae.model.DPVAE(reference, **options)
    epochs = None if steps is None else max(steps * 128 // reference.n_obs, 1)
    model.train(max_epochs=epochs, enable_progress_bar=False)
    return model


def brain(folder, save):
    reference, query = split(section(folder, BRAIN))
    models = {"DPVAE": trained(reference), "plain VAE": trained(reference, dp_weight=0.0)}
    model = models["DPVAE"]
    query.obsm["X_dpvae"] = model.get_latent_representation(query)
    query.obsm["spatial_dpvae"] = model.predict_coordinates(query)
    save("reconstruction", dpvae.pl.reconstruction(query, unit="µm"))
    save("residuals", dpvae.pl.residuals(query, unit="µm"))
    save("cell_error", dpvae.pl.cell_error(query, unit="µm"))
    save("shepard", dpvae.pl.shepard(query, distance_scale=model.distance_scale, unit="µm"))
    found = model.predict_posterior(query)
    save("posterior", dpvae.pl.posterior(found, true=query.obsm["spatial"], unit="µm"))
    save("training_history", dpvae.pl.training_history(model))

    sc.pp.pca(query, n_comps=10)
    query.obsm["X_vae"] = models["plain VAE"].get_latent_representation(query)
    latents = {"DPVAE": "X_dpvae", "plain VAE": "X_vae", "PCA": "X_pca"}
    tables = {
        name: dpvae.tl.distance_preservation(query, use_rep=key, copy=True)
        for name, key in latents.items()
    }
    save("distance_correlation", dpvae.pl.distance_correlation(tables))
    tables = {
        name: dpvae.tl.autocorrelation(query, use_rep=key, copy=True)
        for name, key in latents.items()
    }
    tables["genes"] = dpvae.tl.autocorrelation(query, copy=True)
    save("autocorrelation", dpvae.pl.autocorrelation(tables))

    query.obsm["X_dpvae_metric"] = model.decoder_metric(query)
    save("isometry", dpvae.pl.isometry(query))

    scale = model.distance_scale
    dpvae.tl.reconstruct(query, distance_scale=scale, key_added="spatial_free")
    chosen = np.random.default_rng(3).permutation(query.n_obs)[:5]
    is_anchor = np.isin(np.arange(query.n_obs), chosen)
    query.obsm["spatial_known"] = np.where(is_anchor[:, None], query.obsm["spatial"], np.nan)
    dpvae.tl.impute(
        query, spatial_key="spatial_known", distance_scale=scale, key_added="spatial_anchored"
    )
    panels = dpvae.pl.anchors(
        query, is_anchor, free_key="spatial_free", anchored_key="spatial_anchored", unit="µm"
    )
    save("anchors", panels)


def transfer(folder, save):
    adata = section(folder, SECTIONS)
    names = [str(name) for name in adata.obs["section"].unique()]
    scores = pd.DataFrame(np.nan, names, names)
    for name in names:
        reference, held_out = split(adata[adata.obs["section"].astype(str) == name].copy())
        model = trained(reference, steps=STEPS)
        for other in names:
            query = held_out if other == name else adata[adata.obs["section"].astype(str) == other]
            found = model.predict_coordinates(query.copy())
            scores.loc[name, other] = dpvae.metrics.procrustes_disparity(
                query.obsm["spatial"], found
            )
    scores = scores.rename(index=short_part, columns=short_part)
    save("transfer_matrix", dpvae.pl.transfer_matrix(scores))


def short_part(name):
    return short(f"{SECTIONS}:{name}")


def path(folder, save):
    reference, query = split(section(folder, CORTEX))
    rows = []
    for seed in range(2):
        for weight in WEIGHTS:
            model = trained(reference, seed=seed, steps=STEPS, dp_weight=weight)
            found = model.predict_coordinates(query)
            rows.append(
                {
                    "dp_weight": weight,
                    "procrustes_disparity": dpvae.metrics.procrustes_disparity(
                        query.obsm["spatial"], found
                    ),
                }
            )
    save("regularization_path", dpvae.pl.regularization_path(pd.DataFrame(rows)))


def symmetry(folder, save):
    adata = section(folder, CORONAL)
    dpvae.tl.mirror_symmetry(adata)
    save("mirror_symmetry", dpvae.pl.mirror_symmetry(adata, unit="µm"))


PICTURES = {
    "brain": brain,
    "transfer": transfer,
    "path": path,
    "symmetry": symmetry,
    "tissue": tissue,
    "labels": labels,
    "never_imaged": never_imaged,
    "variable_genes": variable_genes,
}


def main():
    folder = Path(sys.argv[1])
    out = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/_static/gallery")
    out.mkdir(parents=True, exist_ok=True)
    mpl.use("Agg")
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    def save(name, axes):
        figure = np.ravel(axes)[0].figure
        save_picture(figure, out / f"{name}.png")
        print(name, flush=True)

    chosen = sys.argv[3:] or list(PICTURES)
    for kind in chosen:
        PICTURES[kind](folder, save)


if __name__ == "__main__":
    main()
