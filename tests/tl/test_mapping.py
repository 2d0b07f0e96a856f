import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from dpvae import tl
from dpvae.geometry import Posterior

ROWS = np.array([5, 90, 17, 40])


@pytest.fixture
def query(expression):
    return expression[200:].copy()


@pytest.fixture
def reference(expression):
    return expression[:200].copy()


def posterior_at(positions, rows, n_cells=40):
    values = np.random.default_rng(0).dirichlet(np.ones(len(rows)), n_cells)
    return Posterior(positions, csr_matrix(values), rows, np.ones(n_cells))


def grid_of(reference, n_each=8):
    places = reference.obsm["spatial"]
    axes = np.linspace(places.min(axis=0), places.max(axis=0), n_each).T
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    return posterior_at(grid, cKDTree(places).query(grid)[1])


def test_rows_are_queries_and_columns_are_cells_of_the_reference(query, reference, tmp_path):
    found = posterior_at(reference.obsm["spatial"][ROWS], ROWS)
    tl.mapping(found, query, reference).write_h5ad(tmp_path / "mapping.h5ad")
    mapped = anndata.read_h5ad(tmp_path / "mapping.h5ad")
    assert mapped.obs.equals(query.obs)
    assert mapped.var_names.equals(reference.obs_names[ROWS])
    np.testing.assert_array_equal(mapped.var["domain"], reference.obs["domain"].iloc[ROWS])
    np.testing.assert_array_equal(mapped.varm["spatial"], found.positions)
    np.testing.assert_array_equal(mapped.X.toarray(), found.probabilities.toarray())


def test_sums_over_labels_are_the_shares(query, reference):
    found = posterior_at(reference.obsm["spatial"][ROWS], ROWS)
    mapped = tl.mapping(found, query, reference)
    shares = found.share(reference.obs["domain"])
    for label in shares:
        columns = (mapped.var["domain"].astype(str) == label).to_numpy()
        np.testing.assert_allclose(
            np.asarray(mapped.X[:, columns].sum(axis=1)).ravel(), shares[label], atol=1e-12
        )


def test_a_position_of_a_grid_is_no_cell(query, reference):
    found = grid_of(reference)
    assert len(np.unique(found.reference_rows)) < len(found.positions)
    mapped = tl.mapping(found, query, reference)
    assert mapped.var_names.is_unique
    assert list(mapped.var) == ["nearest_cell"]
    np.testing.assert_array_equal(
        mapped.var["nearest_cell"], reference.obs_names[found.reference_rows]
    )
    np.testing.assert_array_equal(mapped.varm["spatial"], found.positions)


def test_the_result_shares_nothing_with_its_sources(query, reference):
    found = posterior_at(reference.obsm["spatial"][ROWS], ROWS)
    before = found.probabilities.toarray(), found.positions.copy(), query.obs.copy()
    mapped = tl.mapping(found, query, reference)
    mapped.X.data[:] = 0
    mapped.varm["spatial"][:] = 0
    mapped.obs["new"] = 1
    np.testing.assert_array_equal(found.probabilities.toarray(), before[0])
    np.testing.assert_array_equal(found.positions, before[1])
    assert query.obs.equals(before[2])


@pytest.mark.parametrize("make", [lambda r: posterior_at(r.obsm["spatial"][ROWS], ROWS), grid_of])
def test_another_reference_is_refused(query, reference, make):
    found = make(reference)
    for other in (reference[::-1].copy(), reference[:50].copy()):
        with pytest.raises(ValueError, match="The positions are not those of reference"):
            tl.mapping(found, query, other)
    reference.obsm["other"] = np.full((200, 2), np.nan)
    with pytest.raises(ValueError, match="The positions are not those of reference"):
        tl.mapping(found, query, reference, spatial_key="other")


def test_wrong_input_is_refused(query, reference):
    found = posterior_at(reference.obsm["spatial"][ROWS], ROWS)
    with pytest.raises(ValueError, match="is of 40 cells, query has 39"):
        tl.mapping(found, query[1:].copy(), reference)
    with pytest.raises(KeyError, match="nothing"):
        tl.mapping(found, query, reference, spatial_key="nothing")
    with pytest.raises(TypeError, match="query is a str"):
        tl.mapping(found, "query.h5ad", reference)
