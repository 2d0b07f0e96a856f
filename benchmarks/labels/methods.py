"""Probabilities of labels, by name: functions of a problem."""

from functools import lru_cache

import numpy as np
import scvi
from scipy.spatial import cKDTree
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from benchmarks.cortex import celery
from benchmarks.labels import adjusted
from dpvae.model import DPVAE, Surfaces

N_COMPONENTS, N_NEIGHBORS = 50, 15
QUIET = {"enable_progress_bar": False, "logger": False}
LABEL = "label"
FREQUENCIES, COOLED = "Surfaces, frequencies of the query", "Surfaces, cooled by agreement"
ACROSS_ONLY = (FREQUENCIES, COOLED)


def components(problem):
    """Components of standardised genes, by the reference alone; of reference and query."""
    scaler = StandardScaler().fit(problem.reference.X.toarray())
    known, new = (
        scaler.transform(adata.X.toarray()) for adata in (problem.reference, problem.query)
    )
    pca = PCA(min(N_COMPONENTS, *(n - 1 for n in known.shape)), random_state=problem.seed).fit(
        known
    )
    return pca.transform(known), pca.transform(new)


def by(classifier):
    def probabilities(problem):
        known, new = components(problem)
        return classifier.fit(known, problem.reference.obs[LABEL]).predict_proba(new)

    return probabilities


def around_place(place):
    """Share of each label among the cells of the reference that are nearest to a place."""

    def probabilities(problem):
        codes = np.searchsorted(problem.names, problem.reference.obs[LABEL].astype(str))
        known = cKDTree(problem.reference.obsm["spatial"])
        near = known.query(place(problem), N_NEIGHBORS)[1]
        return np.eye(len(problem.names))[codes[near]].mean(axis=1)

    return probabilities


@lru_cache(maxsize=2)
def trained(problem, kind):
    scvi.settings.seed = problem.seed
    kind.setup_anndata(problem.reference)
    model = kind(problem.reference)
    model.train(**QUIET)
    return model


def labels(kind):
    """What the package advises."""

    def probabilities(problem):
        found = trained(problem, kind).predict_labels(problem.query, LABEL)
        return of_all(found.table, problem)

    return probabilities


def places_alone(kind):
    """Share of the labels at the positions where a cell could come from."""

    def probabilities(problem):
        found = trained(problem, kind).predict_posterior(problem.query)
        return of_all(found.share(problem.reference.obs[LABEL].astype(str)), problem)

    return probabilities


def with_frequencies_of_query(kind):
    """The same, the frequency of the labels in the query by expectation maximisation."""

    def probabilities(problem):
        codes = np.searchsorted(problem.names, problem.reference.obs[LABEL].astype(str))
        prior = np.bincount(codes, minlength=len(problem.names)) / len(codes)
        return adjusted.with_frequencies(labels(kind)(problem), prior)

    return probabilities


def cooled_by_agreement(kind):
    """The same, less sure where genes and places agree less often than in the reference."""

    def probabilities(problem):
        parts = places_alone(kind), METHODS["logistic regression"]
        found = labels(kind)(problem)
        expected = adjusted.expected_accuracy(problem, labels(kind), *parts)
        return adjusted.cooled(found, expected)

    return probabilities


def of_all(table, problem):
    return table.reindex(columns=problem.names, fill_value=0.0).to_numpy()


METHODS = {
    "kNN": by(KNeighborsClassifier(N_NEIGHBORS)),
    "logistic regression": by(LogisticRegression(max_iter=2000)),
    "place by CeLEry": around_place(celery.by_default),
    "posterior of Surfaces alone": places_alone(Surfaces),
    "Surfaces": labels(Surfaces),
    "posterior of DPVAE alone": places_alone(DPVAE),
    "DPVAE": labels(DPVAE),
    FREQUENCIES: with_frequencies_of_query(Surfaces),
    COOLED: cooled_by_agreement(Surfaces),
}


def sums_of_bins(probabilities, codes, n_bins):
    """For each bin of confidence: the sum of confidence minus correctness."""
    sure = probabilities.max(axis=1)
    gap = sure - (probabilities.argmax(axis=1) == codes)
    number = np.minimum((sure * n_bins).astype(int), n_bins - 1)
    return np.bincount(number, gap, minlength=n_bins)
