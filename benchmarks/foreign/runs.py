"""Trains the references, places the queries, and writes down what the package said."""

import json
import warnings
from functools import partial
from math import ceil

import numpy as np
import pandas as pd
import scvi
from sklearn.cluster import KMeans

from benchmarks.finished_runs import FinishedRuns
from benchmarks.foreign.cases import CLUSTER, CONTIGUOUS, FEW, RANDOM
from benchmarks.foreign.preparation import (
    genes_of,
    parts_of,
    prepared_query,
    prepared_reference,
    upper_cased,
)
from dpvae.model import DPVAE, load
from dpvae.model.atlas.gene_regression import components_of
from dpvae.model.atlas.place_spread import relative_spread
from dpvae.model.atlas.query_difference import query_difference

BATCH = 128
N_CLUSTERS = 6
UNLIKE = "The query is unlike the reference"


def runs_of(results):
    """The cases that are in the results."""
    return FinishedRuns(results / "foreign.csv", ["reference", "query", "kind"])


def execute(cases, sections, results, n_steps):
    """Do the cases that are not yet in the results; models and rows are kept in a folder."""
    finished = runs_of(results)
    left = [case for case in cases if not finished.hold(case.reference, case.query, case.kind)]
    print(f"{len(cases) - len(left)} of {len(cases)} cases are done", flush=True)
    counts = {name: upper_cased(section) for name, section in sections.items()}
    reference = None
    for case in left:
        folder = results / "models" / case.model
        if not (folder / "depth.json").exists():
            train(case, sections, counts, folder, n_steps)
        if reference is None or reference.folder != folder:
            reference = Reference(folder)
        row = {"reference": case.reference, "query": case.query, "kind": case.kind}
        row |= reference.answer(query_of(case, counts, reference))
        finished.add([row])
        print(*row.values(), flush=True)


def train(case, sections, counts, folder, n_steps):
    """Train a reference on the cells that are in no part that is hidden, and save it."""
    names = [case.reference, *([case.partner] if case.partner else [])]
    holds_counts = all(sections[name].holds_counts for name in names)
    known, *_ = parts_of(counts[case.reference].obsm["spatial"])
    genes = genes_of(case.reference, counts, case.partner)
    reference, depth = prepared_reference(counts[case.reference][known], genes, holds_counts)
    scvi.settings.seed = 0
    DPVAE.setup_anndata(reference)
    model = DPVAE(reference)
    epochs = n_steps and ceil(n_steps / max(reference.n_obs // BATCH, 1))
    model.train(max_epochs=epochs, n_threads=1, enable_progress_bar=False)
    model.save(str(folder), overwrite=True)
    (folder / "depth.json").write_text(json.dumps({"depth": depth, "genes": list(genes)}))


def query_of(case, counts, reference):
    """Log-normalised cells of a query."""
    cells = counts[case.query]
    _, contiguous, random = parts_of(cells.obsm["spatial"])
    rows = np.arange(cells.n_obs)
    if case.kind == CONTIGUOUS:
        rows = contiguous
    elif case.kind == RANDOM:
        rows = random
    elif case.kind in FEW:
        rng = np.random.default_rng(1)
        rows = rng.choice(random, min(FEW[case.kind], len(random)), replace=False)
    elif case.kind == CLUSTER:
        rows = one_kind(cells, np.concatenate([random, contiguous]), reference)
    return prepared_query(cells[rows], reference.genes, reference.depth)


def one_kind(cells, rows, reference):
    """Hidden cells of the second largest of six clusters."""
    rows = rows[np.asarray(cells[rows, reference.names].X.sum(axis=1)).ravel() > 0]
    values = prepared_query(cells[rows], reference.genes, reference.depth, most=len(rows))
    regression = reference.regression
    components = components_of(values[:, reference.names].X, regression.mean, regression.loadings)
    cluster = KMeans(N_CLUSTERS, n_init=2, random_state=0).fit_predict(components)
    return rows[cluster == np.bincount(cluster).argsort()[-2]]


class Reference:
    """A trained model and how its reference was prepared."""

    def __init__(self, folder):
        self.folder = folder
        self.model = load(folder)
        self.regression = self.model.atlas_.regression
        self.names = pd.Index(self.model.get_var_names())
        found = json.loads((folder / "depth.json").read_text())
        self.depth, self.genes = found["depth"], found["genes"]

    def answer(self, query):
        """What the package does with a query, and the numbers that it decides by."""
        n_present = len(self.names.intersection(query.var_names))
        is_refused = False
        if n_present < len(self.names):
            fill = partial(DPVAE.prepare_query_anndata, query, self.model, inplace=False)
            with warnings.catch_warnings(action="ignore"):
                try:
                    query = fill()
                except ValueError:
                    is_refused = True
                    query = fill(allow_mostly_missing=True)
        query = query[:, self.names].copy()
        with warnings.catch_warnings(record=True, action="always") as found:
            places = self.model.predict_coordinates(query)
        is_warned = any(str(warning.message).startswith(UNLIKE) for warning in found)
        layout = self.model._kept_layout()
        spread = relative_spread(places, layout.coordinates)
        values = np.asarray(query.X.toarray())
        unlike = query_difference(self.regression, lambda rows: values[rows], query.n_obs)
        return {
            "n_cells": query.n_obs,
            "n_genes": len(self.names),
            "n_present": n_present,
            "is_refused": is_refused,
            "is_warned": is_warned,
            "difference": np.nan if unlike is None else unlike.difference,
            "correlation": np.nan if unlike is None else unlike.correlation,
            "share": np.nan if unlike is None else unlike.share,
            "n_silent": np.nan if unlike is None else unlike.n_silent,
            "spread": float(np.sqrt((spread**2).mean())),
            "narrowest": spread[0],
        }
