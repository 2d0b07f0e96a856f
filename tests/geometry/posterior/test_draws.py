import numpy as np
from scipy.sparse import csr_matrix

from dpvae.geometry.posterior.draws import draw_positions


def test_positions_are_drawn_as_often_as_they_are_probable():
    dense = np.array([[0.0, 0.2, 0.0, 0.8], [1.0, 0.0, 0.0, 0.0], [0.1, 0.2, 0.3, 0.4]])
    drawn = draw_positions(csr_matrix(dense), 20_000, np.random.default_rng(0))
    often = np.stack([(drawn == position).mean(axis=0) for position in range(4)], axis=1)
    np.testing.assert_allclose(often, dense, atol=0.015)
    assert (often[dense == 0.0] == 0.0).all()


def test_cells_are_drawn_independently():
    half = csr_matrix(np.full((2, 2), 0.5, dtype=np.float32))
    one, other = draw_positions(half, 20_000, np.random.default_rng(0)).T
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_stored_zeros_are_never_drawn():
    rows = csr_matrix(np.array([[0.5, 0.5, 1e-9], [0.5, 0.5, 1e-9]]))
    rows.data[[2, 5]] = 0.0
    assert draw_positions(rows, 5_000, np.random.default_rng(0)).max() == 1
