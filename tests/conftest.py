import logging
import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from inspect import signature
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData

from dpvae._models import MODELS
from dpvae.datasets import simulated_tissue

QUICK = {"n_hidden": 32, "n_layers": 1}
QUIET = {"enable_progress_bar": False}
OF_ONE_REFERENCE = [name for name, entry in MODELS.items() if not entry.joins]
FORMS = ("h5ad", "dense h5ad", "zarr", "dense zarr", "dask")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a fixture that trains: such a fixture takes the fixture ``trains``."""
    for item in items:
        if "trains" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.trains)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test that trains a model and is not marked so fails."""
    from lightning.pytorch import Trainer

    def refuse(*_args: object, **_arguments: object) -> None:
        pytest.fail("This test trains a model: mark it with pytest.mark.trains.", pytrace=False)

    may_train = {"trains", "slow"} & {mark.name for mark in item.iter_markers()}
    with pytest.MonkeyPatch.context() as patch:
        if isinstance(item, pytest.Function) and not may_train:  # examples may train, too
            patch.setattr(Trainer, "fit", refuse)
        return (yield)


def of_the_package(found: Iterable[warnings.WarningMessage]) -> list[warnings.WarningMessage]:
    """Leave out what anndata 0.13 warns of with pandas 3."""
    return [warning for warning in found if "option is deprecated" not in str(warning.message)]


def seed_everything() -> None:
    import scvi

    scvi.settings.seed = 0


@pytest.fixture(autouse=True)
def _quiet_and_seeded():
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    seed_everything()


@pytest.fixture(scope="session")
def trains() -> None:
    """Asked for by every fixture that trains, so that tests which use it are marked."""


@pytest.fixture
def counts() -> AnnData:
    """A section of 240 cells with raw counts of 40 genes."""
    return simulated_tissue(240, 40, seed=0)


@pytest.fixture
def expression(counts: AnnData) -> AnnData:
    """The same section, log-normalised."""
    return log_normalized(counts)


@pytest.fixture
def sections() -> AnnData:
    """Three log-normalised sections in unrelated frames."""
    return log_normalized(simulated_tissue(240, 40, n_sections=3, seed=0))


def quick_options(model_class: Any) -> dict[str, int]:
    """Sizes of a quick network, as far as the model takes them."""
    parameters = signature(model_class.__init__).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {name: size for name, size in QUICK.items() if takes_any or name in parameters}


@pytest.fixture(scope="session")
def trained_kind(trains: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:  # noqa: ARG001
    """Give the directory of a small trained model of the table, by its name there.

    Its reference are the first 180 of ``counts`` or ``expression``.
    """
    folder = tmp_path_factory.mktemp("trained")

    def path_of(kind: str) -> Path:
        path = folder / kind
        if not path.exists():
            model_class = MODELS[kind].load()
            cells = simulated_tissue(240, 40, seed=0)
            cells = cells if model_class.values.are_counts else log_normalized(cells)
            reference = cells[:180].copy()
            model_class.setup_anndata(reference)
            seed_everything()
            model = model_class(reference, **quick_options(model_class))
            model.train(max_epochs=40, batch_size=32, **QUIET)
            model.save(path)
        return path

    return path_of


@pytest.fixture(scope="session")
def trained(trained_kind: Callable[[str], Path]) -> Path:
    """Directory of a small trained DPVAE, whose reference are the first 180 of ``expression``."""
    return trained_kind("dpvae")


@pytest.fixture(scope="session")
def trained_counts(trained_kind: Callable[[str], Path]) -> Path:
    """Directory of a small trained DPSCVI, whose reference are the first 180 of ``counts``."""
    return trained_kind("dpscvi")


@pytest.fixture(scope="session")
def real_file() -> Callable[[str], Path]:
    """Path of a file among the real sections; skip where they are not at hand."""
    here = Path(__file__).parents[1]
    folder = Path(os.environ.get("DPVAE_TEST_DATA", here.parent / "shared" / "data"))

    def path_of(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"no real sections: neither DPVAE_TEST_DATA nor {folder} holds {name}")
        return path

    return path_of


@pytest.fixture(scope="session")
def real_section(real_file: Callable[[str], Path]) -> Callable[[str], AnnData]:
    """Read a real section by the name of its file; skip where the sections are not at hand."""

    def read(name: str) -> AnnData:
        adata = anndata.read_h5ad(real_file(f"{name}.h5ad"))
        adata.X = adata.X.astype(np.float32)
        return adata

    return read


def log_normalized(adata: AnnData) -> AnnData:
    adata = adata.copy()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    return adata


@pytest.fixture(params=FORMS)
def on_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., AnnData]]:
    """Write an AnnData to disk and open it again, in every form that expression can have there."""
    with ExitStack() as open_files:

        def write(adata: AnnData, name: str = "section") -> AnnData:
            return opened(adata, request.param, tmp_path / name, open_files)

        yield write


@pytest.fixture
def backed(tmp_path: Path) -> Iterator[Callable[..., AnnData]]:
    """Write an AnnData to an h5ad file and open it again in backed mode."""
    with ExitStack() as open_files:

        def write(adata: AnnData, name: str = "section") -> AnnData:
            return opened(adata, "h5ad", tmp_path / name, open_files)

        yield write


def opened(adata: AnnData, form: str, path: Path, open_files: ExitStack) -> AnnData:
    adata = adata.copy()
    if form.startswith("dense"):
        adata.X = adata.X.toarray()
    if form.endswith("h5ad"):
        adata.write_h5ad(path)
        found = anndata.read_h5ad(path, backed="r")
        open_files.callback(found.file.close)
        return found
    if form == "dask":
        lazy = pytest.importorskip("anndata.experimental")
        pytest.importorskip("dask")
        file = open_files.enter_context(h5py.File(path, "w"))
        anndata.io.write_elem(file, "X", adata.X)
        matrix = lazy.read_elem_lazy(file["X"], chunks=(50, adata.n_vars))
    else:
        zarr = pytest.importorskip("zarr")
        group = zarr.open_group(str(path), mode="w")
        with warnings.catch_warnings(action="ignore"):
            anndata.io.write_elem(group, "X", adata.X)
        is_dense = form.startswith("dense")
        matrix = group["X"] if is_dense else anndata.io.sparse_dataset(group["X"])
    return AnnData(matrix, obs=adata.obs, var=adata.var, obsm=dict(adata.obsm))


def tissue_with_pattern(
    pattern: Callable[[np.ndarray], np.ndarray],
    *,
    n_dims: int = 2,
    n_cells: int = 1500,
    is_cut: bool = True,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy genes, smooth in ``pattern(places)``, and places in a disc or ball, cut askew."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(n_cells, n_dims))
    radius = rng.uniform(size=(n_cells, 1)) ** (1.0 / n_dims)
    places *= radius / np.linalg.norm(places, axis=1, keepdims=True)
    if is_cut:
        places = places[places @ np.r_[0.8, 0.6, np.zeros(n_dims - 2)] < 0.7]
    features = pattern(places)
    waves = 4.0 * rng.normal(size=(features.shape[1], 40))
    genes = np.cos(features @ waves + rng.uniform(0, 2 * np.pi, 40))
    return genes + 0.5 * rng.normal(size=genes.shape), places
