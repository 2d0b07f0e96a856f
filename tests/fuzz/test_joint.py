"""Unusual and broken queries of a model of dissociated cells and tissue."""

import warnings

import numpy as np
import pytest
import scvi
from tests.fuzz import judge
from tests.fuzz.cells import cells_changes, closed_again
from tests.fuzz.expression import expression_changes
from tests.fuzz.names import names_changes

from dpvae.datasets import simulated_tissue
from dpvae.model import DPVGAE
from dpvae.tl import join

N_CELLS, N_GENES, N_IMAGED = 180, 18, 14
NETWORK = {"n_hidden": 16, "n_layers": 1, "n_latent": 4, "n_distance": 2}
QUIET = {"batch_size": 32, "enable_progress_bar": False}
SAME = {"any", "places", "by gene", "on disk"}
COLUMN = "technology"


@pytest.fixture(scope="module")
def joint():
    section = simulated_tissue(N_CELLS, N_GENES, mean_depth=400, seed=0)
    section.X = np.minimum(section.X.toarray(), 127).astype("f4")  # which every type can hold
    section.obs_names = [f"cell_{row}" for row in range(N_CELLS)]
    section.var_names = [f"Gene{number:02d}" for number in range(N_GENES)]
    even = np.arange(N_CELLS) % 2 == 0
    tissue = section[~even, :N_IMAGED].copy()
    return join({"1": section[even].copy()}, {"2": tissue})


@pytest.fixture(scope="module")
def model(joint):
    scvi.settings.seed = 0
    with warnings.catch_warnings(action="ignore"):
        DPVGAE.setup_anndata(joint)
        model = DPVGAE(joint, **NETWORK)
        model.train(max_epochs=2, **QUIET)
    return model


def queries(joint):
    """Each change, and how a query is made of the plain one by it."""
    query = joint[(joint.obs[COLUMN] == "1").to_numpy()].copy()
    for change in cells_changes():
        yield change, lambda rng, change=change: change.make(query.copy(), rng)

    def with_values(rng, change):
        cells = query.copy()
        cells.X = change.make(query.X.toarray() if hasattr(query.X, "toarray") else query.X, rng)
        return cells, None

    def with_names(rng, change):
        cells = query.copy()
        names = change.make(cells.obs[COLUMN].astype(str).to_numpy(), rng)
        del cells.obs[COLUMN]
        if names is not None:
            cells.obs[COLUMN] = names.set_axis(cells.obs_names)
        return cells, None

    for change in expression_changes():
        yield change, lambda rng, change=change: with_values(rng, change)
    for change in names_changes("technologies"):
        yield change, lambda rng, change=change: with_names(rng, change)


@pytest.mark.trains
def test_unusual_queries_of_a_joint_model_are_right_or_refused(joint, model):
    plain = joint[(joint.obs[COLUMN] == "1").to_numpy()].copy()
    findings, n_right = [], 0
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        expected = model.predict_coordinates(plain)
        for change, make in queries(joint):
            made, error = judge.attempted(lambda make=make: make(np.random.default_rng(0)))
            if error is not None:  # no AnnData can hold this
                continue
            cells, rows = made
            found, error = judge.attempted(lambda cells=cells: model.predict_coordinates(cells))
            closed_again(cells)
            name = f"{change.part}: {change.name}"
            if error is not None:
                fault = judge.fault_of_error(error, "")
                findings += [f"{name}: {fault}"] * bool(fault)
                if change.same and not change.may_be_refused:
                    findings.append(f"{name}: refused, {error}")
            elif change.same in SAME and change.twin is None:
                away = judge.distance(found, expected if rows is None else expected[rows])
                findings += [f"{name}: {away:.2g} deviations away"] * (away > 1e-6)
                n_right += away <= 1e-6
    assert not findings, "\n".join(findings)
    assert n_right > 40
