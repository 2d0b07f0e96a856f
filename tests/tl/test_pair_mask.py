import sys

import anndata as ad
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist, squareform

from dpvae.tl import pair_mask


def naive_neighbors(places, k):
    apart = squareform(pdist(places))
    np.fill_diagonal(apart, np.inf)
    mask = np.zeros(apart.shape)
    for i, row in enumerate(apart):
        mask[i, np.argsort(row)[:k]] = 1
    return np.maximum(mask, mask.T)


def test_neighbors_are_the_nearest_in_either_direction(expression):
    pair_mask(expression, n_neighbors=6)
    expected = naive_neighbors(expression.obsm["spatial"], 6)
    np.testing.assert_array_equal(expression.obsp["dpvae_pair_mask"].toarray(), expected)


def test_several_numbers_of_neighbors_add_up(expression):
    found = pair_mask(expression, n_neighbors=[3, 10], copy=True).toarray()
    places = expression.obsm["spatial"]
    np.testing.assert_array_equal(found, naive_neighbors(places, 3) + naive_neighbors(places, 10))


def test_radius_finds_every_pair_within(expression):
    found = pair_mask(expression, "radius", radius=400.0, copy=True).toarray()
    expected = squareform(pdist(expression.obsm["spatial"])) <= 400.0
    np.fill_diagonal(expected, False)
    np.testing.assert_array_equal(found > 0, expected)


def test_labels_pair_their_own_kind(expression):
    expression.obs["kind"] = np.arange(240) % 7
    expression.obs["kind"] = expression.obs["kind"].astype("category").cat.remove_categories([6])
    found = pair_mask(expression, "labels", label_key="kind", copy=True).toarray()
    kinds = expression.obs["kind"].to_numpy()
    expected = kinds[:, None] == kinds
    expected[np.arange(240) % 7 == 6] = False
    np.fill_diagonal(expected, False)
    np.testing.assert_array_equal(found > 0, expected)


def test_large_labels_stay_sparse_and_follow_the_seed(expression):
    expression.obs["one"] = "all"
    masks = [
        pair_mask(expression, "labels", label_key="one", seed=seed, copy=True) for seed in (0, 0, 1)
    ]
    assert (masks[0] != masks[1]).nnz == 0
    assert (masks[0] != masks[2]).nnz > 0
    partners = np.diff(masks[0].indptr)
    assert (partners == 100).all()


@pytest.mark.parametrize(
    ("kind", "options"),
    [("neighbors", {}), ("radius", {"radius": 1e9}), ("labels", {"label_key": "one"})],
)
def test_no_pair_crosses_sections_nor_has_an_unknown_place(sections, kind, options):
    sections.obs["one"] = "all"
    sections.obsm["spatial"][::7] = np.nan
    mask = pair_mask(sections, kind, sample_key="section", copy=True, **options).tocoo()
    section = sections.obs["section"].to_numpy()
    assert mask.nnz > 0
    assert (section[mask.row] == section[mask.col]).all()
    assert (mask.row % 7 != 0).all()
    assert (mask != mask.T).nnz == 0


def test_a_given_matrix_is_checked_and_kept(sections):
    expected = pair_mask(sections, sample_key="section", copy=True)
    pair_mask(sections, "given", matrix=expected, sample_key="section", key_added="mine")
    assert (sections.obsp["mine"] != expected).nnz == 0
    with pytest.raises(ValueError, match=r"matrix has \d+ pairs across sections"):
        pair_mask(
            sections,
            "given",
            matrix=csr_matrix(np.ones((sections.n_obs,) * 2)),
            sample_key="section",
        )


def test_survives_h5ad_and_may_be_made_again(expression, tmp_path):
    pair_mask(expression, n_neighbors=[4, 8])
    expression.write_h5ad(tmp_path / "a.h5ad")
    found = ad.read_h5ad(tmp_path / "a.h5ad")
    assert (found.obsp["dpvae_pair_mask"] != expression.obsp["dpvae_pair_mask"]).nnz == 0
    assert found.uns["dpvae_pair_mask"]["params"]["n_neighbors"].tolist() == [4, 8]
    pair_mask(found, "radius", radius=500.0)


def test_duplicated_places_are_pairs_but_no_cell_its_own(expression):
    expression.obsm["spatial"][:120] = expression.obsm["spatial"][120:]
    mask = pair_mask(expression, n_neighbors=1, copy=True)
    assert mask.diagonal().sum() == 0
    assert all(mask[i, i + 120] == 1 for i in range(120))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kind": "random"}, ValueError, "kind is 'random'"),
        ({"kind": "radius"}, ValueError, "radius is None"),
        ({"kind": "radius", "radius": 1e-9}, ValueError, "the mask by radius pairs no two"),
        ({"kind": "labels"}, KeyError, "label_key is None"),
        ({"kind": "given"}, ValueError, "matrix is of type NoneType"),
        ({"n_neighbors": 0}, ValueError, "n_neighbors is 0"),
        ({"n_neighbors": 2.5}, ValueError, r"n_neighbors is 2\.5"),
        ({"spatial_key": "nowhere"}, KeyError, r"no adata\.obsm"),
        ({"key_added": "taken"}, ValueError, r"adata\.obsp\['taken'\].*would be overwritten"),
        ({"key_added": "pca"}, ValueError, r"adata\.uns\['pca'\].*would be overwritten"),
        ({"sample_key": "slide"}, KeyError, r"no adata\.obs\['slide'\]"),
    ],
)
def test_wrong_input_changes_nothing(expression, options, error, message):
    expression.obsp["taken"] = csr_matrix((240, 240))
    expression.uns["pca"] = {"params": {"n_comps": 5}}
    with pytest.raises(error, match=message):
        pair_mask(expression, **options)
    assert list(expression.obsp) == ["taken"]
    assert "dpvae_pair_mask" not in expression.uns
    assert expression.uns["pca"] == {"params": {"n_comps": 5}}


@pytest.mark.parametrize("options", [{"n_neighbors": 200}, {"kind": "radius", "radius": 1e9}])
def test_masks_of_nearly_all_pairs_are_refused(expression, options, monkeypatch):
    monkeypatch.setattr(sys.modules["dpvae.tl.pair_mask"], "MOST_PAIRS", 40_000)
    with pytest.raises(ValueError, match="pass fewer neighbours"):
        pair_mask(expression, **options)
