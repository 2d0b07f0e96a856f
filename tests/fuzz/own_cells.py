"""A model's own AnnData, changed after the model was made: as the same cells from elsewhere."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scvi
from anndata import AnnData
from scipy.sparse import csc_matrix, csr_matrix
from tests.fuzz.world import KINDS, NETWORK, TRAINING, World, created

Call = Callable[[], Any]


@dataclass(frozen=True)
class OwnCase:
    """One change of a model's own cells, and one call."""

    kind: str
    stage: str
    change: str

    @property
    def place(self) -> str:
        """What is called, of what kind of model."""
        return f"own cells, {self.stage} ({self.kind})"

    @property
    def kind_of_change(self) -> str:
        """What is changed, and how."""
        return f"own cells: {self.change}"

    def __str__(self) -> str:
        return f"{self.place}, {self.kind_of_change}"


def own_cases() -> Iterator[OwnCase]:
    """Go through all changes, calls and kinds of models."""
    for kind in KINDS:
        for change in OWN:
            for stage in (*CALLS, *STAGES):
                yield OwnCase(kind, stage, change)


def outcome(case: OwnCase, world: World) -> tuple[Call, list[Call], AnnData]:
    """The call on the model's own cells, those that it may agree with, and the cells."""
    rng = np.random.default_rng(0)
    if case.stage in CALLS:
        model, own = world.fresh(case.kind)
        OWN[case.change](Own(world, case.kind, own), rng)
        others, call = as_given(own), CALLS[case.stage]
        usual = lambda: call(world.fresh(case.kind)[0], others, own)  # noqa: E731
        return lambda: call(model, None, own), [usual], own
    own = world.cells(case.kind, "reference")
    model = created(case.kind, own)
    OWN[case.change](Own(world, case.kind, own), rng)
    if case.stage == STAGES[1]:
        model = None
    others = as_given(own)
    expected = [lambda: _trained(case.kind, None, others)]
    if "genes" in case.change:  # matched by name, as if they had kept their order
        unchanged = world.cells(case.kind, "reference")
        expected.append(lambda: _trained(case.kind, None, unchanged))
    return lambda: _trained(case.kind, model, own), expected, own


def is_comparable(case: OwnCase) -> bool:
    """Whether the outcome has to be the same as for equal cells from elsewhere."""
    before, after = STAGES
    is_other = case.stage == before and case.change in OTHER_NUMBERS
    return not is_other and not (case.stage == after and case.change in OTHER_PLACES)


def as_given(own: AnnData) -> AnnData:
    """The same cells without any trace of a model."""
    found = own.copy()
    for name in [name for name in found.obs if str(name).startswith("_")]:
        del found.obs[name]
    for name in [name for name in found.obsm if name.startswith("_")]:
        del found.obsm[name]
    for name in [name for name in found.uns if str(name).startswith("_scvi")]:
        del found.uns[name]
    return found


def _trained(kind: str, model: Any, cells: AnnData) -> np.ndarray:
    if model is None:
        if "_scvi_uuid" not in cells.uns:
            KINDS[kind].model.setup_anndata(cells, **KINDS[kind].setup)
        scvi.settings.seed = 0
        model = KINDS[kind].model(cells, **NETWORK, **KINDS[kind].options)
    scvi.settings.seed = 0
    model.train(max_epochs=2, **TRAINING)
    free = model.predict_coordinates(anchors=None)  # turned and mirrored as it falls
    return np.r_[model.predict_coordinates(), np.full((1, 2), free.std())]


CALLS: dict[str, Callable[[Any, AnnData | None, AnnData], Any]] = {
    "place": lambda m, c, _: m.predict_coordinates(c),
    "place, given": lambda m, c, own: m.predict_coordinates(own if c is None else c),
    "latents": lambda m, c, _: m.get_latent_representation(c),
    "latents, given": lambda m, c, own: m.get_latent_representation(own if c is None else c),
    "around anchors": lambda m, c, own: m.predict_coordinates(c, np.arange(own.n_obs) % 2 == 0),
    "after pickle": lambda m, c, _: pickle.loads(pickle.dumps(m)).predict_coordinates(c),
}
# Other numbers, which a model that was created before keeps the statistics of.
OTHER_NUMBERS = {"halved", "permuted in place", "negative", "fewer cells", "scaled", "counts"}
# What a model that is created after the change may learn from.
OTHER_PLACES = {"fewer cells", "set up with other coordinates", "set up for another model"}
STAGES = ("trained after a change", "created and trained after a change")


@dataclass(frozen=True)
class Own:
    """Own cells of a model, and what may be done with them."""

    world: World
    kind: str
    cells: AnnData

    @property
    def values(self) -> Any:
        """The expression."""
        layer = KINDS[self.kind].layer
        return self.cells.X if layer is None else self.cells.layers[layer]

    def put(self, values: Any) -> None:
        """Replace the expression."""
        layer = KINDS[self.kind].layer
        if layer is None:
            self.cells.X = values
        else:
            self.cells.layers[layer] = values


