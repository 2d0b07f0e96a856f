import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix, eye
from scipy.spatial.distance import cdist

from dpvae import tl
from dpvae.geometry import Posterior


@pytest.fixture
def reference(expression):
    expression.obs["kind"] = pd.Categorical(np.array(["a", "L2/3", "c"])[np.arange(240) % 3])
    return expression


@pytest.fixture
def query(expression):
    return expression[:40].copy()


def at_own_places(reference, n_cells=40):
    certain = eye(240, format="csr")[:n_cells]
    return Posterior(reference.obsm["spatial"], certain, np.arange(240), np.ones(n_cells))


def naive(reference, places, k, is_counted):
    near = cdist(places, reference.obsm["spatial"][is_counted]).argsort(axis=1)[:, :k]
    kinds = reference.obs["kind"].astype(str).to_numpy()[is_counted][near]
    return np.stack([(kinds == name).mean(axis=1) for name in ("L2/3", "a", "c")], axis=1)


def test_a_cell_of_known_place_has_the_neighbors_of_that_place(query, reference, tmp_path, caplog):
    found = at_own_places(reference)
    tl.niche_composition(query, found, reference, label_key="kind", n_neighbors=7)
    query.write_h5ad(tmp_path / "cells.h5ad")
    whole = anndata.read_h5ad(tmp_path / "cells.h5ad")
    stored = whole.obsm
    assert list(stored["niche_composition"]) == ["L2_3", "a", "c"]
    assert list(whole.uns["niche_composition_params"]["labels"]) == ["L2/3", "a", "c"]
    assert "'L2/3' is 'L2_3'" in caplog.text
    expected = naive(reference, found.positions[:40], 7, np.ones(240, dtype=bool))
    np.testing.assert_allclose(stored["niche_composition"], expected)
    np.testing.assert_allclose(stored["niche_composition_spread"], 0.0, atol=1e-7)


def test_two_possible_places_give_their_mean_and_spread(query, reference):
    two = csr_matrix(([0.25, 0.75], ([0, 0], [10, 200])), shape=(1, 240))
    found = Posterior(reference.obsm["spatial"], two, np.arange(240), np.ones(1))
    cell = query[:1].copy()
    tl.niche_composition(cell, found, reference, label_key="kind", n_neighbors=5)
    places = reference.obsm["spatial"][[10, 200]]
    one, other = naive(reference, places, 5, np.ones(240, dtype=bool))
    mean = 0.25 * one + 0.75 * other
    np.testing.assert_allclose(cell.obsm["niche_composition"].to_numpy()[0], mean)
    spread = np.sqrt(0.25 * 0.75) * np.abs(one - other)
    np.testing.assert_allclose(
        cell.obsm["niche_composition_spread"].to_numpy()[0], spread, atol=1e-7
    )


def test_cells_without_label_or_place_and_other_sections_are_not_counted(query, reference):
    found = at_own_places(reference)
    reference.obs.loc[reference.obs_names[::5], "kind"] = np.nan
    reference.obs["batch"] = np.where(np.arange(240) % 4 == 1, "other", "mine")
    is_counted = (np.arange(240) % 5 != 0) & (np.arange(240) % 4 != 1)
    tl.niche_composition(
        query, found, reference, label_key="kind", n_neighbors=6, sample_key="batch"
    )
    expected = naive(reference, found.positions[:40], 6, is_counted)
    np.testing.assert_allclose(query.obsm["niche_composition"], expected)


def test_bad_input_is_refused_and_nothing_written(query, reference):
    found, before = at_own_places(reference), set(query.obsm)
    with pytest.raises(KeyError, match=r"no reference\.obs"):
        tl.niche_composition(query, found, reference, label_key="nothing")
    with pytest.raises(ValueError, match="n_neighbors is 0"):
        tl.niche_composition(query, found, reference, label_key="kind", n_neighbors=0)
    with pytest.raises(ValueError, match=r"are not those of reference\.obsm"):
        tl.niche_composition(query, found, reference[:50].copy(), label_key="kind")
    with pytest.raises(ValueError, match="has 39"):
        tl.niche_composition(query[1:].copy(), found, reference, label_key="kind")
    with pytest.raises(TypeError, match="reference is a str"):
        tl.niche_composition(query, found, "reference.h5ad", label_key="kind")
    with pytest.raises(ValueError, match="would be overwritten"):
        tl.niche_composition(query, found, reference, label_key="kind", key_added="spatial")
    reference.obs["nobody"] = pd.Series([None] * 240, index=reference.obs_names, dtype=object)
    with pytest.raises(ValueError, match="No cell of the posterior's section"):
        tl.niche_composition(query, found, reference, label_key="nobody")
    assert set(query.obsm) == before


@pytest.mark.parametrize(
    "change",
    [lambda x: 1000.0 * x, lambda x: x + 1e4, lambda x: x[::-1]],
    ids=["other unit", "moved", "other order"],
)
def test_a_reference_whose_places_changed_is_refused(query, reference, change):
    found = at_own_places(reference)
    reference.obsm["spatial"] = change(reference.obsm["spatial"])
    with pytest.raises(ValueError, match=r"positions are not those of reference\.obsm"):
        tl.niche_composition(query, found, reference, label_key="kind")
    assert "niche_composition" not in query.obsm
