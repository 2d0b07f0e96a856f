"""Places of each section of a task, by name: one layout of all cells, or several."""

from functools import partial

import numpy as np
import pandas as pd
import scvi

from benchmarks.accuracy.methods.baselines import neighbors, ridge_on_components
from benchmarks.accuracy.methods.peers import placed_by
from benchmarks.accuracy.problem import SECTION, Problem
from benchmarks.cortex import celery, set_encoder
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


def places_of(method):
    """Places of the query alone, of a method of :mod:`benchmarks.accuracy`."""
    return lambda problem: method(problem)[0]


def mean_of_class(task):
    """Put every cell at the true mean place of its class in its section: an oracle."""
    if task.classes is None:
        return []
    places = pd.DataFrame(task.truth)
    keys = [task.query.obs[SECTION].to_numpy(), task.classes]
    return [places.groupby(keys).transform("mean").to_numpy()]


def by_sets(**options):
    """Points of cells whose distances are learned, with or without sight of the section."""
    return lambda task: set_encoder.layouts(task, set_encoder.Design(**options))


METHODS = {
    "DPVAE": by_model(DPVAE),
    "Surfaces": by_model(Surfaces),
    "kNN, one reference": one_at_a_time(places_of(neighbors)),
    "ridge, one reference": one_at_a_time(places_of(ridge_on_components)),
    "CeLEry, one reference": one_at_a_time(celery.by_default),
    "CeLEry, 50 epochs, one reference": one_at_a_time(celery.by_few_epochs),
    "CeLEry's package, one reference": one_at_a_time(
        celery.in_a_large_frame(places_of(partial(placed_by, "CeLEry")))
    ),
    "mean of class (oracle)": mean_of_class,
    "set encoder": by_sets(),
    "set encoder, attention off": by_sets(attends=False),
    "set encoder, also of half sections": by_sets(from_blocks=True, by_section=True),
}
