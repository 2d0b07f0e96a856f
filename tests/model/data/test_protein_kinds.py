"""Background and foreground that proteins start from: planted ones, and proteins without two."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from dpvae.model.data.protein_kinds import protein_kinds


def test_two_planted_kinds_are_found():
    rng = np.random.default_rng(0)
    background, rise, share = np.array([60.0, 150.0]), np.array([9.0, 4.0]), np.array([0.3, 0.7])
    is_background = rng.random((3_000, 2)) < share
    mean = background * np.where(is_background, 1, 1 + rise) * rng.lognormal(0, 0.2, (3_000, 2))
    counts = rng.poisson(mean)
    found = protein_kinds(csr_matrix(counts.astype(np.float32)))
    np.testing.assert_allclose(found.log_background, np.log(background), atol=0.1)
    np.testing.assert_allclose(found.rise, rise, rtol=0.1)
    np.testing.assert_allclose(found.share, share, atol=0.05)
    expected = np.sqrt(0.2**2 + 1 / background)  # and the noise of counting
    np.testing.assert_allclose(found.deviation, expected, rtol=0.15)
    again = protein_kinds(counts)
    for part, other in zip(vars(found).values(), vars(again).values(), strict=True):
        torch.testing.assert_close(part, other)


def test_proteins_of_one_value_have_finite_kinds():
    found = protein_kinds(np.array([[0.0, 7.0]] * 10))
    np.testing.assert_allclose(found.log_background, np.log([0.1, 7.0]), rtol=1e-5)
    for part in vars(found).values():
        assert torch.isfinite(part).all()
    assert ((found.share > 0) & (found.share < 1)).all()
    assert (found.rise > 0).all()
