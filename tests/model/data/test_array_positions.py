import warnings

import numpy as np
import pytest
from tests.model.data.test_far_places import REAL

from dpvae.model import DPVAE
from dpvae.model.data.array_positions import are_array_positions


def visium_grid(n_rows, n_columns):
    """Row and column of every spot: in odd rows the odd columns are used."""
    row, column = np.divmod(np.arange(n_rows * n_columns), n_columns)
    return np.c_[row, column][(row + column) % 2 == 0].astype(float)


def test_a_grid_of_visium_is_known_in_any_order_and_by_a_part():
    grid = visium_grid(78, 128)
    assert len(grid) == 4992
    some = np.random.default_rng(0).permutation(grid)[:150]
    for places in (grid, grid[:, ::-1], some, grid * [1, -1], visium_grid(128, 224)):
        assert are_array_positions(places)


def test_other_places_are_not_taken_for_it():
    grid = visium_grid(78, 128)
    row, column = np.divmod(np.arange(33.0 * 35), 35)
    square = np.c_[row, column]
    pixels = grid * [173, 100] + [2000, 1500]
    others = {
        "square": square,
        "steps of two": 2 * square,
        "half a step": square / 2,
        "pixels": pixels,
        "micrometres": grid * [86.6, 50],
        "one odd sum": np.r_[grid, [[0, 1]]],
        "three dimensions": np.c_[grid, grid[:, 0]],
        "few": grid[:99],
        "few positions": grid[:50].repeat(10, axis=0),
        "none": grid[:0],
    }
    assert [name for name, places in others.items() if are_array_positions(places)] == []


def test_setup_warns_of_them_and_names_pixels(expression):
    grid = visium_grid(30, 16)
    expression.obsm["spatial"] = grid
    expression.obsm["spatial"][0] = np.nan
    with pytest.warns(
        UserWarning, match=r"obsm\['spatial'\] looks like rows and columns .* √3\. Give pixels"
    ) as found:
        DPVAE.setup_anndata(expression)
    assert [warning.filename for warning in found] == [__file__]
    expression.obsm["spatial"] = grid * [np.sqrt(3), 1]
    with warnings.catch_warnings(action="error"):
        DPVAE.setup_anndata(expression)


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_of_real_sections_only_array_positions_with_shifted_rows_are_found(name, real_section):
    adata = real_section(name)
    assert not are_array_positions(np.asarray(adata.obsm["spatial"], float))
    is_square = name.startswith("st_her2")
    for columns in (["array_row", "array_col"], ["array_x", "array_y"]):
        if set(columns) <= set(adata.obs):
            assert are_array_positions(adata.obs[columns].to_numpy(float)) != is_square
