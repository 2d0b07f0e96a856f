"""Entry points of dpvae.tl and dpvae.pl."""

import functools
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from anndata import AnnData
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist
from tests.fuzz.entry import Entry
from tests.fuzz.world import World

import dpvae
from dpvae.geometry import Posterior

SLASHED: dict[str, list[Any]] = {"key_added": ["a/b", "", 3, None, "spatial", ("a",)]}
KEYS: dict[str, list[Any]] = {"spatial_key": ["nothing", None, 3], "sample_key": ["nothing", 3]}
CELLS = frozenset({"any"})


def tools_entries() -> Iterator[Entry]:
    """Go through the tools and the plots."""
    for name, (run, reads, odd) in TOOLS.items():
        parts = frozenset(reads.split())
        yield Entry(
            f"tl.{name}",
            lambda world, cells, run=run, **given: run(world, cells, **given),
            "DPVAE of sections",
            "placed",
            parts,
            CELLS | ({"coordinates"} if "coordinates" in parts else set()) | {"on disk"},
            odd,
            is_pure=False,
            tolerance=1e-5,
            share=0.7,
        )
    yield Entry(
        "tl.spatially_variable_genes",
        _spatially_variable_genes,
        "DPSCVI of batches",
        "reference",
        frozenset({"expression", "coordinates", "sections", "sizes"}),
        CELLS | {"coordinates", "on disk"},
        KEYS
        | {"layer": ["nothing", 3], "covariates": ["nothing", 3, [3], None, [None]]}
        | {"lengths": [0.1, [], [0], ["a"], None, [np.nan], [0.1, 0.1]]},
        share=0.7,
    )
    for name, (run, reads) in PLOTS.items():
        yield Entry(
            f"pl.{name}",
            lambda _, cells, run=run: _drawn(run, cells),
            "DPVAE of sections",
            "placed",
            frozenset(reads.split()),
            CELLS | {"coordinates"},
            is_pure=True,
            share=0.4,
        )


def placed(world: World) -> AnnData:
    """Cells with measured places, some of them unknown, places that were found, and latents."""
    return _placed(world).copy()


@functools.cache
def _placed(world: World) -> AnnData:
    cells = world.cells("DPVAE of sections", "reference")
    cells.X = cells.layers["values"].copy()
    rng = np.random.default_rng(0)
    places = cells.obsm["spatial"].astype(float)
    cells.obsm["X_dpvae"] = np.round(places @ rng.normal(size=(2, 4)) + rng.normal(size=4))
    cells.obsm["found"] = np.round(places + rng.normal(scale=30, size=places.shape))
    cells.obsm["measured"] = places.copy()
    cells.obsm["measured"][1::5] = np.nan
    dpvae.tl.mirror_symmetry(cells)
    cells.uns["dpvae_mirror_symmetry"]["is_symmetric"] = True
    return cells


