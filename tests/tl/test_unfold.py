import numpy as np
import pytest

from dpvae.tl import fold, unfold
from dpvae.tl.mirrors import mirror_of, symmetry_of


@pytest.fixture
def reference(analyzed):
    one = analyzed[analyzed.obs["section"] == "one"].copy()
    table = one.uns["dpvae_mirror_symmetry"]
    one.uns["dpvae_mirror_symmetry"] = table[table["section"] == "one"]
    fold(one, sample_key="section")
    one.obsm["X_dpvae"] = one.X[:, :10].copy()
    return one


@pytest.fixture
def query(reference):
    query = reference[::3].copy()
    query.obsm["spatial_dpvae"] = query.obsm["spatial_folded"].copy()
    return query


def test_both_modes_are_places_and_one_is_the_true_one(query, reference):
    unfold(query, reference)
    mirror = mirror_of(symmetry_of(reference, "dpvae_mirror_symmetry", None))
    first, second = query.obsm["spatial_unfolded"], query.obsm["spatial_unfolded_mirrored"]
    np.testing.assert_allclose(mirror.reflect(first), second, atol=1e-12)
    errors = [np.linalg.norm(mode - query.obsm["spatial"], axis=1) for mode in (first, second)]
    assert np.minimum(*errors).max() < 1e-9


def test_weights_are_even_where_expression_does_not_know_the_side(query, reference):
    unfold(query, reference)
    assert np.median(query.obs["spatial_unfolded_weight"]) < 0.65


def test_weights_are_those_of_the_side_where_expression_knows_it(query, reference):
    for cells in (query, reference):
        cells.obsm["X_dpvae"] = cells.obsm["spatial"].copy()
    unfold(query, reference, n_neighbors=10)
    right = np.linalg.norm(query.obsm["spatial_unfolded"] - query.obsm["spatial"], axis=1) < 1e-9
    assert right.mean() > 0.95
    assert query.obs["spatial_unfolded_weight"].median() == pytest.approx(11 / 12)


def test_a_reference_of_several_sections_needs_a_name(query, analyzed):
    analyzed.obsm["X_dpvae"] = analyzed.X[:, :10].copy()
    with pytest.raises(ValueError, match=r"name one of \['one', 'two'\]"):
        unfold(query, analyzed)
    with pytest.raises(
        ValueError, match="no cell of known place in section 'one': name the column"
    ):
        unfold(query, analyzed, section="one")


def test_only_cells_of_the_section_tell_the_side(query, reference, analyzed):
    analyzed.obsm["X_dpvae"] = analyzed.X[:, :10].copy()
    unfold(query, analyzed, section="one", sample_key="section")
    first, weight = query.obsm["spatial_unfolded"], query.obs["spatial_unfolded_weight"].copy()
    unfold(query, reference)
    np.testing.assert_array_equal(query.obsm["spatial_unfolded"], first)
    np.testing.assert_array_equal(query.obs["spatial_unfolded_weight"], weight)


def test_wrong_input_changes_nothing(query, reference):
    before = set(query.obsm), set(query.obs)
    for number in (0, "a", 1.5):
        with pytest.raises(ValueError, match=f"n_neighbors is {number!r}: give a positive integer"):
            unfold(query, reference, n_neighbors=number)
    with pytest.raises(KeyError, match=r"no adata\.obsm"):
        unfold(query, reference, use_rep="nowhere")
    with pytest.raises(ValueError, match="would be overwritten"):
        unfold(query, reference, key_added="X_dpvae")
    query.obsm["X_dpvae"] = query.obsm["X_dpvae"][:, :4]
    before = set(query.obsm), set(query.obs)
    with pytest.raises(ValueError, match="by the same model"):
        unfold(query, reference)
    assert (set(query.obsm), set(query.obs)) == before
