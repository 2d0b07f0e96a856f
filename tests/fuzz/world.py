"""The small tissues and models that all cases share; every model is trained once."""

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scanpy as sc
import scvi
from anndata import AnnData
from scipy.sparse import csr_matrix
from tests.fuzz.fingerprint import fingerprint

from dpvae.datasets import simulated_tissue
from dpvae.model import DPSCVI, DPVAE, SPALDVAE, SPAVAE

N_CELLS, N_GENES, DEPTH = 189, 14, 400
NETWORK = {"n_hidden": 16, "n_layers": 1, "n_latent": 4}
TRAINING: dict[str, Any] = {"batch_size": 32, "enable_progress_bar": False}


@dataclass(frozen=True)
class Kind:
    """A kind of model, and where its cells hold what.

    Parameters
    ----------
    model
        Class of the model.
    setup
        Arguments of ``setup_anndata``.
    options
        Arguments of the model.
    """

    model: Any
    setup: dict[str, Any]
    options: dict[str, Any]

    @property
    def layer(self) -> str | None:
        """Layer of the expression."""
        return self.setup.get("layer")


KINDS = {
    "DPVAE": Kind(DPVAE, {}, {}),
    "DPSCVI": Kind(DPSCVI, {}, {}),
    "DPVAE of sections": Kind(DPVAE, {"layer": "values", "sample_key": "slice"}, {}),
    "DPVAE per section": Kind(DPVAE, {"sample_key": "slice"}, {"standardize": "section"}),
    "DPSCVI of batches": Kind(
        DPSCVI,
        {"layer": "values", "sample_key": "slice", "batch_key": "batch", "size_factor_key": "size"},
        {},
    ),
    "DPSCVI with covariates": Kind(
        DPSCVI,
        {"batch_key": "batch", "labels_key": "slice", "continuous_covariate_keys": ["size"]},
        {"encode_covariates": True},
    ),
    "SPAVAE": Kind(SPAVAE, {}, {"n_cosines": 16}),
    "SPALDVAE of sections": Kind(
        SPALDVAE, {"layer": "values", "sample_key": "slice"}, {"n_cosines": 16}
    ),
}


class World:
    """Tissues and models, made when first asked for; files are written to ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models: dict[str, Any] = {}
        self.results: dict[str, Any] = {}
        self.before: dict[str, str] = {}

    def cells(self, kind: str, source: str) -> AnnData:
        """A copy of the ``"reference"`` or the ``"query"`` of a kind of model."""
        setup = KINDS[kind].setup
        n_sections = 3 if "sample_key" in setup else 1
        reference, query = _tissue(KINDS[kind].model is DPVAE, KINDS[kind].layer, n_sections)
        return (reference if source == "reference" else query).copy()

    def succeeded(self, cells: Any) -> None:
        """Note that a step of a call is done: what it has written may stay."""
        self.before = fingerprint(cells)

    def remember(self, name: str, compute: Callable[[], Any]) -> Any:
        """The result of a plain call, computed once."""
        if name not in self.results:
            self.results[name] = compute()
        return self.results[name]

    def model(self, kind: str) -> Any:
        """A trained model, shared by all cases."""
        if kind not in self.models:
            self.models[kind], _ = self.fresh(kind)
        return self.models[kind]

    def fresh(self, kind: str) -> tuple[Any, AnnData]:
        """A trained model of its own, and its own cells."""
        path = self.folder / kind.replace(" ", "_")
        if not path.exists():
            cells = self.cells(kind, "reference")
            model = learned(kind, cells, max_epochs=20)
            model.save(str(path))
        own = self.cells(kind, "reference")
        with warnings.catch_warnings(action="ignore"):
            return KINDS[kind].model.load(str(path), adata=own), own


def created(kind: str, cells: AnnData, *, after_setup: Callable[[Any], None] | None = None) -> Any:
    """Set cells up and make a model of them."""
    scvi.settings.seed = 0
    KINDS[kind].model.setup_anndata(cells, **KINDS[kind].setup)
    if after_setup is not None:
        after_setup(cells)
    return KINDS[kind].model(cells, **NETWORK, **KINDS[kind].options)


def learned(kind: str, cells: AnnData, *, max_epochs: int = 2) -> Any:
    """Set cells up, make a model of them and train it."""
    model = created(kind, cells)
    model.train(max_epochs=max_epochs, **TRAINING)
    return model


@functools.cache
def _tissue(is_logarithm: bool, layer: str | None, n_sections: int) -> tuple[AnnData, AnnData]:
    """A reference and a query whose numbers every floating-point type can hold exactly."""
    cells = simulated_tissue(N_CELLS, N_GENES, n_sections=n_sections, mean_depth=DEPTH, seed=0)
    sections = np.arange(N_CELLS) * 3 // N_CELLS
    places = cells.obsm["spatial"]
    places = np.round(1000 * (places - places.min(axis=0)) / np.ptp(places))
    values = np.minimum(cells.X.toarray(), 127)
    values[values.sum(axis=1) == 0, 0] = 2
    if is_logarithm:
        normalized = AnnData(values)
        sc.pp.normalize_total(normalized)
        values = np.log1p(normalized.X).astype("f2").astype("f4")
    found = AnnData(
        csr_matrix(values.astype("f4")),
        obs=pd.DataFrame(
            {
                "slice": pd.Categorical((sections + 1).astype(str)),
                "batch": pd.Categorical(np.where(sections == 0, "10", "20")),
                "size": np.round(1 + values.sum(axis=1)).astype(float),
                "group": pd.Categorical(np.where(np.arange(N_CELLS) % 2, "a", "b")),
            },
            index=[f"cell_{row}" for row in range(N_CELLS)],
        ),
        var=pd.DataFrame(index=[f"Gene{number:02d}" for number in range(N_GENES)]),
        obsm={"spatial": places},
    )
    if layer is not None:
        found.layers[layer] = found.X
        found.X = csr_matrix(found.X[:, ::-1] * 3)  # which no call may read
    is_query = np.arange(N_CELLS) % 3 == 0
    return found[~is_query].copy(), found[is_query].copy()
