import anndata as ad
import numpy as np
import pandas as pd
import pytest

import dpvae
from dpvae import metrics

QUIET = {"progress_bar": False}


class Neighbors:
    """Places a cell where the most similar cell of the reference is; remembers what it saw."""

    def __init__(self, reference, seed=0):
        self.reference, self.seed, self.queries = reference, seed, []

    def predict_coordinates(self, adata):
        assert "spatial" not in adata.obsm
        assert adata.var_names.equals(self.reference.var_names)
        self.queries.append(adata)
        difference = adata.X.toarray()[:, None] - self.reference.X.toarray()[None]
        return self.reference.obsm["spatial"][(difference**2).sum(axis=2).argmin(axis=1)]


@pytest.fixture
def pieces(sections):
    """The three sections of a series, the second without ten of the genes."""
    parts = {
        name: sections[sections.obs["section"] == name].copy()
        for name in sections.obs.section.unique()
    }
    first, second, third = parts.values()
    return {"one": first, "two": second[:, 10:].copy(), "three": third}


@pytest.fixture
def taught():
    return []


@pytest.fixture
def train(taught):
    def teach(reference, seed):
        taught.append(Neighbors(reference, seed))
        return taught[-1]

    return teach


def test_scores_are_those_of_a_loop_by_hand(pieces, train):
    table = dpvae.tl.transfer_matrix(pieces, train, seed=3, **QUIET)
    assert table.index.tolist() == list(table["n_cells"]) == ["one", "two", "three"]
    genes = pieces["two"].var_names
    order = np.random.RandomState(3).permutation(pieces["one"].n_obs)
    known = np.sort(order[: int(0.8 * len(order))])
    reference = pieces["one"][known, genes].copy()
    query = pieces["two"].copy()
    true = query.obsm.pop("spatial")
    found = Neighbors(reference).predict_coordinates(query)
    scores = table.xs("two", axis=1, level="tested_on").loc["one"]
    assert scores["procrustes_disparity"] == metrics.procrustes_disparity(true, found)
    assert scores["distance_spearman"] == metrics.distance_spearman(true, found, seed=3)
    aligned = dpvae.geometry.align(found, true).apply(found)
    assert scores["median_error"] == metrics.coordinate_error(true, aligned).median
    assert (scores["n_cells"], scores["n_genes"]) == (query.n_obs, 30)


def test_columns_are_those_of_the_table_of_scores(pieces, train):
    table = dpvae.tl.transfer_matrix(pieces, train, **QUIET)
    names = list(table.columns.unique("score"))
    assert names[-2:] == ["n_cells", "n_genes"]
    assert set(names[:-2]) <= set(metrics.SCORES)


def test_own_test_cells_are_held_out_and_genes_are_shared_by_pairs(pieces, train, taught):
    table = dpvae.tl.transfer_matrix(pieces, train, held_out=0.25, **QUIET)
    assert [len(model.queries) for model in taught] == [2, 1, 3, 2, 1]
    assert [model.reference.n_vars for model in taught] == [40, 30, 30, 40, 30]
    for model in taught:
        for query in model.queries:
            assert set(query.obs_names).isdisjoint(model.reference.obs_names)
    n_cells = table["n_cells"].to_numpy()
    assert n_cells.dtype.kind == "i"
    sizes = [section.n_obs for section in pieces.values()]
    np.testing.assert_array_equal(np.diag(n_cells), [n - int(0.75 * n) for n in sizes])
    assert table["n_genes"].loc["one"].tolist() == [40, 30, 40]


def test_sections_are_left_as_they_are(pieces, train):
    before = {name: section.copy() for name, section in pieces.items()}
    dpvae.tl.transfer_matrix(pieces, train, **QUIET)
    for name, section in pieces.items():
        np.testing.assert_array_equal(section.obsm["spatial"], before[name].obsm["spatial"])
        np.testing.assert_array_equal(section.X.toarray(), before[name].X.toarray())


def test_what_a_file_holds_is_not_computed_again(pieces, train, taught, tmp_path):
    path = tmp_path / "scores.csv"
    expected = dpvae.tl.transfer_matrix(pieces, train, **QUIET)

    def interrupted(reference, seed):
        if len(taught) == 8:
            raise KeyboardInterrupt
        return train(reference, seed)

    with pytest.raises(KeyboardInterrupt):
        dpvae.tl.transfer_matrix(pieces, interrupted, path=path, **QUIET)
    n_stored = len(pd.read_csv(path))
    assert 0 < n_stored < 9
    n_taught = len(taught)
    found = dpvae.tl.transfer_matrix(pieces, train, path=path, **QUIET)
    pd.testing.assert_frame_equal(found, expected)
    assert sum(len(model.queries) for model in taught[n_taught:]) == 9 - n_stored
    n_taught = len(taught)
    again = dpvae.tl.transfer_matrix(pieces, train, path=path, **QUIET)
    pd.testing.assert_frame_equal(again, expected)
    assert len(taught) == n_taught
    dpvae.tl.transfer_matrix(pieces, train, path=path, seed=1, **QUIET)
    assert {model.seed for model in taught[n_taught:]} == {1}
    assert len(pd.read_csv(path)) == 18


