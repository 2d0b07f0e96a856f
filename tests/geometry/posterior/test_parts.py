import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from dpvae.geometry import Posterior
from dpvae.geometry.posterior.parts import row_numbers

POSITIONS = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])


def posterior(*rows, **changed):
    parts = {
        "positions": POSITIONS,
        "probabilities": csr_matrix(np.array(rows)),
        "reference_rows": np.arange(3),
        "unlikeness": np.ones(len(rows)),
    }
    return Posterior(**(parts | changed))


def test_probabilities_may_be_rounded_and_of_either_sparse_kind():
    assert len(posterior([0.5, 0.5, 0.0004])) == 1
    assert len(posterior([0.5, 0.5, 0.0], probabilities=csr_array([[0.5, 0.5, 0.0]]))) == 1
    assert len(posterior([0.5, 0.5, 0.0]).of([])) == 0


@pytest.mark.parametrize(
    "row", [[1.0, 1.0, 0.0], [1.5, -0.5, 0.0], [np.nan, 0.0, 0.0], [0.0, 0.0, 0.0]]
)
def test_rows_that_are_no_probabilities_are_refused(row):
    with pytest.raises(ValueError, match="rows of probabilities have another sum than 1"):
        posterior([0.2, 0.2, 0.6], row)


@pytest.mark.parametrize(
    "changed",
    [
        {"positions": POSITIONS[:2]},
        {"reference_rows": np.arange(4)},
        {"unlikeness": np.ones(2)},
    ],
)
def test_parts_that_do_not_go_together_are_refused(changed):
    with pytest.raises(ValueError, match=r"probabilities has the shape \(1, 3\), but there are"):
        posterior([0.5, 0.5, 0.0], **changed)


def test_an_array_is_refused():
    with pytest.raises(TypeError, match=r"probabilities is a ndarray: give scipy\.sparse"):
        posterior([0.5, 0.5, 0.0], probabilities=np.array([[0.5, 0.5, 0.0]]))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [([2, -1], [2, -1]), ([False, True, True], [1, 2]), ([], []), (1, [1])],
)
def test_cells_are_chosen_by_number_or_mask(cells, expected):
    assert row_numbers(cells, 3).tolist() == expected


@pytest.mark.parametrize("cells", [[3], [-4], [1.0], [True, False], "a", [np.nan], [None]])
def test_what_chooses_no_cells_is_refused(cells):
    with pytest.raises(ValueError, match=r"cells is .*: give row numbers below 3, or a boolean"):
        row_numbers(cells, 3)
