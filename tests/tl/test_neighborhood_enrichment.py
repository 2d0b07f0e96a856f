from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix, eye
from scipy.spatial import cKDTree

from dpvae import tl
from dpvae.geometry import Posterior
from dpvae.metrics.join_counts import join_counts

KEY = "side_nhood_enrichment"


@pytest.fixture
def cells(expression):
    across = expression.obsm["spatial"][:, 0]
    expression.obs["side"] = np.where(across < np.median(across), "left", "right")
    return expression


def posterior(cells, width):
    """Probabilities that fall off around each true place."""
    places = cells.obsm["spatial"]
    distance = cKDTree(places).sparse_distance_matrix(cKDTree(places), 4 * width + 1.0).toarray()
    weight = np.exp(-0.5 * (distance / max(width, 1e-9)) ** 2) * (
        (distance > 0) | np.eye(240, dtype=bool)
    )
    weight /= weight.sum(axis=1, keepdims=True)
    return Posterior(places, csr_matrix(weight), np.arange(240), np.ones(240))


def certain(cells):
    return Posterior(cells.obsm["spatial"], eye(240, format="csr"), np.arange(240), np.ones(240))


def test_known_places_give_one_score_without_an_interval(cells, tmp_path):
    tl.neighborhood_enrichment(cells, certain(cells), cluster_key="side", n_neighbors=4, n_draws=3)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    found = anndata.read_h5ad(tmp_path / "cells.h5ad").uns[KEY]
    near = cKDTree(cells.obsm["spatial"]).query(cells.obsm["spatial"], k=5)[1][:, 1:]
    rows = np.repeat(np.arange(240), 4)
    graph = csr_matrix((np.ones(960), (rows, near.ravel())), shape=(240, 240))
    expected = join_counts(graph, (cells.obs["side"] == "right").to_numpy().astype(int), 2)
    np.testing.assert_allclose(found["count"], expected.count)
    for name in ("zscore", "zscore_low", "zscore_high"):
        np.testing.assert_allclose(found[name], expected.z_score)
    assert list(found["clusters"]) == ["left", "right"]
    assert cells.obs["side"].dtype == "category"


def test_the_less_sure_the_places_the_nearer_to_zero_and_the_wider(cells):
    found = []
    for width in (5.0, 150.0):
        tl.neighborhood_enrichment(cells, posterior(cells, width), cluster_key="side", n_draws=20)
        found.append(cells.uns[KEY])
    sure, unsure = found
    assert 0 < unsure["zscore"][0, 0] < sure["zscore"][0, 0]
    assert unsure["zscore_low"][0, 0] < unsure["zscore"][0, 0] < unsure["zscore_high"][0, 0]
    widths = [one["zscore_high"][0, 0] - one["zscore_low"][0, 0] for one in found]
    assert widths[0] < widths[1]


def test_places_that_say_nothing_give_scores_around_zero(cells):
    flat = Posterior(
        cells.obsm["spatial"],
        csr_matrix(np.full((240, 240), 1 / 240)),
        np.arange(240),
        np.ones(240),
    )
    tl.neighborhood_enrichment(cells, flat, cluster_key="side", n_draws=40)
    found = cells.uns[KEY]
    assert (np.abs(found["zscore"]) < 0.6).all()
    assert ((found["zscore_low"] < 0) & (found["zscore_high"] > 0)).all()


def test_the_seed_decides(cells):
    scores = []
    for seed in (0, 0, 1):
        tl.neighborhood_enrichment(
            cells, posterior(cells, 100.0), cluster_key="side", n_draws=5, seed=seed
        )
        scores.append(cells.uns[KEY]["zscore"])
    np.testing.assert_array_equal(scores[0], scores[1])
    assert (scores[0] != scores[2]).any()


def test_bad_input_is_refused(cells):
    found, enrich = certain(cells), tl.neighborhood_enrichment
    cells.obs["one"] = "x"
    cells.obs["gaps"] = cells.obs["side"].where(np.arange(240) > 0)
    with pytest.raises(KeyError, match="nothing"):
        enrich(cells, found, cluster_key="nothing")
    with pytest.raises(ValueError, match="one cluster, 'x'"):
        enrich(cells, found, cluster_key="one")
    with pytest.raises(ValueError, match="missing for 1 of 240"):
        enrich(cells, found, cluster_key="gaps")
    with pytest.raises(ValueError, match="level is 90"):
        enrich(cells, found, cluster_key="side", level=90)
    with pytest.raises(ValueError, match="n_draws is 0"):
        enrich(cells, found, cluster_key="side", n_draws=0)
    with pytest.raises(ValueError, match="seed is -1"):
        enrich(cells, found, cluster_key="side", seed=-1)
    cells.uns[KEY] = {"zscore": np.zeros((2, 2))}
    with pytest.raises(ValueError, match="exists"):
        enrich(cells, found, cluster_key="side")


def test_clusters_of_numbers_can_be_written(cells, tmp_path):
    cells.obs["side"] = pd.Categorical(np.where(cells.obs["side"] == "left", 10, 2))
    tl.neighborhood_enrichment(cells, posterior(cells, 0.0), cluster_key="side", n_draws=2)
    assert cells.uns[KEY]["clusters"].tolist() == ["2", "10"]
    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert anndata.read_h5ad(tmp_path / "cells.h5ad").uns[KEY]["clusters"].tolist() == ["2", "10"]


def test_errors_of_guessed_positions_widen_the_interval(cells):
    guessed = replace(certain(cells), position_errors=np.full(240, 150.0))
    found = []
    for posterior_of in (certain(cells), guessed):
        tl.neighborhood_enrichment(cells, posterior_of, cluster_key="side", n_draws=20)
        found.append(cells.uns[KEY])
    measured, unsure = found
    np.testing.assert_array_equal(measured["zscore_low"], measured["zscore_high"])
    assert (unsure["zscore_low"] < unsure["zscore_high"]).all()
    assert 0 < unsure["zscore"][0, 0] < measured["zscore"][0, 0]
