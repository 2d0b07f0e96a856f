from functools import partial

import anndata as ad
import numpy as np
import pytest
from benchmarks.accuracy.problem import (
    cross_problem,
    pooled_problem,
    problem_of,
    spatially_variable,
)
from benchmarks.accuracy.sections import Section, pairs, pools, split_sections
from benchmarks.accuracy.splits import split
from scipy.sparse import csr_matrix

TWENTY = partial(spatially_variable, n_genes=20)


@pytest.fixture
def section(counts):
    adata = counts.copy()
    adata.X = csr_matrix(adata.X, dtype=np.float32)
    return Section("tissue", adata, holds_counts=True)


@pytest.mark.parametrize("name", ["random", "block"])
def test_nothing_of_the_hidden_cells_reaches_the_reference(name, section):
    parts = split(name, section.adata.obsm["spatial"], 0)
    expected = problem_of(section, parts, 0, TWENTY).reference
    changed = section.adata.copy()
    values = changed.X.toarray()
    values[parts.hidden] = values[parts.hidden][:, ::-1] * 7
    changed.X = csr_matrix(values)
    changed.obsm["spatial"][parts.hidden] *= -3
    found = problem_of(Section("tissue", changed, holds_counts=True), parts, 0, TWENTY)
    assert found.reference.var_names.tolist() == expected.var_names.tolist()
    np.testing.assert_array_equal(found.reference.X.toarray(), expected.X.toarray())
    np.testing.assert_array_equal(found.reference.obsm["spatial"], expected.obsm["spatial"])
    assert "spatial" not in found.query.obsm


def test_where_few_places_are_known_only_places_are_hidden(section):
    parts = split("known5", section.adata.obsm["spatial"], 0)
    problem = problem_of(section, parts, 0)
    assert problem.reference.n_obs == section.adata.n_obs
    assert np.flatnonzero(problem.is_known).tolist() == parts.known.tolist()
    np.testing.assert_array_equal(problem.truth, section.adata.obsm["spatial"][parts.hidden])
    np.testing.assert_array_equal(
        problem.query.X.toarray(), problem.reference.X[parts.hidden].toarray()
    )


def test_files_are_split_into_their_sections():
    rng = np.random.default_rng(0)
    adata = ad.AnnData(rng.poisson(1.0, (400, 5)).astype(float))
    adata.obsm["spatial"] = np.c_[rng.normal(size=(400, 2)), np.zeros(400)]
    adata.obsm["spatial"][:20] = np.nan
    adata.obs["section"] = np.repeat(["a", "b", "few"], [200, 150, 50])
    found = split_sections(adata, "file")
    assert [section.name for section in found] == ["file:a", "file:b"]
    assert [section.adata.n_obs for section in found] == [
        int((adata.X[20:200].sum(axis=1) > 0).sum()),
        int((adata.X[200:350].sum(axis=1) > 0).sum()),
    ]
    assert all(section.holds_counts for section in found)
    assert found[0].adata.obsm["spatial"].shape[1] == 2


def test_sections_of_a_tissue_pair_up():
    names = ("dlpfc_151507", "dlpfc_151508", "brain_A1", "brain_H2", "mouse", "file:a", "file:b")
    names += ("visium_tumour_aligned", "xenium_tumour_aligned")
    sections = [Section(name, None, holds_counts=True) for name in names]
    found = pairs(sections)
    assert set(found) == {
        (one, two)
        for group in (names[:2], names[2:4], names[5:7], names[7:])
        for one in group
        for two in group
        if one != two
    }


def test_across_sections_the_query_does_not_shape_the_reference(section):
    other = section.adata[::2, 5:].copy()
    problem = cross_problem(section, Section("other", other, holds_counts=True), 0, TWENTY)
    other.X = other.X * 3
    changed = cross_problem(section, Section("other", other, holds_counts=True), 0, TWENTY)
    assert set(problem.reference.var_names) <= set(other.var_names)
    assert problem.reference.var_names.equals(problem.query.var_names)
    np.testing.assert_array_equal(problem.reference.X.toarray(), changed.reference.X.toarray())
    np.testing.assert_array_equal(problem.truth, section.adata.obsm["spatial"][::2])
    assert "spatial" not in problem.query.obsm


def test_pools_are_all_other_sections_of_a_tissue():
    names = ("a_1", "a_2", "a_3", "b_1", "b_2")
    sections = [Section(name, None, holds_counts=True) for name in names]
    assert pools(sections) == [("a_2", "a_3", "a_1"), ("a_1", "a_3", "a_2"), ("a_1", "a_2", "a_3")]


def test_a_pool_knows_its_sections_and_not_the_places_of_the_query(section):
    others = [
        Section(name, section.adata[rows, genes].copy(), holds_counts=True)
        for name, rows, genes in (
            ("one", slice(0, 100), slice(None)),
            ("two", slice(100, 180), slice(5, None)),
            ("query", slice(180, 240), slice(None, 38)),
        )
    ]
    problem = pooled_problem(others[:2], others[2], 0, TWENTY)
    assert problem.reference.obs["section"].value_counts().to_dict() == {"one": 100, "two": 80}
    assert set(problem.query.obs["section"]) == {"query"}
    assert set(problem.reference.var_names) <= set(section.adata.var_names[5:38])
    np.testing.assert_array_equal(
        problem.reference.obsm["spatial"], section.adata.obsm["spatial"][:180]
    )
    np.testing.assert_array_equal(problem.truth, section.adata.obsm["spatial"][180:])
    assert "spatial" not in problem.query.obsm
    assert problem.section_key == "section"
