import numpy as np
import pytest

from dpvae.datasets import simulated_tissue
from dpvae.model import DPVAE
from dpvae.model.unlikeness import unlike_share

from ..conftest import QUICK, QUIET, log_normalized  # noqa: TID252


def test_share_is_the_share_beyond_the_reference():
    reference = np.arange(200.0)[:, None]
    query = np.array([[3.4], [150.5], [199.9], [202.0], [-3.0]])
    assert unlike_share(reference, query) == pytest.approx(2 / 5)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cells_of_the_same_kind_are_one_in_a_hundred(seed):
    cells = np.random.default_rng(seed).normal(size=(2_000, 5))
    assert unlike_share(cells[:1_000], cells[1_000:]) < 0.03
    assert unlike_share(cells[:1_000], cells[1_000:] + 4.0) > 0.9


@pytest.mark.trains
def test_a_query_of_another_kind_is_warned_of_with_a_number():
    cells = log_normalized(simulated_tissue(600, 60, seed=0))
    reference, query = cells[:400].copy(), cells[400:].copy()
    del query.obsm["spatial"]
    DPVAE.setup_anndata(reference)
    model = DPVAE(reference, **QUICK)
    model.train(max_epochs=2, **QUIET)
    model.predict_coordinates(query)  # warnings are errors
    other = query.copy()
    other.X = other.X.toarray() * 2.5
    with pytest.warns(UserWarning, match=r"\d+ % of the query|\d+% of the query"):
        model.predict_coordinates(other)
