"""The kind of expression values that a model takes, and its checks."""

import warnings

import numpy as np
import pytest
import scanpy as sc

import dpvae
from dpvae.model import DPVAE, DPVGAE


@pytest.mark.filterwarnings("ignore:adata.X seems to be already log-transformed")
def test_a_logarithm_that_was_taken_twice_is_warned_of_with_a_remedy_that_works(expression):
    adata = expression[:, ::2].copy()
    sc.pp.log1p(adata)
    with pytest.warns(UserWarning, match="adata.X holds logarithms of logarithms") as found:
        DPVAE.setup_anndata(adata)
    assert [warning.filename for warning in found if "twice" in str(warning.message)] == [__file__]
    remedy = "adata.X = np.expm1(adata.X)"
    assert remedy in str(found[-1].message)
    exec(remedy, {"np": np, "adata": adata})
    with warnings.catch_warnings(action="error"):
        DPVAE.setup_anndata(adata)


def test_a_joint_reference_that_is_not_logged_is_warned_of(expression):
    cells, tissue = expression[::2].copy(), expression[1::2].copy()
    tissue.X = np.expm1(tissue.X)
    joint = dpvae.tl.join(cells, tissue)
    with pytest.warns(UserWarning, match="too large for logarithms and not integers"):
        DPVGAE.setup_anndata(joint)
