import anndata as ad
import pytest

from dpvae import metrics
from dpvae.tl import distance_preservation


def test_scaled_copies_are_perfect(placed):
    row = distance_preservation(placed, copy=True).iloc[0]
    assert row["pearson"] == pytest.approx(1.0)
    assert row["distortion"] == pytest.approx(1.0)
    assert row["distance_scale"] == pytest.approx(0.01)
    assert row["trustworthiness"] == row["continuity"] == 1.0
    assert row["p_value"] == 0.001


def test_rows_are_the_metrics_of_the_sections(sections, tmp_path):
    sections.obsm["X_dpvae"] = sections.X[:, :6].toarray()
    distance_preservation(sections, sample_key="section")
    sections.write_h5ad(tmp_path / "a.h5ad")
    table = ad.read_h5ad(tmp_path / "a.h5ad").uns["dpvae_distance_preservation"]
    for _, row in table.iterrows():
        cells = (sections.obs["section"].astype(str) == row["section"]).to_numpy()
        pair = sections.obsm["spatial"][cells], sections.obsm["X_dpvae"][cells]
        expected = metrics.distance_pearson(*pair)
        assert row["pearson"] == expected.correlation
        assert (row["fisher_low"], row["fisher_high"]) == expected.fisher_interval
        assert (row["low"], row["high"], row["p_value"]) == (*expected.interval, expected.p_value)
        assert row["distortion"] == metrics.bilipschitz_distortion(*pair).ratio


def test_wrong_input_changes_nothing(placed):
    before = set(placed.uns)
    with pytest.raises(KeyError, match=r"no adata\.obsm"):
        distance_preservation(placed, use_rep="X_pca")
    with pytest.raises(ValueError, match="epsilon is 2"):
        distance_preservation(placed, epsilon=2)
    assert set(placed.uns) == before


def test_scores_are_those_of_the_table(placed):
    row = distance_preservation(placed, copy=True).iloc[0]
    names = ["distance_spearman", "trustworthiness", "continuity"]
    pair = placed.obsm["spatial"], placed.obsm["X_dpvae"]
    assert row[names].to_dict() == metrics.score_places(*pair, names)


def test_too_few_cells_are_named_with_their_keys(placed):
    placed.obsm["few"] = placed.obsm["spatial"].copy()
    placed.obsm["few"][5:] = float("nan")
    with pytest.raises(ValueError, match=r"^adata.obsm\['few'\] and adata.obsm\['X_dpvae'\]: 5 of"):
        distance_preservation(placed, spatial_key="few")
