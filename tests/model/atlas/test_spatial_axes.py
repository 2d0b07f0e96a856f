import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.model.atlas import spatial_axes
from dpvae.model.atlas.spatial_axes import fit_spatial_axes

N_CELLS, N_GENES = 90, 60


@pytest.fixture(scope="module")
def tissue():
    """Genes of which half follow the tissue, and places, the last ten unknown."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(N_CELLS, 2))
    waves = np.cos(4.0 * places @ rng.normal(size=(2, N_GENES)) + np.arange(N_GENES))
    waves[:, N_GENES // 2 :] = 0.0
    genes = (waves + 0.5 * rng.normal(size=waves.shape)).astype(np.float32)
    places[-10:] = np.nan
    return genes, places


def fit(genes, places, rows=None, n_components=8, seed=0):
    rows = np.arange(len(genes)) if rows is None else rows
    section = np.full(len(genes), "")
    rng = np.random.default_rng(seed)
    return fit_spatial_axes(lambda some: genes[some], places, section, rows, n_components, rng)


def test_genes_of_the_tissue_count_more(tissue):
    axes = fit(*tissue)
    loads = np.square(axes.loadings * tissue[0].std(axis=0)[:, None]).sum(axis=1)
    assert loads[: N_GENES // 2].mean() > 4.0 * loads[N_GENES // 2 :].mean()


def test_places_of_the_rest_do_not_matter(tissue):
    genes, places = tissue
    rows = np.flatnonzero(np.arange(N_CELLS) % 3 > 0)
    moved, others = places.copy(), genes.copy()
    moved[::3] += 50.0
    others[::3] *= -3.0
    expected = fit(genes, places, rows)
    found = fit(others, moved, rows)
    np.testing.assert_array_equal(found.loadings, expected.loadings)
    np.testing.assert_array_equal(found.mean, genes[rows].mean(axis=0, dtype=float))


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_the_cells_of_the_fit_are_known_again_in_any_order_and_form(tissue, form):
    genes, places = tissue
    rows = np.arange(0, N_CELLS, 2)
    axes = fit(genes, places, rows)
    order = np.random.default_rng(3).permutation(N_CELLS)
    saw = axes.saw(axes.components(form(genes[order])))
    np.testing.assert_array_equal(saw, order % 2 == 0)


def test_cells_are_known_again_by_one_component(tissue):
    axes = fit(*tissue, n_components=1)
    components = axes.components(tissue[0])
    assert axes.saw(components[:, :1]).all()
    assert axes.saw(components + 0.3 * components.std()).mean() < 0.05


def test_of_many_cells_those_that_were_drawn_are_known_again(tissue, monkeypatch):
    monkeypatch.setattr(spatial_axes, "MOST_CELLS", 30)
    axes = fit(*tissue)
    assert axes.saw(axes.components(tissue[0])).sum() == 30


def test_genes_that_do_not_vary_give_no_axes_and_every_cell_is_known(tissue):
    axes = fit(np.ones((N_CELLS, 3), dtype=np.float32), tissue[1])
    components = axes.components(np.full((4, 3), 7.0))
    assert components.shape == (4, 0)
    assert axes.saw(components).all()


@pytest.mark.parametrize(("n_genes", "adapted"), [(17, False), (18, False), (19, True)])
def test_axes_adapt_to_fewer_than_five_cells_for_each_gene(tissue, n_genes, adapted):
    assert fit(tissue[0][:, :n_genes], tissue[1]).adapted is adapted
