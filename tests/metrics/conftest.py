from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def luna_sections(real_file: Callable[[str], Path]) -> list[pd.DataFrame]:
    """31 sections of mouse cortex as LUNA placed them: columns x, y, x_luna, y_luna, cell_class."""
    table = pd.read_csv(real_file("luna_mouse_cortex_predictions.csv.gz"))
    return [section for _, section in table.groupby("section")]


@pytest.fixture
def noisy_pair() -> Callable[[int], tuple[np.ndarray, np.ndarray]]:
    """Places of some cells, and the same with noise."""

    def draw(n_cells: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(n_cells)
        true = rng.uniform(size=(n_cells, 2))
        return true, true + 0.2 * rng.normal(size=(n_cells, 2))

    return draw
