"""Changes of a whole AnnData: its order, its genes, its index, its container, its leftovers."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
from anndata import AnnData
from tests.fuzz.change import Change

Changed = tuple[AnnData, np.ndarray | None]


def cells_changes() -> Iterator[Change]:
    """Go through all changes of an AnnData; each gives it and, if changed, the rows it had."""
    for name, make in NOT_READ.items():
        yield Change("cells", name, _in_place(make), same="any", may_be_refused=False)
    for name, make in FORMS.items():
        yield Change("cells", name, make, same="any")
    for name, make in OF_A_QUERY.items():
        yield Change("cells", name, make, same="places")
    for name, make in OF_GENES.items():
        yield Change("cells", name, make, same="by gene")
    yield Change("cells", "backed", _backed, same="on disk")
    for name, (make, refused) in FAULTS.items():
        yield Change("cells", name, make, refused=refused)


def _in_place(change: Callable[[AnnData, np.random.Generator], None]) -> Callable[..., Changed]:
    def make(cells: AnnData, rng: np.random.Generator) -> Changed:
        change(cells, rng)
        return cells, None

    return make


def _dense(cells: AnnData) -> AnnData:
    cells.X = cells.X.toarray()
    for name in cells.layers.keys() - {None}:  # which is X in anndata 0.13
        cells.layers[name] = cells.layers[name].toarray()
    return cells


def _wider(cells: AnnData) -> AnnData:
    """The cells with others among them, and genes with others among them."""
    n_obs = cells.n_obs
    cells = anndata.concat([cells, cells[: n_obs // 2]], index_unique="-", merge="same")
    cells.obs_names = [f"c{row}" for row in range(cells.n_obs)]
    return cells


def _view(cells: AnnData) -> Changed:
    n_obs, wide = cells.n_obs, _wider(cells)
    return wide[np.arange(wide.n_obs) < n_obs], None


def _view_of_rows(cells: AnnData, rng: np.random.Generator) -> Changed:
    rows = rng.permutation(cells.n_obs)
    return cells[rows], rows


def _shuffled(cells: AnnData, rng: np.random.Generator) -> Changed:
    rows = rng.permutation(cells.n_obs)
    return cells[rows].copy(), rows


def _some(cells: AnnData, rng: np.random.Generator) -> Changed:
    rows = np.sort(rng.permutation(cells.n_obs)[: 2 * cells.n_obs // 3])
    return cells[rows].copy(), rows


def _twice(cells: AnnData, _: Any) -> Changed:
    both = anndata.concat([cells, cells], merge="same")  # names of cells occur twice
    return both, np.tile(np.arange(cells.n_obs), 2)


def _genes_shuffled(cells: AnnData, rng: np.random.Generator) -> Changed:
    return cells[:, rng.permutation(cells.n_vars)].copy(), None


def _more_genes(cells: AnnData, rng: np.random.Generator) -> Changed:
    other = cells[:, : cells.n_vars // 2].copy()
    other.var_names = [f"other_{name}" for name in other.var_names]
    both = anndata.concat([cells, other], axis=1, merge="first")
    return both[:, rng.permutation(both.n_vars)].copy(), None


def _backed(cells: AnnData, _: Any) -> Changed:
    folder = tempfile.mkdtemp(prefix="dpvae-fuzz-")
    path = Path(folder) / "cells.h5ad"
    cells.write_h5ad(path)
    return anndata.read_h5ad(path, backed="r"), None


def _closed(cells: AnnData, rng: np.random.Generator) -> Changed:
    backed, _ = _backed(cells, rng)
    backed.file.close()
    return backed, None


def _removed(cells: AnnData, rng: np.random.Generator) -> Changed:
    backed, _ = _backed(cells, rng)
    path = Path(backed.filename)
    backed.file.close()
    path.unlink()
    return backed, None


def _names(rename: Callable[[pd.Index], Any]) -> Callable[..., Changed]:
    def make(cells: AnnData, _: Any) -> Changed:
        cells.obs.index = rename(cells.obs_names)
        return cells, None

    return make


def _genes(rename: Callable[[pd.Index], Any]) -> Callable[..., Changed]:
    def make(cells: AnnData, _: Any) -> Changed:
        cells.var.index = pd.Index(rename(cells.var_names))
        return cells, None

    return make


def _junk_in_obs(cells: AnnData, rng: np.random.Generator) -> None:
    n = cells.n_obs
    cells.obs["objects"] = pd.Series([object() for _ in range(n)], cells.obs_names)
    cells.obs["lists"] = pd.Series([[1] for _ in range(n)], cells.obs_names)
    cells.obs["mixed"] = pd.Series([1, "b", None, 2.0] * n, dtype=object)[:n].to_numpy()
    cells.obs["missing"] = pd.array(rng.integers(0, 2, n), dtype="Int64")
    cells.obs[7] = 1.0
    cells.obs[("a", 1)] = "tuple"


def _junk_in_obsm(cells: AnnData, rng: np.random.Generator) -> None:
    n = cells.n_obs
    cells.obsm["table"] = pd.DataFrame({"a": ["x"] * n, "b": [None] * n}, index=cells.obs_names)
    cells.obsm["cube"] = rng.normal(size=(n, 2, 2))
    cells.obsm["text"] = np.full((n, 2), "a")


def _junk_in_uns(cells: AnnData, _: Any) -> None:
    cells.uns |= {"function": len, "none": None, "nested": {"a": {"b": [1, {2}]}}, 3: object()}
    cells.uns["spatial"] = {"library": {"images": {}, "scalefactors": {"spot_diameter": 1.0}}}


def _leftovers_of_scvi(cells: AnnData, _: Any) -> None:
    """What another model of scvi-tools leaves in an AnnData."""
    cells.uns["_scvi_uuid"] = "00000000-0000-0000-0000-000000000000"
    cells.uns["_scvi_manager_uuid"] = "00000000-0000-0000-0000-000000000001"
    cells.obs["_scvi_batch"] = 5
    cells.obs["_scvi_labels"] = "x"
    cells.obs["_scvi_section"] = 9


def _leftovers_of_dpvae(cells: AnnData, _: Any) -> None:
    cells.obsm["_dpvae_coordinates"] = np.full((cells.n_obs, 3), np.inf)
    cells.obs["_dpvae_row"] = "x"
    cells.uns["dpvae"] = None


def _raw(cells: AnnData, _: Any) -> None:
    cells.raw = cells[:, ::-1].copy()


def _junk_in_var(cells: AnnData, _: Any) -> None:
    cells.var["objects"] = [object() for _ in range(cells.n_vars)]
    cells.varm["PCs"] = np.full((cells.n_vars, 2), np.nan)
    cells.var.index.name = "gene"
    cells.obs.index.name = "section"


def _other_layers(cells: AnnData, _: Any) -> None:
    cells.layers["broken"] = np.full(cells.shape, np.nan)
    cells.layers["words"] = np.full(cells.shape, "a")


NOT_READ: dict[str, Callable[[AnnData, np.random.Generator], None]] = {
    "junk in obs": _junk_in_obs,
    "junk in obsm": _junk_in_obsm,
    "junk in uns": _junk_in_uns,
    "junk in var": _junk_in_var,
    "broken layers": _other_layers,
    "leftovers of another model": _leftovers_of_scvi,
    "leftovers of this package": _leftovers_of_dpvae,
    "raw": _raw,
}
FORMS: dict[str, Callable[..., Changed]] = {
    "view with dense X": lambda c, _: _view(_dense(c)),
    "view with sparse X": lambda c, _: _view(c),
    "view of genes": lambda c, r: (_more_genes(c, r)[0][:, c.var_names], None),
    "cells named by numbers": _names(lambda n: pd.RangeIndex(len(n))),
    "cells named by floats": _names(lambda n: pd.Index(np.arange(len(n)) / 2)),
    "cells named by dates": _names(lambda n: pd.date_range("2020-01-01", periods=len(n))),
    "cells named by categories": _names(pd.CategoricalIndex),
    "cells named by mixed types": _names(lambda n: pd.Index([1, *n[1:]], dtype=object)),
    "cells of one name": _names(lambda n: pd.Index(["cell"] * len(n))),
    "genes named by categories": _genes(pd.CategoricalIndex),
    "genes as string": _genes(lambda n: n.astype("string")),
}
OF_A_QUERY: dict[str, Callable[..., Changed]] = {
    "cells in another order": _shuffled,
    "view of cells in another order": _view_of_rows,
    "some of the cells": _some,
    "cells twice": _twice,
}
OF_GENES: dict[str, Callable[..., Changed]] = {
    "genes in another order": _genes_shuffled,
    "more genes": _more_genes,
}
FAULTS: dict[str, tuple[Callable[..., Changed], str]] = {
    "no cells": (lambda c, _: (c[:0].copy(), None), "cells"),
    "one cell": (lambda c, _: (c[:1].copy(), None), "learns"),
    "no genes": (lambda c, _: (c[:, :0].copy(), None), "genes"),
    "one gene": (lambda c, _: (c[:, :1].copy(), None), "genes of the reference"),
    "two genes": (lambda c, _: (c[:, :2].copy(), None), "genes of the reference"),
    "a gene less": (lambda c, _: (c[:, 1:].copy(), None), "genes of the reference"),
    "genes in upper case": (_genes(lambda n: n.str.upper()), "genes of the reference"),
    "genes with versions": (_genes(lambda n: n + ".1"), "genes of the reference"),
    "genes named by numbers": (_genes(lambda n: np.arange(len(n))), "genes of the reference"),
    "genes of one name": (_genes(lambda n: ["gene"] * len(n)), "genes"),
    "a gene twice": (_genes(lambda n: [n[1], *n[1:]]), "genes"),
    "a gene named NaN": (_genes(lambda n: [np.nan, *n[1:]]), "genes of the reference"),
    "a gene named None": (_genes(lambda n: [None, *n[1:]]), "genes of the reference"),
    "file closed": (_closed, ""),
    "file removed": (_removed, ""),
    "not an AnnData: path": (lambda *_: ("cells.h5ad", None), "any"),
    "not an AnnData: table": (lambda c, _: (c.to_df(), None), "any"),
    "not an AnnData: array": (lambda c, _: (c.X, None), "any"),
    "not an AnnData: None": (lambda *_: (None, None), ""),
    "not an AnnData: dictionary": (lambda c, _: ({"cells": c}, None), "any"),
}


def closed_again(cells: Any) -> None:
    """Close the file of a backed AnnData and delete it."""
    filename = getattr(cells, "filename", None) if isinstance(cells, AnnData) else None
    if filename is not None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            cells.file.close()
        Path(filename).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            Path(filename).parent.rmdir()
