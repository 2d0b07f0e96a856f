import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry import Posterior
from dpvae.geometry.posterior.values_at_positions import (
    at_positions,
    label_shares,
    mean_and_deviation,
)

POSITIONS = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])


def test_a_key_in_place_of_values_is_refused():
    chances = csr_matrix([[0.5, 0.5, 0.0]])
    found = Posterior(POSITIONS, chances, np.arange(3), np.ones(1))
    for ask in (found.share, found.expected):
        with pytest.raises(ValueError, match=r"'layer' is a single value: give one for each cell"):
            ask("layer")


CELLS = pd.Index(["a", "b", "c", "d"])


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, lambda x: pd.Series(x, CELLS)])
@pytest.mark.parametrize("cells", [None, CELLS])
def test_values_of_cells_are_found_by_row(kind, cells):
    rows = np.array([3, 0, 2])
    assert at_positions(kind([1, 2, 3, 4]), float, rows, cells).tolist() == [4.0, 1.0, 3.0]
    assert at_positions([7, 8, 9], float, rows, cells).tolist() == [7.0, 8.0, 9.0]


def test_a_grid_of_as_many_positions_as_cells_takes_a_column_by_cells():
    rows = np.array([3, 0, 0, 2])
    column = pd.Series([1, 2, 3, 4], CELLS)
    assert at_positions(column, float, rows, CELLS).tolist() == [4.0, 1.0, 1.0, 3.0]
    assert at_positions(column.to_numpy(), float, rows, CELLS).tolist() == [1.0, 2.0, 3.0, 4.0]


def test_labels_of_other_cells_are_refused():
    rows = np.array([3, 0, 2])
    with pytest.raises(ValueError, match="row 0 is of 'd', in the reference of 'a'"):
        at_positions(pd.Series([1, 2, 3, 4], CELLS[::-1]), float, rows, CELLS)
    with pytest.raises(ValueError, match="5 values, but 3 positions and 4 cells of the reference"):
        at_positions([1, 2, 3, 4, 5], float, rows, CELLS)
    with pytest.raises(ValueError, match="2 values, but 3 positions: give one"):
        at_positions([1, 2], float, rows, None)


def test_mean_and_deviation_are_of_a_weighted_sample():
    rng = np.random.default_rng(0)
    chances, values = rng.dirichlet(np.ones(7), 5), rng.normal(100, 1, size=(7, 2))
    mean, deviation = mean_and_deviation(csr_matrix(chances), values)
    for cell, chance in enumerate(chances):
        expected = np.average(values, axis=0, weights=chance)
        spread = np.average((values - expected) ** 2, axis=0, weights=chance)
        np.testing.assert_allclose(mean[cell], expected)
        np.testing.assert_allclose(deviation[cell], np.sqrt(spread))


def test_shares_of_numbers_are_in_their_order():
    shares, names = label_shares(csr_matrix([[0.25, 0.75, 0.0]]), np.array([10, 2, 10], object))
    assert names == ["2", "10"]
    assert shares.tolist() == [[0.75, 0.25]]
