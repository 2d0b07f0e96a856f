"""Places of each section of a task, by name: one layout of all cells, or several."""

import numpy as np
import pandas as pd
import scvi
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsRegressor

from benchmarks.accuracy.methods.baselines import N_COMPONENTS, N_NEIGHBORS
from benchmarks.accuracy.methods.peers import placed_by
from benchmarks.accuracy.problem import SECTION, Problem
from dpvae.model import DPVAE, Surfaces

QUIET = {"enable_progress_bar": False, "logger": False}
MOST_REFERENCES = 5


def by_model(kind):
    """Train once on all sections; place each section of the query as a new one."""

    def layouts(task):
        scvi.settings.seed = task.seed
        kind.setup_anndata(task.reference, sample_key=SECTION)
        model = kind(task.reference)
        model.train(**QUIET)
        places = np.empty(task.truth.shape)
        for _, mine in task.sections():
            places[mine] = model.predict_coordinates(task.query[mine].copy())
        return [places]

    return layouts


def one_at_a_time(place):
    """Learn from one section at a time, since frames are unrelated: five, if there are more."""

    def layouts(task):
        names = np.unique(task.reference.obs[SECTION].to_numpy())
        chosen = np.random.default_rng(task.seed).permutation(names)[:MOST_REFERENCES]
        for name in chosen:
            known = task.reference[(task.reference.obs[SECTION] == name).to_numpy()].copy()
            yield place(Problem(known, task.query.copy(), task.truth, task.seed))

    return layouts


def neighbors(problem):
    genes = problem.reference.X.toarray()
    n_components = min(N_COMPONENTS, *(size - 1 for size in genes.shape))
    pca = PCA(n_components, random_state=problem.seed).fit(genes)
    model = KNeighborsRegressor(N_NEIGHBORS)
    model.fit(pca.transform(genes), problem.reference.obsm["spatial"])
    return model.predict(pca.transform(problem.query.X.toarray()))


def celery(problem):
    return placed_by("CeLEry", problem)[0]


def mean_of_class(task):
    """Put every cell at the true mean place of its class in its section: an oracle."""
    if task.classes is None:
        return []
    places = pd.DataFrame(task.truth)
    keys = [task.query.obs[SECTION].to_numpy(), task.classes]
    return [places.groupby(keys).transform("mean").to_numpy()]


METHODS = {
    "DPVAE": by_model(DPVAE),
    "Surfaces": by_model(Surfaces),
    "kNN, one reference": one_at_a_time(neighbors),
    "CeLEry, one reference": one_at_a_time(celery),
    "mean of class (oracle)": mean_of_class,
}
