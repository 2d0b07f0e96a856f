"""The judge of the fuzz: what it lets pass, and what it does not."""

import anndata
import numpy as np
import pytest
import scipy.sparse as sp
from tests.fuzz.fingerprint import changes, fingerprint
from tests.fuzz.judge import RefusedByShellError, attempted, distance, fault_of_error

from dpvae.geometry import check_coordinates


def error_of(call):
    _, error = attempted(call)
    return error


def test_an_error_of_ours_that_names_the_argument_passes():
    error = error_of(lambda: check_coordinates(np.ones((5, 2)), name="adata.obsm['spatial']"))
    assert fault_of_error(error, r"obsm\[") is None
    assert "does not name" in fault_of_error(error, r"layers\[")


@pytest.mark.parametrize(
    "call",
    [
        lambda: np.ones((2, 2)) @ np.ones((3, 3)),
        lambda: [][0],
        lambda: int("text of adata.obsm['spatial']"),
    ],
)
def test_an_error_from_elsewhere_is_bare(call):
    assert fault_of_error(error_of(call), ".*").startswith("bare")


def test_a_refusal_of_the_shell_needs_no_traceback_of_ours():
    assert fault_of_error(RefusedByShellError("Error: adata.X holds NaN."), r"\.X") is None


def test_distance_is_relative_to_the_spread():
    places = np.random.default_rng(0).normal(size=(50, 2))
    assert distance(1000 * places + 1000, 1000 * places) == pytest.approx(1, rel=0.2)
    assert distance(places, places) == 0
    assert distance(places[:9], places) == np.inf
    unknown = places.copy()
    unknown[0] = np.nan
    assert distance(unknown, places) == np.inf
    assert distance(unknown, unknown) == 0


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda a: a.X.__setitem__((0, 0), 5), "X changed"),
        (lambda a: a.obs.__setitem__("new", 1), "obs['new'] added or removed"),
        (lambda a: a.uns["nested"]["a"].append(2), "uns['nested'] changed"),
        (lambda a: a.obsm["places"].__setitem__(0, 9.0), "obsm['places'] changed"),
        (lambda a: a.layers["csr"].data.__setitem__(0, 7.0), "layers['csr'] changed"),
        (lambda a: setattr(a, "var_names", ["b", "a"]), "var index changed"),
    ],
)
def test_a_fingerprint_sees_every_part(change, part):
    cells = anndata.AnnData(np.ones((3, 2)), uns={"nested": {"a": [1]}})
    cells.obsm["places"] = np.zeros((3, 2))
    cells.layers["csr"] = sp.csr_matrix(np.ones((3, 2)))
    before = fingerprint(cells)
    assert changes(before, fingerprint(cells.copy())) == []
    change(cells)
    assert part in changes(before, fingerprint(cells))
