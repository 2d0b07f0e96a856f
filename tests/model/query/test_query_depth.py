from dataclasses import replace

import anndata
import numpy as np
import pytest
import scanpy as sc
from tests.conftest import QUICK, QUIET, log_normalized, of_the_package

from dpvae.model import DPVAE

DEPTH = "another depth than the reference: a cell has"


def normalized(counts, target_sum, log=True):
    query = counts[180:].copy()
    query.obsm.clear()
    sc.pp.normalize_total(query, target_sum=target_sum)
    if log:
        sc.pp.log1p(query)
    return query


@pytest.fixture
def model(trained):
    return DPVAE.load(trained)


@pytest.fixture
def expected(model, expression):
    query = expression[180:].copy()
    return model.get_latent_representation(query), model.predict_coordinates(query)


@pytest.mark.trains
@pytest.mark.parametrize("target_sum", [100.0, 1e4])
def test_places_do_not_depend_on_the_depth_of_the_query(model, counts, expected, target_sum):
    query = normalized(counts, target_sum)
    before = query.X.copy()
    with pytest.warns(UserWarning, match=f"{DEPTH} {target_sum:.0f} in all.*reference 528.5"):
        latent = model.get_latent_representation(query)
    with pytest.warns(UserWarning, match=DEPTH) as said:
        places = model.predict_coordinates(query)
    assert [warning.filename for warning in of_the_package(said)] == [__file__]
    np.testing.assert_allclose(latent, expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(places, expected[1], rtol=1e-5)
    assert (before != query.X).nnz == 0


@pytest.mark.trains
def test_so_it_is_on_disk(model, counts, expected, backed, monkeypatch):
    monkeypatch.setattr("dpvae.model.query.chunks.CELLS_AT_A_TIME", 16)
    monkeypatch.setattr("dpvae.model.atlas.gene_regression.MOST_CELLS_AT_A_TIME", 16)
    with pytest.warns(UserWarning, match=DEPTH) as said:
        places = model.predict_coordinates(backed(normalized(counts, 1e4)), batch_size=8)
    assert (
        len({(str(w.message), w.lineno) for w in of_the_package(said)}) == 1
    )  # which Python shows once
    np.testing.assert_allclose(places, expected[1], rtol=1e-5)


@pytest.mark.trains
def test_places_of_unnormalized_logarithms(model, counts, expected):
    query = counts[180:].copy()
    sc.pp.log1p(query)
    with pytest.warns(UserWarning, match="logarithms of raw counts, not normalised"):
        places = model.predict_coordinates(query)
    np.testing.assert_allclose(places, expected[1], rtol=1e-5)


@pytest.mark.trains
def test_a_query_without_logarithm_is_refused(model, counts):
    query = normalized(counts, None, log=False)
    with pytest.raises(ValueError, match=r"largest value of the query is .* 4.979: .*sc.pp.log1p"):
        model.predict_coordinates(query)


@pytest.mark.trains
def test_a_model_that_was_saved_without_depth_takes_queries_as_they_are(model, counts, expected):
    model.atlas_ = replace(model.atlas_, depth=None)
    places = model.predict_coordinates(normalized(counts, 600.0))
    assert not np.allclose(places, expected[1], rtol=1e-3)


@pytest.mark.trains
def test_probabilities_are_those_of_equal_depth(model, counts):
    equal = model.predict_posterior(normalized(counts, model.atlas_.depth.typical))
    with pytest.warns(UserWarning, match=DEPTH):
        found = model.predict_posterior(normalized(counts, 1e4))
    np.testing.assert_allclose(
        found.probabilities.toarray(), equal.probabilities.toarray(), atol=1e-4
    )


@pytest.mark.trains
def test_sections_that_are_standardized_by_themselves(counts):
    reference = log_normalized(counts[:180])
    DPVAE.setup_anndata(reference)
    model = DPVAE(reference, **QUICK, standardize="section")
    model.train(max_epochs=2, **QUIET)
    expected = model.predict_coordinates(normalized(counts, model.atlas_.depth.typical))
    with pytest.warns(UserWarning, match=DEPTH):
        found = model.predict_coordinates(normalized(counts, 1e4))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.trains
def test_fine_tuning_on_a_query_of_another_depth_is_warned_of(model, counts):
    query = normalized(counts, 1e4)
    query.obsm["spatial"] = np.full((query.n_obs, 2), np.nan)
    query.obsm["spatial"][:20] = counts[180:200].obsm["spatial"]
    tuned = DPVAE.load_query_data(query, model)
    with pytest.warns(UserWarning, match=f"{DEPTH} 10000.*learned from as they are"):
        tuned.train(max_epochs=1, **QUIET)
    assert tuned.atlas_.depth.typical == pytest.approx(1e4)


def test_a_reference_without_logarithm_is_warned_of(counts):
    reference = anndata.AnnData(counts.X.copy(), obsm={"spatial": counts.obsm["spatial"]})
    sc.pp.normalize_total(reference)
    with pytest.warns(UserWarning, match=r"too large for logarithms .*sc.pp.log1p\(adata\)"):
        DPVAE.setup_anndata(reference)
    sc.pp.log1p(reference)
    DPVAE.setup_anndata(reference)
