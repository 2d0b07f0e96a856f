import pytest
from scipy.sparse import eye

from dpvae._data.pair_mask import stored_mask


def test_a_mask_is_found_or_asked_for(expression):
    with pytest.raises(
        KeyError, match=r"no adata.obsp\['mine'\]; obsp has nothing. Make .*mask_key"
    ):
        stored_mask(expression, "mine")
    expression.obsp["mine"] = eye(expression.n_obs, format="csr")
    assert stored_mask(expression, "mine").nnz == expression.n_obs
