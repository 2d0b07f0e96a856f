import numpy as np
import pytest

from dpvae.geometry import check_coordinates, known_rows


def test_unknown_rows_are_kept_and_masked():
    coordinates = np.array([[0, 0], [np.nan, np.nan], [1, 0], [0, 1]], dtype=np.float32)
    checked = check_coordinates(coordinates)
    assert checked.dtype == np.float64
    np.testing.assert_array_equal(checked, coordinates)
    np.testing.assert_array_equal(known_rows(checked), [True, False, True, True])


@pytest.mark.parametrize(
    ("coordinates", "message"),
    [
        (np.zeros(4), r"obsm\['spatial'\] has shape \(4,\)"),
        (np.zeros((4, 4)), r"shape \(4, 4\); it must be \(cells, 2\) or \(cells, 3\)"),
        ([[0, 0], [1, np.inf], [2, 2]], "infinite in 1 row;"),
        ([[0, 0], [1, np.nan], [2, np.nan], [1, 1]], "2 rows that are NaN in part"),
        ([[0, 0], [np.nan, np.nan], [1, 1]], "known for 2 of 3 cells; at least 3"),
        ([[7, 1], [7, 1], [7, 1]], r"constant: all 3 known rows are \[7.0, 1.0\]"),
    ],
)
def test_malformed_coordinates_are_refused(coordinates, message):
    with pytest.raises(ValueError, match=message):
        check_coordinates(coordinates, name="obsm['spatial']")


def test_cells_on_a_line_are_not_constant():
    line = [[3.0, 0.0], [3.0, 1.0], [3.0, 2.0]]
    np.testing.assert_array_equal(check_coordinates(line), line)
