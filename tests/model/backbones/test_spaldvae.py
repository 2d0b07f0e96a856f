"""SPALDVAE: which genes follow which latent variable, and which of them the tissue."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from tests.conftest import QUIET, seed_everything
from tests.model.backbones.test_spavae import planted

from dpvae.model import SPALDVAE

QUICK = {"n_hidden": 32, "n_latent": 4, "n_cosines": 64}


@pytest.fixture(scope="module")
def model(trains):  # noqa: ARG001
    seed_everything()
    cells = planted()
    SPALDVAE.setup_anndata(cells)
    model = SPALDVAE(cells, **QUICK)
    model.train(max_epochs=150, batch_size=64, **QUIET)
    return model


@pytest.fixture(scope="module")
def scores(model):
    return model.spatial_scores(n_permutations=39)


def test_loadings_say_how_genes_rise_with_latents(model):
    loadings = model.get_loadings()
    assert list(loadings.columns) == ["z_1", "z_2", "z_3", "z_4"]
    pd.testing.assert_index_equal(loadings.index, model.adata.var_names, check_names=False)
    np.testing.assert_allclose(loadings.mean(), 0.0, atol=1e-6)
    x = model.adata.obsm["spatial"][:, 0]
    latent = model.get_latent_representation(given="place")
    rise = (latent @ loadings.to_numpy().T)[:, :2]
    assert pearsonr(rise[:, 0], x)[0] > 0.9
    assert pearsonr(rise[:, 1], x)[0] < -0.9
    spatial = np.abs(rise).std(axis=0)
    assert spatial.min() > 3 * (latent @ loadings.to_numpy().T)[:, 2:].std(axis=0).mean()


def test_planted_genes_follow_the_tissue(scores):
    assert list(scores.columns) == ["score", "score_permuted", "pval"]
    assert (scores["pval"] >= 1 / 40).all()
    assert (scores["pval"] <= 1).all()
    planted_ones = scores.iloc[:2]
    assert (planted_ones["score"] > 0.7).all()
    assert (planted_ones["score"] > planted_ones["score_permuted"] + 0.1).all()
    np.testing.assert_allclose(planted_ones["pval"], 1 / 40)


def test_scores_are_shares_of_the_modelled_variation(model, scores):
    loadings = model.get_loadings().to_numpy(dtype=float)
    place, both = (
        model.get_latent_representation(given=given).astype(float) @ loadings.T
        for given in ("place", "both")
    )
    expected = place.var(axis=0) / both.var(axis=0)
    np.testing.assert_allclose(scores["score"], expected, rtol=1e-3)


def test_permutations_are_seeded_and_leave_the_model_alone(model):
    before = model.get_latent_representation()
    first, again, other = (model.spatial_scores(n_permutations=3, seed=s) for s in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["score_permuted"].equals(other["score_permuted"])
    assert first["score"].equals(other["score"])
    np.testing.assert_array_equal(model.get_latent_representation(), before)


@pytest.mark.parametrize("n_permutations", [0, -1, 1.5, "9", None])
def test_numbers_of_permutations_that_are_not_whole_are_refused(model, n_permutations):
    with pytest.raises(ValueError, match=r"n_permutations is .*: give a positive whole number"):
        model.spatial_scores(n_permutations=n_permutations)


def test_an_untrained_model_has_no_scores():
    cells = planted(60)
    SPALDVAE.setup_anndata(cells)
    with pytest.raises(RuntimeError, match="The model is not trained"):
        SPALDVAE(cells, **QUICK).spatial_scores()


@pytest.mark.trains
def test_on_permuted_places_p_values_are_not_too_small():
    cells = planted(200)
    rng = np.random.default_rng(0)
    cells.obsm["spatial"] = cells.obsm["spatial"][rng.permutation(200)]
    seed_everything()
    SPALDVAE.setup_anndata(cells)
    model = SPALDVAE(cells, **QUICK)
    model.train(max_epochs=10, batch_size=64, **QUIET)
    found = model.spatial_scores(n_permutations=19)
    assert (found["pval"] <= 0.1).mean() < 0.5


def test_background_and_foreground_of_proteins_are_refused():
    with pytest.raises(ValueError, match="is not linear: take SPAVAE for proteins"):
        SPALDVAE(planted(60), gene_likelihood="nb_mixture")
