import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_array, csr_matrix, random

from dpvae.geometry import check_pair_mask


def test_the_mask_comes_back_clean_and_the_given_one_is_untouched():
    given = csr_matrix(np.array([[5.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 0.0]]))
    before = given.toarray()
    found = check_pair_mask(given, 3)
    np.testing.assert_array_equal(found.toarray(), [[0, 1, 0], [1, 0, 2], [0, 2, 0]])
    assert (found.nnz, found.dtype) == (4, np.float64)
    np.testing.assert_array_equal(given.toarray(), before)


@pytest.mark.parametrize("kind", [coo_matrix, csr_array])
def test_any_sparse_kind_will_do(kind):
    half = random(20, 20, 0.2, random_state=0)
    full = half + half.T
    found = check_pair_mask(kind(full), 20).toarray()
    expected = full.toarray()
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(found, expected)


SECTION = np.array([0, 0, 1, 1])
CHAIN = csr_matrix(np.eye(4, k=1) + np.eye(4, k=-1))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.eye(4), "is of type ndarray; pass a SciPy sparse"),
        (csr_matrix((3, 4)), r"has shape \(3, 4\); 4 cells need \(4, 4\)"),
        (-CHAIN, "6 entries that are negative or not finite"),
        (CHAIN * np.nan, "6 entries that are negative or not finite"),
        (csr_matrix(np.eye(4)), "pairs no two different cells"),
        (csr_matrix(np.eye(4, k=1)), "3 pairs differ from their mirror image"),
        (CHAIN, "1 pair across sections"),
    ],
)
def test_wrong_masks_are_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        check_pair_mask(mask, 4, section=SECTION)
