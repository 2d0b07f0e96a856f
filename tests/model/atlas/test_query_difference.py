import numpy as np
import pytest

from dpvae.model.atlas.gene_regression import fit_gene_regression
from dpvae.model.atlas.query_difference import matched_difference, query_difference, unlike_share


def test_share_is_the_share_beyond_the_reference():
    reference = np.arange(200.0)[:, None]
    query = np.array([[3.4], [150.5], [199.9], [202.0], [-3.0]])
    assert unlike_share(reference, query) == pytest.approx(2 / 5)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cells_of_the_same_kind_are_one_in_a_hundred(seed):
    cells = np.random.default_rng(seed).normal(size=(2_000, 5))
    assert unlike_share(cells[:1_000], cells[1_000:]) < 0.03
    assert unlike_share(cells[:1_000], cells[1_000:] + 4.0) > 0.9


@pytest.fixture
def tissue():
    """Genes of cells whose places are on a square: smooth patterns and noise."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(900, 2))
    waves = rng.normal(size=(2, 30)) * 4
    genes = np.cos(places @ waves + rng.uniform(0, 6, 30)) + 0.7 * rng.normal(size=(900, 30))
    return (genes + rng.uniform(2, 6, 30)).astype(np.float32), places


@pytest.fixture
def regression(tissue):
    genes, places = tissue
    return fit_gene_regression(
        lambda rows: genes[:600][rows], np.ones(30), places[:600], np.full(600, "")
    )


def found(regression, genes):
    return query_difference(regression, lambda rows: genes[rows], len(genes))


@pytest.mark.slow
@pytest.mark.parametrize("n_cells", [10, 20, 300])
def test_held_out_cells_differ_by_little(regression, tissue, n_cells):
    assert found(regression, tissue[0][600 : 600 + n_cells]).difference < 0.25


def test_a_region_of_the_tissue_is_not_foreign(regression, tissue):
    genes, places = tissue
    corner = genes[600:][(places[600:] < 0.5).all(axis=1)]
    whole = np.abs(corner.mean(axis=0) - genes.mean(axis=0)) / genes.std(axis=0)
    assert np.sqrt((whole**2).mean()) > 0.3
    region = found(regression, corner)
    assert region.difference < 0.15
    assert region.correlation > 0.95


def test_another_tissue_is_foreign_by_all_that_is_measured(regression, tissue):
    genes = tissue[0][600:]
    shuffled = found(regression, genes[:, ::-1])
    assert shuffled.difference > 1
    assert shuffled.correlation < 0.7
    assert shuffled.share > 0.5


def test_another_depth_keeps_the_correlation(regression, tissue):
    deeper = found(regression, tissue[0][600:] * 1.5)
    assert deeper.difference > 1
    assert deeper.correlation > 0.95


def test_genes_that_no_cell_expresses_are_counted(regression, tissue):
    silent = tissue[0][600:].copy()
    silent[:, :12] = 0
    assert found(regression, silent).n_silent == 12
    assert found(regression, tissue[0][600:]).n_silent == 0


def test_few_cells_tell_nothing(regression, tissue):
    assert found(regression, tissue[0][600:609]) is None


def test_difference_is_in_standard_deviations_and_weighted():
    rng = np.random.default_rng(0)
    known = rng.normal(size=(400, 3)).astype(np.float32)
    query = rng.normal(size=(5_000, 3)).astype(np.float32)
    query[:, 2] += 5
    shown = known[:, :2], known, query[:, :2], query  # the third gene is not in the components
    for factor, expected in ([1, 1, 1], 5 / np.sqrt(3)), ([1, 1, 0], 0), ([0, 0, 1], 5):
        difference, _ = matched_difference(*shown, np.array(factor, dtype=float))
        assert difference == pytest.approx(expected, abs=0.2)


def test_constant_genes_do_no_harm():
    cells = np.ones((60, 2), dtype=np.float32)
    assert matched_difference(cells, cells, cells[:20], cells[:20], np.ones(2)) == (0, 0)
    assert np.isfinite(
        matched_difference(cells, cells, cells[:20], 2 * cells[:20], np.ones(2))
    ).all()
