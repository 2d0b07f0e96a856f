import anndata as ad
import numpy as np
import pytest

from dpvae import metrics
from dpvae.metrics.neighbors import Neighbors
from dpvae.tl import score


@pytest.fixture
def recovered(sections):
    noise = np.random.default_rng(0).normal(0, 100, sections.obsm["spatial"].shape)
    sections.obsm["spatial_dpvae"] = sections.obsm["spatial"] + noise
    sections.obsm["spatial_dpvae"][:5] = np.nan
    return sections


def test_every_row_is_that_of_the_section_alone(recovered):
    table = score(recovered, sample_key="section", copy=True)
    assert len(table) == 3
    for _, row in table.iterrows():
        cells = (recovered.obs["section"].astype(str) == row["section"]).to_numpy()
        true, found = recovered.obsm["spatial"][cells], recovered.obsm["spatial_dpvae"][cells]
        assert row["n_cells"] == np.isfinite(found).all(axis=1).sum()
        assert row["procrustes_disparity"] == metrics.procrustes_disparity(true, found)
        assert row["median_error"] == metrics.coordinate_error(true, found).median
        assert row["spread_ratio"] == metrics.spread_ratio(true, found)
        assert row["contact_precision"] == metrics.contact_precision(true, found)
        assert row["trustworthiness"] == metrics.trustworthiness(true, found)


def test_columns_are_those_of_the_table_and_neighbors_are_searched_once(recovered, monkeypatch):
    searched = []
    search = Neighbors.of.__func__

    def counted(cls, points, n_neighbors):
        searched.append(n_neighbors)
        return search(cls, points, n_neighbors)

    monkeypatch.setattr(Neighbors, "of", classmethod(counted))
    table = score(recovered, copy=True)
    assert list(table) == ["section", "n_cells", *metrics.SCORES]
    assert searched == [15, 15]
    true, found = recovered.obsm["spatial"], recovered.obsm["spatial_dpvae"]
    assert table.iloc[0, 2:].to_dict() == metrics.score_places(true, found)


def test_the_docstring_names_every_score():
    assert [name for name in metrics.SCORES if f"``{name}``" not in score.__doc__] == []


def test_perfect_and_shuffled_coordinates(expression):
    expression.obsm["spatial_dpvae"] = expression.obsm["spatial"].copy()
    best = score(expression, copy=True).iloc[0]
    np.random.default_rng(0).shuffle(expression.obsm["spatial_dpvae"])
    chance = score(expression, copy=True).iloc[0]
    for column, perfect, by_chance in (
        ("procrustes_disparity", 0, 1),
        ("distance_spearman", 1, 0),
        ("neighbor_overlap", 1, 0.06),
        ("trustworthiness", 1, 0.5),
        ("continuity", 1, 0.5),
        ("contact_precision", 1, 0.02),
        ("triangle_angle_error", 0, 50),
        ("spread_ratio", 1, 1),
    ):
        assert best[column] == pytest.approx(perfect, abs=1e-5), column
        assert chance[column] == pytest.approx(by_chance, abs=0.1 if by_chance < 9 else 4), column


def test_the_table_survives_h5ad(recovered, tmp_path):
    score(recovered, sample_key="section")
    recovered.write_h5ad(tmp_path / "a.h5ad")
    found = ad.read_h5ad(tmp_path / "a.h5ad").uns["spatial_dpvae_score"]
    assert found["section"].tolist() == recovered.uns["spatial_dpvae_score"]["section"].tolist()


def test_wrong_input_changes_nothing(recovered):
    recovered.uns["mine"] = {"a": 1}
    before = set(recovered.uns)
    with pytest.raises(ValueError, match="would be overwritten"):
        score(recovered, key_added="mine")
    with pytest.raises(KeyError, match=r"no adata\.obsm"):
        score(recovered, recovered_key="nowhere")
    recovered.obsm["few"] = np.where(np.arange(recovered.n_obs)[:, None] < 4, 1.0, np.nan) * [
        [1, 2]
    ]
    with pytest.raises(
        ValueError,
        match=r"^adata.obsm\['spatial'\] and adata.obsm\['few'\]: 4 of .* at least 8 are",
    ):
        score(recovered, recovered_key="few")
    assert set(recovered.uns) == before
