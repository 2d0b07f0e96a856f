from importlib import util

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from dpvae.tl import leiden
from dpvae.tl.leiden import leiden_memberships


@pytest.fixture
def planted():
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(5), 60)
    return 8.0 * rng.normal(size=(5, 4))[label] + rng.normal(size=(300, 4)), label


def test_without_igraph_the_command_is_named(planted, monkeypatch):
    monkeypatch.setattr(leiden, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match="run pip install igraph"):
        leiden_memberships(planted[0], 5, 0)


needs_igraph = pytest.mark.skipif(util.find_spec("igraph") is None, reason="igraph is not there")


@needs_igraph
@pytest.mark.slow  # compiles UMAP
@pytest.mark.filterwarnings("ignore")
def test_planted_groups_are_found_in_any_order(planted):
    latent, label = planted
    shuffle = np.random.default_rng(1).permutation(300)
    found = leiden_memberships(latent, 5, 0)
    assert (found.sum(axis=1) == 1).all()
    assert adjusted_rand_score(label, found.argmax(axis=1)) == 1.0
    again = leiden_memberships(latent[shuffle], 5, 0)
    np.testing.assert_array_equal(again, found[shuffle])


@needs_igraph
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_number_that_no_resolution_gives_is_refused(planted):
    latent, _ = planted
    latent = np.repeat(latent[::60], 60, axis=0)
    with pytest.raises(ValueError, match=r"Leiden gives .* domains .* never 2"):
        leiden_memberships(latent, 2, 0)
