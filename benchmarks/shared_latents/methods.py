"""Latents of two technologies."""

from functools import partial

import numpy as np
import scanpy as sc
import scvi
from sklearn.decomposition import PCA

import dpvae

N_COMPONENTS = 20


def components(pair, *, seed, by_technology):
    """Principal components of shared genes, scaled in each technology or in both together."""
    shared = pair.tissue.var_names
    depth = np.median(np.asarray(pair.tissue.X.sum(axis=1)))
    sides = []
    for side in (pair.cells[:, shared].copy(), pair.tissue.copy()):
        sc.pp.normalize_total(side, target_sum=depth)
        sc.pp.log1p(side)
        sides.append(np.asarray(side.X.todense()))
    together = np.concatenate(sides)
    if by_technology:
        scaled = [_scaled(side, side) for side in sides]
    else:
        scaled = [_scaled(side, together) for side in sides]
    found = PCA(N_COMPONENTS, random_state=seed).fit(np.concatenate(scaled))
    return tuple(found.transform(side) for side in scaled)


def joint_model(pair, *, seed, plan=None, **options):
    """Latents of DPVGAE, the mean given all that is known of a cell."""
    cells = pair.cells.copy()
    cells.obsm.pop("spatial", None)
    joint = dpvae.tl.join(cells, pair.tissue)
    scvi.settings.seed = seed
    dpvae.model.DPVGAE.setup_anndata(joint)
    model = dpvae.model.DPVGAE(joint, **options)
    model.train(plan_kwargs=plan, enable_progress_bar=False)
    latent = model.get_latent_representation()
    return latent[: cells.n_obs], latent[cells.n_obs :]


METHODS = {
    "components, scaled together": partial(components, by_technology=False),
    "components, scaled by technology": partial(components, by_technology=True),
    "DPVGAE": joint_model,
    "… β = 1": partial(joint_model, kl_weight=1.0),
    "… standardised together": partial(joint_model, standardize="reference"),
    "… without neighbourhoods": partial(joint_model, neighborhood=False),
    "… kernel": partial(joint_model, plan={"alignment": "kernel"}),
    "… discriminator": partial(joint_model, plan={"alignment": "adversarial"}),
    "… cells first, frozen": partial(
        joint_model, order="cells_first", plan={"alignment": "adversarial"}
    ),
}


def _scaled(values, like):
    deviation = like.std(axis=0)
    return (values - like.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