def _impute(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    dpvae.tl.impute(cells, **({"sample_key": "slice", "distance_scale": 1.0} | given))
    return cells.obsm[given.get("key_added", "spatial_dpvae")]


def _reconstruct(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    dpvae.tl.reconstruct(cells, **({"sample_key": "slice"} | given))
    return cells.obsm[given.get("key_added", "spatial_dpvae")]


def _snap(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    given = {"positions": np.arange(252.0).reshape(126, 2), "key": "spatial"} | given
    return dpvae.tl.snap(cells, copy=True, **given)


def _score(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    given = {"recovered_key": "found", "sample_key": "slice"} | given
    table = dpvae.tl.score(cells, copy=True, **given)
    return table.select_dtypes("number").to_numpy()


def _procrustes(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    found = dpvae.tl.procrustes(cells, copy=True, **({"recovered_key": "found"} | given))
    return np.r_[found.disparity, found.scale, found.rotation.ravel()]


def _preservation(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    table = dpvae.tl.distance_preservation(cells, copy=True, **({"sample_key": "slice"} | given))
    return table.select_dtypes("number").to_numpy()


def _autocorrelation(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    table = dpvae.tl.autocorrelation(cells, copy=True, **({"sample_key": "slice"} | given))
    return table.select_dtypes("number").to_numpy()


def _autocorrelation_of_latents(_: World, cells: AnnData) -> np.ndarray:
    table = dpvae.tl.autocorrelation(cells, copy=True, use_rep="X_dpvae")
    return table.select_dtypes("number").to_numpy()


def _spatially_variable_genes(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    given = {"layer": "values", "sample_key": "slice", "covariates": ["size"]} | given
    return dpvae.tl.spatially_variable_genes(cells, copy=True, **given).to_numpy()


def _mirror_symmetry(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    table = dpvae.tl.mirror_symmetry(cells, copy=True, **given)
    return table.select_dtypes("number").to_numpy()


def _fold(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    return dpvae.tl.fold(cells, copy=True, **given)


def _unfold(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    reference = placed(world)
    dpvae.tl.unfold(cells, reference, **({"recovered_key": "spatial"} | given))
    return cells.obsm[given.get("key_added", "spatial_unfolded")]


def _paint(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    reference = _placed(world)[:, :10].copy()
    return np.asarray(dpvae.tl.paint(cells, reference, **given).X)


def _paint_onto(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    query = placed(world)
    return np.asarray(dpvae.tl.paint(query, cells[:, :10].copy(), **given).X)


def _join(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    other = placed(world)
    other.X = other.X[::-1]
    path = world.folder / "joint.h5ad"
    joint = dpvae.tl.join(other, cells, **({"sample_key": "slice", "filename": path} | given))
    found = joint.to_memory()[other.n_obs :].X.sum(axis=1)
    return np.asarray(found).reshape(-1, 1)


def _pair_mask(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    given = {"sample_key": "slice", "n_neighbors": 5} | given
    return dpvae.tl.pair_mask(cells, copy=True, **given).toarray()


def _neighborhood_mean(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    given = {"use_rep": "X_dpvae", "sample_key": "slice", "copy": True} | given
    return dpvae.tl.neighborhood_mean(cells, **given)


def _spatial_domains(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    given = {"use_rep": "X_dpvae", "sample_key": "slice", "n_domains": 3, "smooth": 4} | given
    dpvae.tl.spatial_domains(cells, probabilities=True, **given)
    return cells.obsm[f"{given.get('key_added', 'spatial_domain')}_probabilities"]


def _match_genes(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    reference = given.pop("reference", _placed(world))
    return dpvae.tl.match_genes(cells, reference, **given).isna().to_numpy().astype(float)


def _transfer_matrix(_: World, cells: AnnData, **given: Any) -> np.ndarray:
    given = {"models": {"a": Given()}} | given
    table = dpvae.tl.transfer_matrix({"a": cells}, progress_bar=False, **given)
    return table.select_dtypes("number").to_numpy()


def _found(cells: AnnData) -> Posterior:
    """Where each of the cells could be, among all their places: the nearer, the likelier."""
    places = cells.obsm["spatial"].astype(float)
    closeness = np.exp(-cdist(places + 5.0, places) / 50.0)
    chance = csr_matrix(closeness / closeness.sum(axis=1, keepdims=True))
    return Posterior(places, chance, np.arange(len(places)), np.ones(len(places)))


def _posterior(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    dpvae.tl.posterior(cells, **({"found": _found(_placed(world))} | given))
    return cells.obsm[given.get("key_added", "spatial_posterior")]


def _niche_composition(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    reference = _placed(world)
    options = {"reference": reference, "label_key": reference.obs.columns[0]} | given
    dpvae.tl.niche_composition(cells, _found(reference), **options)
    return cells.obsm[options.get("key_added", "niche_composition")].to_numpy()


def _neighborhood_enrichment(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    if isinstance(cells, AnnData):
        cells.obs["kind"] = np.where(np.arange(cells.n_obs) % 3 == 0, "a", "b")
    options = {"cluster_key": "kind", "n_draws": 3} | given
    dpvae.tl.neighborhood_enrichment(cells, _found(_placed(world)), **options)
    return cells.uns[f"{options['cluster_key']}_nhood_enrichment"]["zscore"]


def _mapping(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    reference = _placed(world)
    found = _found(reference)
    return dpvae.tl.mapping(found, cells, **({"reference": reference} | given)).X.toarray()


def _mapping_onto(world: World, cells: AnnData, **given: Any) -> np.ndarray:
    query = _placed(world)
    return dpvae.tl.mapping(_found(query), query, cells, **given).varm["spatial"]


def _over_image(cells: AnnData) -> None:
    section = AnnData(np.zeros((1, 1)))
    factors = {"tissue_hires_scalef": 0.1, "spot_diameter_fullres": 10.0}
    image = {"images": {"hires": np.ones((20, 20, 3))}, "scalefactors": factors}
    section.uns["spatial"] = {"slide": image}
    dpvae.pl.over_image(cells, section, recovered_key="spatial")


class Given:
    """A model that knows all places."""

    def predict_coordinates(self, adata: AnnData) -> np.ndarray:
        return np.arange(2.0 * adata.n_obs).reshape(-1, 2)


def _drawn(run: Any, cells: AnnData) -> None:
    try:
        run(cells)
    finally:
        plt.close("all")


TOOLS: dict[str, tuple[Any, str, dict[str, list[Any]]]] = {
    "impute": (_impute, "coordinates latents sections", SLASHED | KEYS),
    "reconstruct": (_reconstruct, "latents sections", SLASHED | {"n_dims": [0, 4, "2", 1.5]}),
    "snap": (
        _snap,
        "coordinates",
        {"positions": ["a", None, [1, 2], np.full((126, 2), np.nan), np.zeros((3, 2)), 7.0]}
        | {"capacity": [0, -1, "1", 1.5, [1, 2], np.nan]},
    ),
    "score": (_score, "coordinates sections", KEYS | {"recovered_key": ["nothing", 3, None]}),
    "procrustes": (_procrustes, "coordinates", {"recovered_key": ["nothing", 3]}),
    "distance_preservation": (
        _preservation,
        "coordinates latents sections",
        KEYS | {"epsilon": [-1.0, 2.0, "a", np.nan]},
    ),
    "autocorrelation": (
        _autocorrelation,
        "expression coordinates sections",
        KEYS
        | {"genes": ["Gene00", ["nothing"], [], 3], "n_neighbors": [0, 1000, "5", 2.5]}
        | {"layer": ["nothing", 3], "connectivity_key": ["nothing", 3]},
    ),
    "autocorrelation of latents": (_autocorrelation_of_latents, "coordinates latents", {}),
    "mirror_symmetry": (_mirror_symmetry, "expression coordinates", KEYS | SLASHED),
    "fold": (_fold, "coordinates", KEYS | {"sections": [["nothing"], "1", 3, []]}),
    "unfold": (
        _unfold,
        "coordinates latents",
        SLASHED | {"n_neighbors": [0, "a", 1.5], "section": ["nothing", 2, None]},
    ),
    "paint": (_paint, "expression", {"genes": ["Gene00", ["nothing"], [], 3], "layer": ["no", 3]}),
    "paint onto": (_paint_onto, "expression coordinates", {}),
    "posterior": (
        _posterior,
        "",
        SLASHED | {"level": [0, 1, 1.5, -0.1, "0.9", np.nan, None, True], "found": [None, 3, "a"]},
    ),
    "niche_composition": (
        _niche_composition,
        "",
        SLASHED
        | {"label_key": ["nothing", None, 3], "n_neighbors": [0, "5", 2.5, None, 1000]}
        | {"reference": [None, "a"], "sample_key": ["nothing", 3], "spatial_key": ["nothing", 3]},
    ),
    "neighborhood_enrichment": (
        _neighborhood_enrichment,
        "",
        {"cluster_key": ["nothing", None, 3], "n_neighbors": [0, "5", 2.5], "seed": [-1, "a", None]}
        | {"n_draws": [0, "5", 2.5, None], "level": [0, 1, "0.9", np.nan, None, True]},
    ),
    "mapping": (_mapping, "", {"reference": [None, "a", 3], "spatial_key": ["nothing", None, 3]}),
    "mapping onto": (_mapping_onto, "coordinates", {}),
    "pair_mask": (
        _pair_mask,
        "coordinates sections",
        KEYS
        | {"kind": ["far", None, "radius", "labels", "given"], "n_neighbors": [0, "5", [], 1.5]},
    ),
    "neighborhood_mean": (
        _neighborhood_mean,
        "coordinates latents sections",
        KEYS | {"n_neighbors": [0, 1000, "5", 2.5], "use_rep": ["nothing", 3, None]},
    ),
    "spatial_domains": (
        _spatial_domains,
        "coordinates latents sections",
        KEYS
        | {"n_domains": [0, 1, 127, "3", 2.5, None, True], "use_rep": ["nothing", 3, None]}
        | {"smooth": [-1, 1000, "5", 2.5, None], "method": ["kmeans", None, 3]}
        | {"key_added": ["a/b", "", 3, None, "slice", ("a",)], "seed": [-1, "a", 1.5]},
    ),
    "match_genes": (_match_genes, "", {"reference": ["Gene00", 3, None, [], [1, 2], ["a", "a"]]}),
    "join": (_join, "expression coordinates sections batches", KEYS | {"layer": ["nothing", 3]}),
    "transfer_matrix": (
        _transfer_matrix,
        "coordinates",
        {"held_out": [0, 1, "a", np.nan], "models": [None, 3, {}, {"b": Given()}, {"a": 3}]},
    ),
}
PLOTS: dict[str, tuple[Any, str]] = {
    "reconstruction": (lambda c: dpvae.pl.reconstruction(c, recovered_key="found"), "coordinates"),
    "cell_error": (lambda c: dpvae.pl.cell_error(c, recovered_key="found"), "coordinates"),
    "residuals": (lambda c: dpvae.pl.residuals(c, recovered_key="found"), "coordinates"),
    "shepard": (lambda c: dpvae.pl.shepard(c), "coordinates latents"),
    "over_image": (_over_image, "coordinates"),
    "reconstruction by gene": (
        lambda c: dpvae.pl.reconstruction(c, recovered_key="found", color="Gene00"),
        "coordinates expression",
    ),
    "anchors": (
        lambda c: dpvae.pl.anchors(
            c, np.arange(126) % 2 == 0, free_key="found", anchored_key="found"
        ),
        "coordinates",
    ),
}
