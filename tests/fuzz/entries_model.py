"""Entry points of the models."""

import copy
import io
import pickle
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import scvi
from anndata import AnnData
from tests.fuzz.entry import Entry
from tests.fuzz.world import KINDS, TRAINING, World, created

from dpvae.model import load

READS = {
    "DPVAE": {"expression"},
    "DPSCVI": {"expression"},
    "DPVAE of sections": {"expression", "sections"},
    "DPVAE per section": {"expression", "sections"},
    "DPSCVI of batches": {"expression", "sections"},
    "DPSCVI with covariates": {"expression", "batches", "sections", "sizes"},
    "SPAVAE": {"expression"},
    "SPALDVAE of sections": {"expression", "sections"},
}
LEARNS = {
    "DPVAE": {"expression", "coordinates"},
    "DPSCVI": {"expression", "coordinates"},
    "DPVAE of sections": {"expression", "coordinates", "sections"},
    "DPVAE per section": {"expression", "coordinates", "sections"},
    "DPSCVI of batches": {"expression", "coordinates", "sections", "batches", "sizes"},
    "DPSCVI with covariates": {"expression", "coordinates", "batches", "sections", "sizes"},
    "SPAVAE": {"expression", "coordinates"},
    "SPALDVAE of sections": {"expression", "coordinates", "sections"},
}
ODD_CELLS: dict[str, list[Any]] = {
    "section": ["nowhere", 1, ["1"], "", 2.5, b"1"],
    "batch_size": [0, -1, 1.5, "8", True],
}
ODD_SPACINGS = [0, -1.0, float("nan"), float("inf"), 1e-9, "10", True, [10.0], 1e9]
ODD_ANCHORS = [
    [True],
    [0, 1, 2],
    "all",
    np.zeros(63, bool),
    np.full(63, np.nan),
    np.ones((63, 2), bool),
    np.array(["True"] * 63),
    np.ma.masked_array(np.ones(63, bool), np.ones(63, bool)),
    np.arange(63) % 2,
    (np.arange(63) % 2).astype(float),
    {"a": True},
    3.5,
    np.arange(63) < 1,
    np.datetime64("2020-01-01"),
]
ODD_MODEL: dict[str, list[Any]] = {
    "n_hidden": [0, -1, 1.5, "16", None],
    "n_latent": [0, -2, 1.5],
    "n_layers": [-1, 0.5, "1"],
    "dropout_rate": [1.0, -0.1, float("nan"), "a"],
    "input_dropout": [1.0, 1.5, float("nan")],
    "dp_weight": [-1.0, float("nan"), float("inf"), "3", None],
    "distance_error": ["cubed", None, 2],
    "distance_latent": ["median", None],
    "gene_weights": ["moran", None, [1.0]],
}
ODD_SPATIAL_MODEL: dict[str, list[Any]] = {
    "n_spatial": [5, -1, 1.5, "2", None],
    "spatial_share": [0, 1, -0.5, "0.5", float("nan")],
    "kernel": ["rbf", None, 3],
    "kl_weight": [-1, "1", float("nan"), None],
    "kl_target": [0, -1, "0.1"],
    "n_cosines": [8, -1, 20.5, "64", None],
}
ODD_POSITIONS = [
    None,
    "all",
    3.5,
    [],
    [1.0, 2.0],
    np.zeros((2, 3)),
    np.full((2, 2), np.nan),
    np.full((2, 2), np.inf),
    np.array([["a", "b"]]),
    np.full((2, 2), 1e9),
]
ODD_PREDICTION: dict[str, list[Any]] = {
    "positions": ODD_POSITIONS,
    "section": ["nowhere", 1, ["1"], "", 2.5, b"1"],
    "spacing": ODD_SPACINGS,
    "batch": ["nowhere", 1.5, ["a"]],
    "genes": [["nothing"], "nothing", [], [1], 3],
    "library_size": [0, -1, "1", float("nan"), float("inf"), None],
    "n_samples": [0, -1, 1.5, "3", None],
    "seed": [-1, "a", 1.5],
}
ODD_SETUP: dict[str, list[Any]] = {
    "layer": ["nothing", 1, ["values"]],
    "spatial_key": ["nothing", None, 3, ["spatial"]],
    "sample_key": ["nothing", 3, ["slice"], ("slice",)],
    "batch_key": ["nothing", ["batch"]],
    "mask_key": ["nothing", 3],
}
ODD_TRAINING: dict[str, list[Any]] = {
    "max_epochs": [0, -1, 1.5, "2", float("nan")],
    "batch_size": [0, -1, 2.5, "32"],
    "train_size": [0, 0.0, 1.5, -0.1, "0.9", float("nan")],
    "n_threads": [0, -1, 1.5, "1"],
    "checkpoint": ["", "/nowhere/state.ckpt"],
    "resume_from": ["/nowhere/state.ckpt", ""],
    "early_stopping": ["yes"],
    "plan_kwargs": [{"lr": -1}, {"lr": "a"}, {"nonsense": 1}, 3],
    "datasplitter_kwargs": [{"nonsense": 1}],
}


