import anndata as ad
import numpy as np
import pytest
from benchmarks.painting.__main__ import correlations
from benchmarks.painting.embryo import ATLAS, CELLS, N_GROUPS, embryos
from benchmarks.painting.methods import METHODS

WITHOUT_TRAINING = ("correlation with the stain", "best matching position", "placed by kNN")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An embryo of 300 positions, whose 36 genes are stripes across it, and 400 cells of it."""
    folder = tmp_path_factory.mktemp("embryo")
    rng = np.random.default_rng(0)
    names = [f"gene {k}" for k in range(36)]
    places, truth = rng.uniform(size=(300, 3)), rng.uniform(size=(400, 3))
    direction, phase = rng.normal(size=(3, 36)), rng.uniform(0, 6, 36)

    def stripes(where):
        return 0.5 + 0.5 * np.sin(3 * where @ direction + phase)

    counts = rng.poisson(4 * stripes(truth))
    other = rng.poisson(1, size=(400, 4))
    atlas = ad.AnnData(stripes(places), obsm={"spatial": 100 * places})
    atlas.var_names = names
    atlas.write_h5ad(folder / ATLAS)
    cells = ad.AnnData(np.hstack([counts, other]).astype(float))
    cells.var_names = [*names, *(f"other {k}" for k in range(4))]
    cells.write_h5ad(folder / CELLS)
    return folder


def test_each_gene_is_hidden_once_and_from_all(folder):
    parts = list(embryos(folder))
    assert len(parts) == N_GROUPS
    hidden = [gene for embryo in parts for gene in embryo.hidden]
    assert sorted(hidden) == sorted(parts[0].stained.var_names)
    for embryo in parts:
        assert not set(embryo.hidden) & {*embryo.shown, *embryo.transcriptome.var_names}
        assert embryo.transcriptome.n_vars == 40 - len(embryo.hidden)


def test_drawn_counts_follow_the_stain(folder):
    embryo = next(embryos(folder))
    found = correlations(embryo.drawn[:, embryo.hidden].X, embryo)
    assert min(found) > 0.5


@pytest.mark.parametrize("method", WITHOUT_TRAINING)
def test_cells_draw_hidden_genes_and_random_places_do_not(folder, method):
    embryo = next(embryos(folder))
    assert np.mean(correlations(METHODS[method](embryo), embryo)) > 0.6
    assert abs(np.mean(correlations(METHODS["random places"](embryo), embryo))) < 0.2
