"""What fits in five lines: neighbours, and ridge regression on components and on genes."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

N_COMPONENTS = 30
N_NEIGHBORS = 10
PENALTIES = np.logspace(-1, 6, 15)


def components(problem):
    """Principal components of the reference's log-normalised genes, of reference and query."""
    genes = problem.reference.X.toarray()
    n_components = min(N_COMPONENTS, *(size - 1 for size in genes.shape))
    pca = PCA(n_components, random_state=problem.seed).fit(genes)
    return pca.transform(genes), pca.transform(problem.query.X.toarray())


def neighbors(problem):
    reference, query = components(problem)
    known = problem.is_known
    k = min(N_NEIGHBORS, int(known.sum()))
    model = KNeighborsRegressor(k).fit(reference[known], problem.known_places)
    return model.predict(query), query


def ridge_on_components(problem):
    reference, query = components(problem)
    model = RidgeCV(PENALTIES).fit(reference[problem.is_known], problem.known_places)
    return model.predict(query), query


def ridge_on_genes(problem):
    model = make_pipeline(StandardScaler(), RidgeCV(PENALTIES))
    model.fit(problem.reference.X[problem.is_known].toarray(), problem.known_places)
    return model.predict(problem.query.X.toarray()), None