def model_entries() -> Iterator[Entry]:
    """Go through the calls of all kinds of models."""
    for kind in KINDS:
        yield from _of_kind(kind)
    for name, through in COPIES.items():
        for kind in ("DPVAE", "DPSCVI of batches"):
            yield Entry(
                f"place after {name}",
                lambda world, cells, kind=kind, through=through: through(
                    world, world.model(kind)
                ).predict_coordinates(cells),
                kind,
                reads=frozenset(READS[kind]),
                tags=_tags(kind, "places"),
                share=0.3,
            )


def _of_kind(kind: str) -> Iterator[Entry]:
    reads, places = frozenset(READS[kind]), _tags(kind, "places")
    of_kind = QUERIES | (SPATIAL_QUERIES if kind in SPATIAL else {})
    for name, (run, more, odd) in of_kind.items():
        yield Entry(
            name,
            lambda world, cells, kind=kind, run=run, **given: run(
                world.model(kind), cells, **given
            ),
            kind,
            reads=reads | more,
            tags=(places | ({"coordinates"} if more else set()))
            - ({"places"} if name in TOGETHER else set())
            | {"on disk", "by gene"},
            odd=odd,
            share=2.0 if name == "place" else 1.0,
        )
    yield Entry(
        "prepare query, then place",
        lambda world, cells, kind=kind: _prepared(world, world.model(kind), cells),
        kind,
        reads=reads,
        tags=_tags(kind, "places") - {"genes of the reference"},
        is_pure=False,
        share=0.5,
    )
    if kind in FINE_TUNED:
        yield _fine_tuning(kind)
    if kind in SPATIAL:
        yield from _of_spatial_model(kind)
    for name, (run, tolerance, odd, share) in LEARNING.items():
        yield Entry(
            name,
            lambda world, cells, kind=kind, run=run, **given: run(world, kind, cells, **given),
            kind,
            "reference",
            frozenset(LEARNS[kind]),
            _learning_tags(kind, name),
            odd | (ODD_SPATIAL_MODEL if name == "create" and kind in SPATIAL else {}),
            is_pure=False,
            tolerance=tolerance,
            share=share,
        )


def _of_spatial_model(kind: str) -> Iterator[Entry]:
    """Calls that look at no cells but the model's own: only arguments can be odd."""
    for name, run, odd in (
        ("expression at positions", _predicted, ODD_PREDICTION),
        ("scores", _scored, {"n_permutations": [0, -1, 1.5, "9", None], "seed": [-1, "a", 1.5]}),
    ):
        if name != "scores" or kind.startswith("SPALDVAE"):
            yield Entry(
                name,
                lambda world, _, kind=kind, run=run, **given: run(world.model(kind), **given),
                kind,
                tags=frozenset({"any"}),
                odd=odd,
                share=0.5,
            )


def _fine_tuning(kind: str) -> Entry:
    return Entry(
        "fine-tune, then place",
        lambda world, cells, kind=kind: _fine_tuned(world, world.model(kind), cells),
        kind,
        reads=frozenset(LEARNS[kind]),
        tags=_tags(kind, "coordinates"),
        is_pure=False,
        tolerance=0.03,
        share=0.5,
    )


def _tags(kind: str, *more: str) -> frozenset[str]:
    counts = {"counts"} if KINDS[kind].model.values.are_counts else set()
    apart = {"on disk", "by gene"} if "places" in more else set()
    all_models = {"any", "cells", "genes", "genes of the reference"}
    return frozenset(all_models | counts | apart | {*more})


def _learning_tags(kind: str, name: str) -> frozenset[str]:
    in_frame = {"frame"} if name == "learn" else set()
    depths = {"depths"} if "size_factor_key" in KINDS[kind].setup else set()
    return _tags(kind, "learns", "coordinates", *in_frame, *depths) - {"genes of the reference"}


def _anchored(model: Any, cells: AnnData, **given: Any) -> np.ndarray:
    n_cells = cells.n_obs if isinstance(cells, AnnData) else 9
    return model.predict_coordinates(cells, **({"anchors": np.arange(n_cells) % 2 == 0} | given))


