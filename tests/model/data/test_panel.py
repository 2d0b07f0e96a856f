import numpy as np
import pytest
from tests.conftest import QUICK, QUIET, log_normalized

from dpvae.model import DPSCVI, DPVAE

MODELS = {"DPVAE": DPVAE, "DPSCVI": DPSCVI}


def panel(counts, name, n_genes):
    """The most frequent genes, and the cells that have any of them."""
    depth = np.asarray(counts.X.sum(axis=0)).ravel()
    cells = counts[:, np.argsort(-depth)[:n_genes]]
    cells = cells[np.asarray(cells.X.sum(axis=1)).ravel() > 0].copy()
    if name == "DPVAE":
        cells.X = 0.9 * cells.X.log1p()
    return cells


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:The reference has only", "ignore:The query is unlike")
@pytest.mark.parametrize(
    ("name", "n_genes"), [("DPVAE", 1), ("DPVAE", 2), ("DPSCVI", 2), ("DPVAE", 3), ("DPSCVI", 3)]
)
@pytest.mark.parametrize("n_cells", [3, 4, 10, 100])
def test_smallest_panels_and_sections_are_trained_on_and_placed(counts, name, n_genes, n_cells):
    cells = panel(counts, name, n_genes)
    reference, query = cells[:n_cells].copy(), cells[-20:].copy()
    MODELS[name].setup_anndata(reference)
    model = MODELS[name](reference, **QUICK)
    model.train(max_epochs=2, **QUIET)
    for places in (model.predict_coordinates(query), model.predict_coordinates(query[:1].copy())):
        assert np.isfinite(places).all()
    assert np.ptp(model.get_latent_representation(), axis=0).max() > 0
    if n_cells == 100:
        found = model.predict_posterior(query)
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0, atol=1e-5)
        assert np.isfinite(found.mean()).all()


@pytest.mark.parametrize("name", MODELS)
def test_no_genes_are_refused(counts, expression, name):
    cells = {"DPVAE": expression, "DPSCVI": counts}[name][:, :0].copy()
    with pytest.raises(ValueError, match="adata has no genes"):
        MODELS[name].setup_anndata(cells)


def test_one_gene_has_no_shares(counts):
    with pytest.raises(ValueError, match="adata has 1 gene, but DPSCVI learns from the shares"):
        DPSCVI.setup_anndata(panel(counts, "DPSCVI", 1))


@pytest.mark.filterwarnings("ignore:The reference has only")
def test_log_normalized_genes_of_a_small_panel_are_no_counts(counts):
    DPVAE.setup_anndata(log_normalized(panel(counts, "DPSCVI", 2)))
