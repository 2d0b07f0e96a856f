import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_matrix, issparse
from tests.conftest import log_normalized

import dpvae


def dense(adata):
    return np.asarray(adata.X.toarray() if issparse(adata.X) else adata.X)


def assert_same(first, second):
    """All of two AnnData, the kinds of values too."""
    np.testing.assert_array_equal(dense(first.to_memory()), dense(second.to_memory()))
    assert first.X.dtype == second.X.dtype
    pd.testing.assert_frame_equal(first.obs, second.obs)
    pd.testing.assert_frame_equal(first.var, second.var)
    np.testing.assert_array_equal(first.obsm["spatial"], second.obsm["spatial"])
    pd.testing.assert_frame_equal(first.varm["measured"], second.varm["measured"])
    one, other = first.uns["dpvae_join"], second.uns["dpvae_join"]
    assert one["n_shared"] == other["n_shared"]
    for key in ("technologies", "imaged"):
        assert type(one[key]) is type(other[key])
        assert list(one[key]) == list(other[key])


def test_every_value_is_where_it_was_and_all_others_are_zero(cells, tissue):
    joint = dpvae.tl.join(cells, tissue)
    assert issparse(joint.X)
    assert joint.X.format == "csr"
    found = pd.DataFrame(dense(joint), index=joint.obs_names, columns=joint.var_names)
    expected = pd.concat([cells.to_df(), tissue.to_df()]).fillna(0)
    pd.testing.assert_frame_equal(found, expected[found.columns], check_dtype=False)
    assert joint.X.has_canonical_format


def test_shared_genes_come_first_as_in_the_tissue_and_others_as_they_appear(cells, tissue):
    joint = dpvae.tl.join(cells, tissue)
    shared = [name for name in tissue.var_names if name != "blank"]
    rest = [name for name in cells.var_names if name not in shared]
    assert joint.var_names.tolist() == [*shared, *rest, "blank"]
    measured = joint.varm["measured"]
    assert measured.columns.tolist() == ["cells", "tissue"]
    assert measured.index[measured["tissue"]].tolist() == tissue.var_names.tolist()
    assert measured.index[measured["cells"]].tolist() == [*shared, *rest]
    assert joint.uns["dpvae_join"]["n_shared"] == 20 == measured.all(axis=1).sum()


def test_places_are_those_of_the_tissue_alone(cells, tissue):
    tissue.obsm["spatial"][3] = np.nan
    joint = dpvae.tl.join(cells, tissue)
    assert np.isnan(joint.obsm["spatial"][:120]).all()
    np.testing.assert_array_equal(joint.obsm["spatial"][120:], tissue.obsm["spatial"])


def test_columns_of_all_are_kept(cells, tissue):
    obs = dpvae.tl.join(cells, tissue).obs
    assert obs["technology"].cat.categories.tolist() == ["cells", "tissue"]
    assert obs["type"].tolist() == ["a", "b"] * 60 + ["b", "c"] * 60
    assert obs["area"].iloc[120:].tolist() == list(range(120))
    assert obs[["area", "slide"]].iloc[:120].isna().all(axis=None)
    assert obs["is_good"].iloc[120:].isna().all()


def test_sections(cells, tissue):
    plain = dpvae.tl.join(cells, tissue)
    assert plain.obs["section"].tolist() == ["cells"] * 120 + ["tissue"] * 120
    named = dpvae.tl.join(cells, tissue, sample_key="slide")
    assert named.obs["section"].tolist() == ["cells"] * 120 + ["x", "y"] * 60
    tissue.obs["section"] = [1.0, 2.0] * 60
    numbers = dpvae.tl.join(cells, tissue, sample_key="section")
    assert numbers.obs["section"].tolist() == ["cells"] * 120 + ["1", "2"] * 60


def test_sections_and_cells_of_the_same_name_get_the_technology(cells, tissue):
    other = tissue[:, :15].copy()
    other.X = other.X[::-1]
    joint = dpvae.tl.join(
        {"v2": cells[:60], "v3": cells[60:]}, {"one": tissue, "two": other}, sample_key="slide"
    )
    sections = ["v2", "v3", "one-x", "one-y", "two-x", "two-y"]
    assert joint.obs["section"].cat.categories.tolist() == sections
    assert joint.obs["technology"].cat.categories.tolist() == ["v2", "v3", "one", "two"]
    assert joint.obs_names.is_unique
    assert joint.obs_names[[0, 60, 120, 240]].tolist() == [
        "v2-cell 0", "v3-cell 60", "one-spot 0", "two-spot 0",
    ]  # fmt: skip
    assert joint.uns["dpvae_join"]["n_shared"] == 15
    assert joint.uns["dpvae_join"]["imaged"].tolist() == ["one", "two"]
    assert joint.varm["measured"].sum().tolist() == [40, 40, 21, 15]


def test_sections_that_would_get_one_name_are_refused(cells, tissue):
    other = tissue[:, :15].copy()
    other.X = other.X[::-1]
    other.obs["slide"] = "x"
    tissue.obs["slide"] = ["x", "b-x"] * 60
    with pytest.raises(ValueError, match="Two sections would be called 'a-b-x'"):
        dpvae.tl.join(cells, {"a": tissue, "a-b": other}, sample_key="slide")


def test_inputs_are_unchanged(cells, tissue):
    before = [each.copy() for each in (cells, tissue)]
    joint = dpvae.tl.join(cells, tissue, sample_key="slide")
    joint.X.data[:] = 0
    joint.obsm["spatial"][:] = 0
    for each, old in zip((cells, tissue), before, strict=True):
        np.testing.assert_array_equal(dense(each), dense(old))
        pd.testing.assert_frame_equal(each.obs, old.obs)
        pd.testing.assert_frame_equal(each.var, old.var)
        np.testing.assert_array_equal(each.obsm["spatial"], old.obsm["spatial"])


