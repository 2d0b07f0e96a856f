import numpy as np
import pytest
from scipy.sparse import csr_matrix
from tests.conftest import QUICK

from dpvae.model import DPSCVI, DPVAE
from dpvae.tl import pair_mask


@pytest.fixture
def masked(expression):
    pair_mask(expression, n_neighbors=6)
    return expression


def test_pairs_with_unknown_places_are_left_out_and_logged(masked, caplog):
    masked.obsm["spatial"][::5] = np.nan
    mask = masked.obsp["dpvae_pair_mask"]
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    unknown = np.arange(240) % 5 == 0
    kept = mask[~unknown][:, ~unknown]
    assert f"{(mask.nnz - kept.nnz) // 2} of the {mask.nnz // 2} pairs" in caplog.text
    model = DPVAE(masked, **QUICK)
    used = model._pair_graph(masked)
    assert used[unknown].nnz == used[:, unknown].nnz == 0
    assert (used[~unknown][:, ~unknown] != kept).nnz == 0


def test_a_mask_of_unknown_places_only_is_refused(expression):
    expression.obsm["spatial"][:100] = np.nan
    first, second = np.arange(100), np.arange(100, 200)
    half = csr_matrix((np.ones(100), (first, second)), (240, 240))
    expression.obsp["G"] = half + half.T
    with pytest.raises(ValueError, match=r"no pair of cells whose places are both known.*140"):
        DPVAE.setup_anndata(expression, mask_key="G")
    assert set(expression.obsm) == {"spatial"}


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (None, KeyError, r"no adata\.obsp\['G'\].*tl\.pair_mask"),
        (csr_matrix((240, 240)), ValueError, "pairs no two different cells"),
        (csr_matrix(np.eye(240, k=1)), ValueError, "not symmetric"),
        (-csr_matrix(np.eye(240, k=1)), ValueError, "negative"),
    ],
)
@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
def test_wrong_masks_change_nothing(model_class, mask, error, message, expression, counts):
    adata = expression if model_class is DPVAE else counts
    if mask is not None:
        adata.obsp["G"] = mask
    columns = set(adata.obs)
    with pytest.raises(error, match=message):
        model_class.setup_anndata(adata, mask_key="G")
    assert set(adata.obs) == columns
    assert set(adata.obsm) == {"spatial"}


def test_masks_across_sections_are_refused(sections):
    pair_mask(sections)
    with pytest.raises(ValueError, match=r"pairs across sections.*sample_key"):
        DPVAE.setup_anndata(sections, sample_key="section", mask_key="dpvae_pair_mask")