def _posterior(model: Any, cells: AnnData, **given: Any) -> np.ndarray:
    """Mean and spread of the cells' probability over one section, or over the odd one."""
    section = model.setup.sections[0] if model.setup.section_key else None
    found = model.predict_posterior(cells, **({"section": section} | given))
    _, spread = found.expected(found.positions)
    return np.c_[found.mean(), spread]


def _predicted(model: Any, **given: Any) -> np.ndarray:
    own = model.atlas_.layout
    section = own.section[0] if model.setup.section_key else None
    asked = {"section": section, "positions": own.coordinates[own.section == own.section[0]][:5]}
    if "spacing" in given:
        del asked["positions"]
    found = model.predict_expression(**(asked | given))
    return np.asarray(found.X).mean(axis=1)


def _scored(model: Any, **given: Any) -> np.ndarray:
    return model.spatial_scores(**({"n_permutations": 3} | given)).to_numpy()


def _prepared(world: World, model: Any, cells: AnnData) -> np.ndarray:
    type(model).prepare_query_anndata(cells, model)
    world.succeeded(cells)
    return model.predict_coordinates(cells)


def _fine_tuned(world: World, model: Any, cells: AnnData) -> np.ndarray:
    scvi.settings.seed = 0
    tuned = type(model).load_query_data(cells, model)
    world.succeeded(cells)
    tuned.train(max_epochs=1, **TRAINING)
    return tuned.predict_coordinates()


def _set_up(_: World, kind: str, cells: AnnData, **given: Any) -> None:
    KINDS[kind].model.setup_anndata(cells, **(KINDS[kind].setup | given))


def _created(world: World, kind: str, cells: AnnData, **given: Any) -> np.ndarray:
    if not given:
        module = created(kind, cells, after_setup=world.succeeded).module
        buffers = (np.asarray(values) for _, values in sorted(module.named_buffers()))
        return np.concatenate([np.sort(np.atleast_1d(b), axis=0).ravel() for b in buffers])
    _set_up(world, kind, cells)
    world.succeeded(cells)
    KINDS[kind].model(cells, **given)
    return np.full(1, np.nan)


def _learned(world: World, kind: str, cells: AnnData, **given: Any) -> np.ndarray:
    model = created(kind, cells, after_setup=world.succeeded)
    model.train(**({"max_epochs": 2, **TRAINING} | given))
    return model.predict_coordinates()


def _pickled(_: World, model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))


def _through_joblib(_: World, model: Any) -> Any:
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def _saved(world: World, model: Any) -> Any:
    path = world.folder / "saved"
    model.save(str(path), overwrite=True)
    return load(path)


FINE_TUNED = {"DPVAE", "DPSCVI"}
SPATIAL = {"SPAVAE", "SPALDVAE of sections"}
TOGETHER = {"place around anchors", "lay out freely"}  # cells that depend on one another
COPIES = {
    "pickle": _pickled,
    "deepcopy": lambda _, model: copy.deepcopy(model),
    "joblib": _through_joblib,
    "save and load": _saved,
    "pickle of a deepcopy": lambda w, m: _pickled(w, copy.deepcopy(m)),
}
QUERIES: dict[str, tuple[Any, set[str], dict[str, list[Any]]]] = {
    "place": (lambda m, c, **given: m.predict_coordinates(c, **given), set(), ODD_CELLS),
    "place around anchors": (_anchored, {"coordinates"}, {"anchors": ODD_ANCHORS}),
    "lay out freely": (lambda m, c: m.predict_coordinates(c, anchors=None), set(), {}),
    "latents": (
        lambda m, c, **given: m.get_latent_representation(c, **given),
        set(),
        {"indices": [[1000], [-100], 1.5, "a", [True]], "batch_size": [0, -1, "8"]},
    ),
    "posterior": (_posterior, set(), ODD_CELLS | {"spacing": ODD_SPACINGS}),
}
SPATIAL_QUERIES: dict[str, tuple[Any, set[str], dict[str, list[Any]]]] = {
    "latents": (
        lambda m, c, **given: m.get_latent_representation(c, **given),
        {"coordinates"},
        {
            "indices": [[1000], [-100], 1.5, "a", [True]],
            "batch_size": [0, -1, "8"],
            "given": ["nothing", None, 1, ["both"]],
        },
    ),
    "latents given expression": (
        lambda m, c: m.get_latent_representation(c, given="expression"),
        set(),
        {},
    ),
}
LEARNING: dict[str, tuple[Any, float, dict[str, list[Any]], float]] = {
    "set up": (_set_up, 0.0, ODD_SETUP, 1.0),
    "create": (_created, 1e-5, ODD_MODEL, 1.0),
    "learn": (_learned, 0.03, ODD_TRAINING, 0.6),
}
