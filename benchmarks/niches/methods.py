"""Niches of the query, by name: compositions of neighbourhoods, or probabilities of niches."""

import numpy as np
from sklearn.neighbors import KNeighborsRegressor

from benchmarks.cortex import celery
from benchmarks.labels.methods import METHODS as OF_LABELS
from benchmarks.labels.methods import N_NEIGHBORS, components, trained
from benchmarks.niches.problems import CELL_TYPE
from dpvae import tl
from dpvae.model import DPVAE, Surfaces


def own_type(problem):
    """Mean composition around the known cells of the same type, which is taken from the truth."""
    known, new = (a.obs[CELL_TYPE].to_numpy() for a in (problem.reference, problem.query))
    around = problem.reference.obsm["composition"]
    found = np.tile(around.mean(axis=0), (len(new), 1))
    for name in np.unique(known):
        found[new == name] = around[known == name].mean(axis=0)
    return found


def mean_of_neighbors(values):
    """Mean of values of the cells whose expression is nearest."""

    def of(problem):
        known, new = components(problem)
        model = KNeighborsRegressor(N_NEIGHBORS).fit(known, problem.reference.obsm[values])
        return model.predict(new)

    return of


def around(place):
    """Composition among the cells that are nearest to the place that a method gives."""
    return lambda problem: problem.around(place(problem))


def place_by(kind):
    return lambda problem: trained(problem, kind).predict_coordinates(problem.query)


def expected_by(kind):
    """The mean composition over the posterior, as the package writes it."""

    def of(problem):
        found = trained(problem, kind).predict_posterior(problem.query)
        query = problem.query.copy()
        tl.niche_composition(query, found, problem.reference, label_key=CELL_TYPE)
        columns = [name.replace("/", "_") for name in problem.types]
        return query.obsm["niche_composition"].reindex(columns=columns, fill_value=0.0).to_numpy()

    return of


COMPOSITIONS = {
    "mean of the cell's type (oracle)": own_type,
    "kNN, place": around(mean_of_neighbors("spatial")),
    "kNN, composition": mean_of_neighbors("composition"),
    "CeLEry, place": around(celery.by_default),
    "Surfaces, place": around(place_by(Surfaces)),
    "Surfaces, niche_composition": expected_by(Surfaces),
    "DPVAE, place": around(place_by(DPVAE)),
    "DPVAE, niche_composition": expected_by(DPVAE),
}
PROBABILITIES = {
    "kNN, label": OF_LABELS["kNN"],
    "logistic regression, label": OF_LABELS["logistic regression"],
    "Surfaces, share of the posterior": OF_LABELS["posterior of Surfaces alone"],
    "Surfaces, predict_labels": OF_LABELS["Surfaces"],
    "DPVAE, share of the posterior": OF_LABELS["posterior of DPVAE alone"],
    "DPVAE, predict_labels": OF_LABELS["DPVAE"],
}
METHODS = (
    "mean of the cell's type (oracle)",
    "kNN, place",
    "kNN, composition",
    "CeLEry, place",
    "kNN, label",
    "logistic regression, label",
    "Surfaces, place",
    "Surfaces, niche_composition",
    "Surfaces, share of the posterior",
    "Surfaces, predict_labels",
    "DPVAE, place",
    "DPVAE, niche_composition",
    "DPVAE, share of the posterior",
    "DPVAE, predict_labels",
)


def measured(problem, method):
    """NMI with true niches, share of right ones; of compositions how much of them is wrong."""
    if method in COMPOSITIONS:
        found = COMPOSITIONS[method](problem)
        wrong = 0.5 * np.abs(found - problem.truth).sum(axis=1).mean()
        niches = problem.niches(found)
    else:
        wrong = np.nan
        niches = PROBABILITIES[method](problem).argmax(axis=1)
    return scores(problem.niches(problem.truth), niches) | {"wrong": wrong}


def scores(true, found):
    from sklearn.metrics import normalized_mutual_info_score

    return {
        "nmi": normalized_mutual_info_score(true, found),
        "accuracy": float((true == found).mean()),
    }