def test_trained_models_place_what_they_are_given(pieces):
    one = pieces["one"]
    half = {"reference": Neighbors(one[:40].copy()), "all": Neighbors(one.copy())}
    table = dpvae.tl.transfer_matrix({"rest": one[40:].copy(), "whole": one}, half, **QUIET)
    assert table.index.tolist() == ["reference", "all"]
    assert table.loc["all", ("median_error", "whole")] == pytest.approx(0, abs=1e-6)
    assert table.loc["reference", ("median_error", "rest")] > 0
    assert table["n_cells"].loc["all"].tolist() == [one.n_obs - 40, one.n_obs]


def test_a_model_of_this_package_and_the_plot_of_it(expression, trained):
    model = dpvae.model.load(str(trained))
    parts = {"known": expression[:180].copy(), "hidden": expression[180:].copy()}
    table = dpvae.tl.transfer_matrix(parts, {"model": model}, **QUIET)
    query = expression[180:].copy()
    found = model.predict_coordinates(query)
    expected = metrics.procrustes_disparity(query.obsm["spatial"], found)
    assert table.loc["model", ("procrustes_disparity", "hidden")] == pytest.approx(expected)
    ax = dpvae.pl.transfer_matrix(table["procrustes_disparity"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["known", "hidden"]


def test_what_cannot_be_done_is_refused_before_training(pieces, train, taught, tmp_path):
    other = pieces["one"].copy()
    other.var_names = other.var_names + "_x"
    with pytest.raises(ValueError, match=r"'one' and 'other' share no genes"):
        dpvae.tl.transfer_matrix(pieces | {"other": other}, train, **QUIET)
    with pytest.raises(KeyError, match=r"no sections\['one'\].obsm\['xy'\]"):
        dpvae.tl.transfer_matrix(pieces, train, spatial_key="xy", **QUIET)
    for share in (1, "a", None):
        with pytest.raises(ValueError, match=f"held_out is {share!r}: choose a share"):
            dpvae.tl.transfer_matrix(pieces, train, held_out=share, **QUIET)
    with pytest.raises(ValueError, match="sections holds 0 sections"):
        dpvae.tl.transfer_matrix({}, train, **QUIET)
    with pytest.raises(TypeError, match="sections is a list: give a dictionary"):
        dpvae.tl.transfer_matrix(list(pieces.values()), train, **QUIET)
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="choose another path"):
        dpvae.tl.transfer_matrix(pieces, train, path=path, **QUIET)
    assert taught == []


@pytest.mark.parametrize("names", [(1, 2), ("NA", "nan")])
def test_any_name_is_found_again_in_the_file(pieces, train, taught, tmp_path, names):
    named = dict(zip(names, pieces.values(), strict=False))
    first = dpvae.tl.transfer_matrix(named, train, path=tmp_path / "a.csv", **QUIET)
    n_taught = len(taught)
    named = {str(name): section for name, section in named.items()}
    second = dpvae.tl.transfer_matrix(named, train, path=tmp_path / "a.csv", **QUIET)
    assert len(taught) == n_taught
    pd.testing.assert_frame_equal(first, second)


def test_sections_that_cannot_be_scored_are_named(pieces, train, taught):
    one = pieces["one"]
    doubled, flat = one.copy(), one.copy()
    doubled.var_names = ["same", "same", *one.var_names[2:]]
    flat.obsm["spatial"] = np.c_[one.obsm["spatial"], one.obsm["spatial"][:, 0]]
    for other, message in (
        (one[:2].copy(), "Section 'other' has 2 cells of known place"),
        (doubled, "Gene names of section 'other' occur more than once"),
        (flat, "different numbers of coordinates"),
    ):
        with pytest.raises(ValueError, match=message):
            dpvae.tl.transfer_matrix(pieces | {"other": other}, train, **QUIET)
    with pytest.raises(ValueError, match=r"0 cells are held out|1 cell is held out"):
        dpvae.tl.transfer_matrix(pieces, train, held_out=0.001, **QUIET)
    assert taught == []


def test_places_that_cannot_be_scored_are_named(pieces):
    class Alike:
        def predict_coordinates(self, adata):
            return np.ones((adata.n_obs, 2))

    with pytest.raises(ValueError, match=r"^sections\['one'\].obsm.* and the places that"):
        dpvae.tl.transfer_matrix({"one": pieces["one"]}, {"model": Alike()}, **QUIET)


@pytest.mark.slow
def test_sections_on_disk_are_read(pieces, train, tmp_path):
    expected = dpvae.tl.transfer_matrix(pieces, train, **QUIET)
    backed = {}
    for name, section in pieces.items():
        section.write_h5ad(tmp_path / f"{name}.h5ad")
        backed[name] = ad.read_h5ad(tmp_path / f"{name}.h5ad", backed="r")
    pd.testing.assert_frame_equal(dpvae.tl.transfer_matrix(backed, train, **QUIET), expected)
