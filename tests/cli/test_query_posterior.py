"""Where else each cell of a query could be, in its file."""

import numpy as np
import pytest

import dpvae
from dpvae.cli.jobs import place_query, prepared_query
from dpvae.model import load

KEY = "spatial_posterior"


@pytest.mark.trains
def test_the_file_holds_what_the_model_says_and_gaps_for_cells_without_genes(
    trained_kind, expression
):
    model = load(trained_kind("surfaces"))
    query = expression[180:].copy()
    seen = np.ones((60, 1))
    seen[[4, 7]] = 0
    query.X = query.X.multiply(seen).tocsr()
    with pytest.warns(UserWarning, match="Each of 2 cells of 60"):
        placed = place_query(
            trained_kind("surfaces"),
            query.copy(),
            section=None,
            add_missing_genes=False,
            posterior=True,
        )
    with pytest.warns(UserWarning, match="Each of 2 cells of 60"):
        cells, kept = prepared_query(model, query)
    dpvae.tl.posterior(cells, model.predict_posterior(cells))
    for name in ("", "_mode", "_second_mode"):
        np.testing.assert_allclose(placed.obsm[KEY + name][kept], cells.obsm[KEY + name])
        assert np.isnan(placed.obsm[KEY + name][~kept]).all()
    for name in ("_entropy", "_radius_90", "_region_90"):
        np.testing.assert_allclose(placed.obs[KEY + name][kept], cells.obs[KEY + name])
        assert placed.obs[KEY + name][~kept].isna().all()
    assert placed.uns[KEY + "_params"]["level"] == 0.9
    (warning,) = placed.uns["spatial_dpvae_params"]["warnings"]
    assert "Each of 2 cells of 60" in warning


@pytest.mark.trains
def test_warnings_of_an_earlier_run_do_not_stay(trained_kind, expression):
    query = expression[180:].copy()
    query.uns["spatial_dpvae_params"] = {"warnings": np.array(["The query is unlike."], object)}
    options = {"section": None, "add_missing_genes": False, "posterior": False}
    placed = place_query(trained_kind("surfaces"), query, **options)
    assert "warnings" not in placed.uns.get("spatial_dpvae_params", {})


@pytest.mark.trains
def test_sections_get_probabilities_of_their_own(sections):
    model_class = dpvae.model.Surfaces
    model_class.setup_anndata(sections, sample_key="section")
    model = model_class(sections)
    model.train()
    query = sections.copy()
    del query.obsm["spatial"]
    names = query.obs["section"].astype(str)
    from dpvae.cli.query_posterior import add_posterior

    add_posterior(model, query, query.copy(), np.ones(query.n_obs, dtype=bool), None)
    for name in names.unique():
        mine = (names == name).to_numpy()
        found = model.predict_posterior(query[mine].copy(), section=name)
        np.testing.assert_allclose(query.obsm[KEY][mine], found.mean())