def _moved(factor: float, shift: float = 0.0) -> Callable[..., None]:
    def change(own: Own, _: Any) -> None:
        own.cells.obsm["spatial"] = own.cells.obsm["spatial"] * factor + shift

    return change


def _forget_places(own: Own, _: Any) -> None:
    places = own.cells.obsm["spatial"].copy()
    places[::2] = np.nan
    own.cells.obsm["spatial"] = places


def _sections(rename: Callable[[pd.Series], Any]) -> Callable[..., None]:
    def change(own: Own, _: Any) -> None:
        names = own.cells.obs["slice"].astype(str)
        own.cells.obs["slice"] = np.asarray(rename(names))

    return change


def _set_up_again(own: Own, _: Any) -> None:
    own.cells.obs["half"] = np.where(np.arange(own.cells.n_obs) % 2, "a", "b")
    kind = KINDS[own.kind]
    kind.model.setup_anndata(own.cells, **({**kind.setup, "batch_key": "half"}))


def _one_value(value: float) -> Callable[..., None]:
    def change(own: Own, _: Any) -> None:
        dense = own.values.toarray().astype(float)
        dense[3, 1] = value
        own.put(csr_matrix(dense))

    return change


def _other_coordinates(own: Own, rng: np.random.Generator) -> None:
    own.cells.obsm["other"] = rng.permutation(own.cells.obsm["spatial"]) / 10
    kind = KINDS[own.kind]
    kind.model.setup_anndata(own.cells, **({**kind.setup, "spatial_key": "other"}))


OWN: dict[str, Callable[[Own, np.random.Generator], None]] = {
    "genes in reverse": lambda o, _: o.cells._inplace_subset_var(o.cells.var_names[::-1]),
    "genes in another order": lambda o, r: o.cells._inplace_subset_var(
        r.permutation(o.cells.n_vars)
    ),
    "genes swapped by name": lambda o, _: setattr(
        o.cells, "var_names", [*o.cells.var_names[1::-1], *o.cells.var_names[2:]]
    ),
    "genes renamed": lambda o, _: setattr(o.cells, "var_names", o.cells.var_names.str.upper()),
    "a gene less": lambda o, _: o.cells._inplace_subset_var(np.arange(o.cells.n_vars) > 0),
    "cells in another order": lambda o, r: o.cells._inplace_subset_obs(
        r.permutation(o.cells.n_obs)
    ),
    "fewer cells": lambda o, _: o.cells._inplace_subset_obs(np.arange(o.cells.n_obs) % 3 > 0),
    "counts": lambda o, _: o.put(csr_matrix(np.round(np.expm1(o.values.toarray()) * 3))),
    "halved": lambda o, _: o.put(o.values / 2),
    "scaled": lambda o, _: o.put(o.values.toarray() - o.values.toarray().mean(axis=0)),
    "permuted in place": lambda o, r: o.values.data.__setitem__(
        slice(None), o.values.data[r.permutation(len(o.values.data))]
    ),
    "NaN": _one_value(np.nan),
    "negative": _one_value(-1.0),
    "no X": lambda o, _: setattr(o.cells, "X", None) if KINDS[o.kind].layer is None else None,
    "dense": lambda o, _: o.put(o.values.toarray()),
    "CSC": lambda o, _: o.put(csc_matrix(o.values)),
    "float64": lambda o, _: o.put(o.values.astype(float)),
    "objects": lambda o, _: o.put(o.values.toarray().astype(object)),
    "millimetres": _moved(1e-3),
    "nanometres": _moved(1e6),
    "shifted": _moved(1.0, 1e6),
    "half of the places unknown": _forget_places,
    "no coordinates": lambda o, _: o.cells.obsm.pop("spatial"),
    "coordinates in a table": lambda o, _: o.cells.obsm.__setitem__(
        "spatial", pd.DataFrame(o.cells.obsm["spatial"], o.cells.obs_names, ["x", "y"])
    ),
    "coordinates of text": lambda o, _: o.cells.obsm.__setitem__(
        "spatial", np.full((o.cells.n_obs, 2), "here")
    ),
    "sections swapped": _sections(lambda s: s.map({"1": "2", "2": "1", "3": "3"})),
    "sections renamed": _sections(lambda s: "s" + s),
    "sections as integers": _sections(lambda s: s.astype(int)),
    "sections missing": _sections(lambda s: s.where(np.arange(len(s)) > 1)),
    "no sections": lambda o, _: o.cells.obs.pop("slice"),
    "set up for another model": _set_up_again,
    "set up with other coordinates": _other_coordinates,
    "uns cleared": lambda o, _: o.cells.uns.clear(),
    "cells renamed": lambda o, _: setattr(o.cells, "obs_names", o.cells.obs_names + "-1"),
    "nothing": lambda *_: None,
}