def test_kinds_of_matrices(cells, tissue):
    expected = dpvae.tl.join(cells, tissue)
    cells.X = csc_matrix(cells.X)
    tissue.X = dense(tissue)
    mixed = dpvae.tl.join(cells, tissue)
    assert mixed.X.format == "csr"
    np.testing.assert_array_equal(dense(mixed), dense(expected))
    cells.X = dense(cells)
    arrays = dpvae.tl.join(cells, tissue)
    assert isinstance(arrays.X, np.ndarray)
    np.testing.assert_array_equal(arrays.X, dense(expected))


def test_a_layer(cells, tissue):
    expected = dpvae.tl.join(log_normalized(cells), log_normalized(tissue))
    for adata in (cells, tissue):
        adata.layers["logarithms"] = log_normalized(adata).X
    found = dpvae.tl.join(cells, tissue, layer="logarithms")
    np.testing.assert_array_equal(dense(found), dense(expected))
    del tissue.layers["logarithms"]
    with pytest.raises(KeyError, match=r"There is no tissue\.layers\['logarithms'\]"):
        dpvae.tl.join(cells, tissue, layer="logarithms")


@pytest.mark.parametrize("is_dense", [False, True])
def test_a_file_holds_the_same(cells, tissue, tmp_path, is_dense):
    if is_dense:
        cells.X, tissue.X = dense(cells), dense(tissue)
    joint = dpvae.tl.join(cells, tissue, sample_key="slide")
    joint.write_h5ad(tmp_path / "by_hand.h5ad")
    assert_same(anndata.read_h5ad(tmp_path / "by_hand.h5ad"), joint)
    written = dpvae.tl.join(cells, tissue, sample_key="slide", filename=tmp_path / "joint.h5ad")
    assert written.isbacked
    assert_same(written, joint)
    written.file.close()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["by_hand.h5ad", "joint.h5ad"]


@pytest.mark.slow
def test_on_disk_it_is_the_same(cells, tissue, on_disk, tmp_path, monkeypatch):
    monkeypatch.setattr("dpvae._data.expression.ROWS_AT_A_TIME", 50)
    expected = dpvae.tl.join(cells[:, 5:], tissue)
    one, other = on_disk(cells[:, 5:], "cells"), on_disk(tissue, "tissue")
    with pytest.raises(ValueError, match=r"cells\.X is on disk: name the h5ad file .* filename=…"):
        dpvae.tl.join(one, other)
    joint = dpvae.tl.join(one, other, filename=tmp_path / "joint.h5ad")
    np.testing.assert_array_equal(dense(joint.to_memory()), dense(expected))
    pd.testing.assert_frame_equal(joint.varm["measured"], expected.varm["measured"])
    assert joint.obs_names.tolist() == expected.obs_names.tolist()
    joint.file.close()


def test_a_file_that_is_read_is_not_written(cells, tissue, backed):
    stored = backed(tissue, "tissue")
    with pytest.raises(ValueError, match="is the file of tissue: give another one"):
        dpvae.tl.join(cells, stored, filename=stored.filename)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        dpvae.tl.join(cells, stored, filename=stored.filename.parent / "no" / "joint.h5ad")


def without_places(tissue):
    del tissue.obsm["spatial"]


def in_part(tissue):
    tissue.obsm["spatial"][15:] = np.nan


def as_logarithms(tissue):
    tissue.X = log_normalized(tissue).X


def with_nan(tissue):
    tissue.X = csr_matrix(np.where(dense(tissue) == 1, np.nan, dense(tissue)))


def with_column(name, values):
    return lambda tissue: tissue.obs.insert(0, name, values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_places, r"There is no tissue\.obsm\['spatial'\]"),
        (in_part, r"Section 'tissue' of tissue has 15 cells of known place, in tissue\.obsm"),
        (as_logarithms, r"cells\.X holds raw counts, tissue\.X values that are none"),
        (with_nan, r"tissue\.X holds \d+ values that are NaN"),
        (with_column("technology", 1), r"tissue\.obs\['technology'\] exists"),
        (with_column("section", ["x", "y"] * 60), r"tissue\.obs\['section'\] .* give sample_key="),
        (lambda a: setattr(a, "obs_names", ["x"] * 120), "119 cell names of tissue occur more"),
        (lambda a: setattr(a, "var_names", ["x"] * 21), "20 gene names of tissue occur more"),
    ],
)
def test_bad_tissue(cells, tissue, tmp_path, change, message):
    del tissue.obs["section"]
    with warnings.catch_warnings(action="ignore"):
        change(tissue)
    with pytest.raises((ValueError, KeyError), match=message):
        dpvae.tl.join(cells, tissue, filename=tmp_path / "joint.h5ad")
    assert not list(tmp_path.iterdir())


def test_numbers_of_dimensions_differ(cells, tissue):
    solid = tissue[60:].copy()
    solid.obsm["spatial"] = np.c_[solid.obsm["spatial"], np.arange(60)]
    with pytest.raises(ValueError, match=r"tissue\['flat'\] 2, tissue\['solid'\] 3"):
        dpvae.tl.join(cells, {"flat": tissue[:60].copy(), "solid": solid})


def test_too_few_dissociated_cells(cells, tissue):
    with pytest.raises(ValueError, match="cells has 19 cells, at least 20 are needed"):
        dpvae.tl.join(cells[:19], tissue)
