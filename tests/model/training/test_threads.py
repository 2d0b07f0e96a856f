import os

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback
from scipy.sparse import csr_matrix
from tests.conftest import QUICK, QUIET

from dpvae.datasets import simulated_tissue
from dpvae.model import DPSCVI
from dpvae.model.training.threads import LIMITS, allowed_threads, training_threads


@pytest.fixture
def machine(monkeypatch):
    """A machine with this many cores for this process, and these variables."""

    def make(n_cores, **variables):
        for name in LIMITS:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(n_cores)), raising=False)

    before = torch.get_num_threads()
    yield make
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("n_cores", "variables", "expected"),
    [
        (8, {}, 8),
        (1, {}, 1),
        (8, {"OMP_NUM_THREADS": "4"}, 4),
        (2, {"OMP_NUM_THREADS": "4"}, 2),
        (8, {"OMP_NUM_THREADS": " 3,2 "}, 3),
        (8, {"OMP_NUM_THREADS": ""}, 8),
        (8, {"OMP_NUM_THREADS": "many"}, 8),
        (8, {"MKL_NUM_THREADS": "2", "OMP_NUM_THREADS": "4"}, 2),
        (8, {"OMP_THREAD_LIMIT": "1"}, 1),
    ],
)
def test_environment_and_cores_limit_the_threads(machine, n_cores, variables, expected):
    machine(n_cores, **variables)
    assert allowed_threads() == expected


def test_without_affinity_the_cores_of_the_machine_count(machine, monkeypatch):
    machine(8)
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert allowed_threads() == 5


@pytest.mark.parametrize(("n_threads", "expected"), [(None, 1), (1, 1), (3, 3)])
def test_one_thread_unless_asked_for_and_the_number_is_restored(machine, n_threads, expected):
    machine(4)
    torch.set_num_threads(2)  # as numba does
    with training_threads(n_threads):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == 2


def test_more_threads_than_allowed_are_cut_down_with_a_warning(machine):
    machine(4, OMP_NUM_THREADS="2")
    message = "n_threads is 8, but this process may use 2.*4 cores, OMP_NUM_THREADS=2"
    with pytest.warns(UserWarning, match=message), training_threads(8):
        assert torch.get_num_threads() == 2


def test_a_number_of_threads_below_one_is_refused():
    with pytest.raises(ValueError, match="n_threads is 0: give a number"), training_threads(0):
        pass


class CountThreads(Callback):
    """Counts the threads of every step."""

    def __init__(self):
        self.found = set()

    def on_train_batch_end(self, *_):
        self.found.add(torch.get_num_threads())


@pytest.mark.trains
@pytest.mark.parametrize(("n_threads", "expected"), [(None, 1), (2, 2)])
def test_a_model_of_many_genes_trains_on_the_threads_that_were_asked_for(
    machine, n_threads, expected
):
    machine(2)
    cells = simulated_tissue(60, 30, seed=0)
    wide = csr_matrix(np.tile(cells.X.toarray(), 80))  # 2,400 genes
    cells = type(cells)(wide, obsm={"spatial": cells.obsm["spatial"]})
    DPSCVI.setup_anndata(cells)
    torch.set_num_threads(2)
    count = CountThreads()
    DPSCVI(cells, **QUICK).train(max_epochs=1, n_threads=n_threads, callbacks=[count], **QUIET)
    assert count.found == {expected}
