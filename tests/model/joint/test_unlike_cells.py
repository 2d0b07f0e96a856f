import numpy as np
import pytest

from dpvae.model.joint.unlike_cells import unlike_cells, warn_if_unlike


def latents(n, shift=0.0, seed=0):
    return np.random.default_rng(seed).normal(shift, size=(n, 5)).astype(np.float32)


def test_few_cells_of_the_same_kinds_are_unlike_and_all_of_another():
    assert unlike_cells(latents(400), latents(400, seed=1)).mean() < 0.12
    assert unlike_cells(latents(50, shift=20.0), latents(400, seed=1)).all()


def test_a_missing_type_is_warned_of_with_its_share():
    missing = np.concatenate([latents(250), latents(250, shift=20.0)])
    with pytest.warns(UserWarning, match=r"5\d% of the cells of the tissue are farther"):
        warn_if_unlike("of the tissue", "dissociated cells", missing, latents(400, seed=1))
    warn_if_unlike("of the tissue", "dissociated cells", latents(300), latents(400, seed=1))
