import numpy as np
import pytest
import scvi

from dpvae.model import DPSCVI, DPVAE
from dpvae.model.query import chunks as query_chunks
from dpvae.model.query.chunks import query_chunk

SMALL = {"n_hidden": 16, "n_layers": 1}
QUIET = {"enable_progress_bar": False}
MODELS = pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])


@pytest.fixture
def queries(expression, counts):
    """Cells without coordinates, their genes in another order and among others."""

    def make(model_class, n_extra=3):
        adata = (expression if model_class is DPVAE else counts)[180:].copy()
        genes = np.random.default_rng(0).permutation(adata.n_vars)
        more = adata[:, genes[:n_extra]].copy()
        more.var_names = [f"other {k}" for k in range(n_extra)]
        query = adata[:, genes].copy()
        query = query if not n_extra else _side_by_side(query, more)
        query.obsm.clear()
        return query

    return make


def _side_by_side(query, more):
    import anndata

    joined = anndata.concat([query, more], axis="var")
    joined.obs = query.obs
    return joined


@pytest.fixture
def model_of(trained, trained_counts):
    return lambda model_class: model_class.load(trained if model_class is DPVAE else trained_counts)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(query_chunks, "CELLS_AT_A_TIME", 16)
    monkeypatch.setattr("dpvae.model.atlas.gene_regression.MOST_CELLS_AT_A_TIME", 16)


@MODELS
@pytest.mark.usefixtures("small_chunks")
def test_a_query_on_disk_is_placed_as_one_in_memory(model_class, queries, on_disk, model_of):
    model, query = model_of(model_class), queries(model_class)
    expected = model.predict_coordinates(query, batch_size=8)
    stored = on_disk(query)
    columns = set(stored.obs)
    found = model.predict_coordinates(stored, batch_size=8)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert set(stored.obs) == columns
    assert not len(stored.obsm)


@pytest.mark.usefixtures("small_chunks")
def test_latents_on_disk_are_those_in_memory(queries, on_disk, model_of):
    model, query = model_of(DPVAE), queries(DPVAE)
    stored = on_disk(query)
    mask = np.arange(60) % 3 == 0
    for arguments in (
        {},
        {"return_dist": True},
        {"indices": [50, 3, 20]},
        {"indices": mask},
    ):
        found, expected = (
            np.stack(model.get_latent_representation(adata, batch_size=8, **arguments))
            for adata in (stored, query)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.trains
@pytest.mark.usefixtures("small_chunks")
def test_sections_on_disk_are_placed_in_their_frames(sections, backed):
    scvi.settings.seed = 0
    DPVAE.setup_anndata(sections, sample_key="section")
    model = DPVAE(sections, **SMALL)
    model.train(max_epochs=2, **QUIET)
    query = sections[::4].copy()
    query.obs["section"] = query.obs["section"].astype(str).replace({"section 2": "unheard of"})
    expected = model.predict_coordinates(query)
    np.testing.assert_allclose(model.predict_coordinates(backed(query)), expected, rtol=1e-5)
    anchors = np.arange(query.n_obs) % 2 == 0
    expected = model.predict_coordinates(query, anchors)
    found = model.predict_coordinates(backed(query, "other"), anchors)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=0.1)


def test_a_layer_on_disk_is_read(expression, on_disk):
    import anndata

    stored = on_disk(expression)
    layered = anndata.AnnData(
        obs=expression.obs, var=expression.var, obsm=dict(expression.obsm), layers={"log": stored.X}
    )
    rows = np.array([7, 2])
    chunk = query_chunk(layered, "log", rows)
    assert chunk.obs_names.tolist() == expression.obs_names[rows].tolist()
    found = chunk.layers["log"]
    found = found if isinstance(found, np.ndarray) else found.toarray()
    np.testing.assert_array_equal(found, expression.X[rows].toarray())


@pytest.mark.usefixtures("small_chunks")
def test_no_more_than_a_chunk_is_in_memory(queries, backed, model_of, monkeypatch):
    sizes = []

    def counted(adata, layer, rows):
        sizes.append(len(rows))
        return query_chunk(adata, layer, rows)

    monkeypatch.setattr("dpvae.model.query.encoding_model.query_chunk", counted)
    model_of(DPVAE).predict_coordinates(backed(queries(DPVAE)), batch_size=8)
    all_in_chunks, depth, compared_with_the_reference = [16, 16, 16, 12], [60], [60]
    encoded_read_and_observed = 3 * all_in_chunks
    assert sizes == depth + encoded_read_and_observed + compared_with_the_reference


def test_wrong_values_and_genes_are_refused_as_in_memory(counts, queries, backed, model_of):
    model = model_of(DPVAE)
    with pytest.raises(ValueError, match="holds raw counts"):
        model.predict_coordinates(backed(counts, "counts"))
    with pytest.raises(ValueError, match="lacks 5 of the reference's 40 genes"):
        model.predict_coordinates(backed(queries(DPVAE, 0)[:, 5:], "few"))


def test_what_needs_a_query_in_memory_says_so(sections, backed, model_of, queries):
    with pytest.raises(ValueError, match=r"on disk.*to_memory\(\)"):
        model_of(DPSCVI).get_normalized_expression(backed(queries(DPSCVI), "counts"))
    DPVAE.setup_anndata(sections, sample_key="section")
    model = DPVAE(sections, standardize="section", **SMALL)
    model.train(max_epochs=1, **QUIET)
    with pytest.raises(ValueError, match="standardize='section', which needs a section as a whole"):
        model.predict_coordinates(backed(sections))
