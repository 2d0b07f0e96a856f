"""Hidden genes by the joint model of this package."""

import logging

import numpy as np
import scvi
from scipy.sparse import csr_matrix

import dpvae
from benchmarks.imputation.imputed import Imputed


def joint_model(problem, *, plan=None, **options):
    """DPVGAE of shown and hidden genes: counts, or of a stain logarithms and intensities."""
    cells = _plain(problem, problem.cells[:, problem.shown + problem.hidden])
    joint = dpvae.tl.join(cells, _plain(problem, problem.tissue))
    logging.getLogger("scvi").setLevel(logging.ERROR)
    scvi.settings.seed = problem.seed
    dpvae.model.DPVGAE.setup_anndata(joint)
    model = dpvae.model.DPVGAE(joint, **options)
    model.train(plan_kwargs=plan, enable_progress_bar=False)
    found = model.get_imputed_expression(problem.hidden)
    center, scale = (found.var[name].to_numpy() for name in ("mean", "deviation"))
    lower, upper = ((found.layers[name] - center) / scale for name in ("lower", "upper"))
    expected = found.var["expected_correlation"].to_numpy()
    return Imputed(np.asarray(found.X), lower, upper, expected)


def _plain(problem, adata):
    """Counts in the place where the model reads."""
    adata = adata.copy()
    if not problem.is_stained:
        adata.X = csr_matrix(adata.layers["counts"])
    del adata.layers["counts"]
    return adata
