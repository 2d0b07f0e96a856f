"""Which technology a cell was measured with, and which genes each of them measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scvi.data.fields import CategoricalObsField, ObsmField

from dpvae._data.arguments import check_is_anndata
from dpvae._data.counted import counted
from dpvae._data.names import as_text
from dpvae._keys import OBSM, REGISTRY, VARM
from dpvae.geometry import check_coordinates, known_rows
from dpvae.model.data.minified import is_minified

FEWEST_SHARED = 10
FEWEST_CELLS = 20
MOST_COMPONENTS = 50
JOIN = "Make adata with dpvae.tl.join(cells, tissue), which writes it."


def check_has_technology(adata: AnnData, key: str) -> None:
    """Raise if no column of ``obs`` of this name says with which technology cells were measured."""
    check_is_anndata(adata)
    if key not in adata.obs:
        message = (
            f"There is no adata.obs[{key!r}], which says which technology measured a cell. {JOIN}"
        )
        raise KeyError(message)


@dataclass(frozen=True, eq=False)
class Technologies:
    """The technologies of a reference.

    Parameters
    ----------
    key
        Column of ``obs`` that names them.
    names
        Their names, in the order of their codes, shape ``(n_technologies,)``.
    measured
        Whether each measured a gene, shape ``(n_technologies, n_genes)``.
    imaged
        Whether places of its cells are known, shape ``(n_technologies,)``.
    """

    key: str
    names: NDArray[np.str_]
    measured: NDArray[np.bool_]
    imaged: NDArray[np.bool_]

    @classmethod
    def of(cls, registry: Mapping[str, Any]) -> "Technologies | None":
        """Read them from what scvi-tools keeps of a registered AnnData; ``None`` if none are."""
        field = registry["field_registries"].get(REGISTRY.technology)
        if field is None:
            return None
        state = field["state_registry"]
        return cls(
            key=registry["setup_args"]["technology_key"],
            names=_names(state),
            measured=np.asarray(state[TechnologyField.MEASURED_KEY], dtype=bool),
            imaged=np.asarray(state[TechnologyField.IMAGED_KEY], dtype=bool),
        )

    @property
    def shared(self) -> NDArray[np.bool_]:
        """Whether all technologies measured a gene, shape ``(n_genes,)``."""
        return np.asarray(self.measured.all(axis=0))

    def measured_in(self, cells: AnnData) -> NDArray[np.bool_]:
        """Whether one of the technologies of some cells measured a gene, shape ``(n_genes,)``."""
        return np.asarray(self.measured[np.unique(self.codes(cells))].any(axis=0))

    def codes(self, cells: AnnData) -> NDArray[np.intp]:
        """Give the code of each cell's technology, shape ``(n_cells,)``.

        Raises
        ------
        KeyError
            If no column names the technologies.
        ValueError
            If the reference does not have one of them.
        """
        if self.key not in cells.obs:
            message = (
                f"There is no obs[{self.key!r}]: write into it which technology each cell was "
                f"measured with, one of {self.names.tolist()}."
            )
            raise KeyError(message)
        found = pd.Index(self.names).get_indexer(pd.Index(as_text(cells.obs[self.key])))
        if (found < 0).any():
            new = sorted(set(as_text(cells.obs[self.key][found < 0])))
            message = (
                f"obs[{self.key!r}] has {new}, but the model knows {self.names.tolist()}: name the "
                "technology as the reference does; of another one the model knows nothing."
            )
            raise ValueError(message)
        return np.asarray(found, dtype=np.intp)


class TechnologyField(CategoricalObsField):
    """The technology of every cell, and which genes each technology measured."""

    MEASURED_KEY = "measured"
    IMAGED_KEY = "imaged"

    def __init__(self, technology_key: str, spatial_key: str) -> None:
        super().__init__(REGISTRY.technology, technology_key)
        self.technology_key = technology_key
        self.spatial_key = spatial_key

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Read which technology measured which gene; raise if they cannot be joined."""
        state: dict[str, Any] = super().register_field(adata)
        names = _names(state)
        technology = as_text(adata.obs[self.technology_key])
        _check_used(names, technology, self.technology_key)
        measured = _measured(adata, names, self.technology_key)
        _check_enough(names, measured, technology)
        known = known_rows(check_coordinates(adata.obsm[self.spatial_key]))
        imaged = np.isin(names, technology[known])
        return {**state, self.MEASURED_KEY: measured, self.IMAGED_KEY: imaged}

    def transfer_field(
        self, state_registry: dict[str, Any], adata_target: AnnData, **kwargs: Any
    ) -> dict[str, Any]:
        """Keep what the reference's technologies measured; a query has no others."""
        kwargs["extend_categories"] = False
        state: dict[str, Any] = super().transfer_field(state_registry, adata_target, **kwargs)
        kept = {key: state_registry[key] for key in (self.MEASURED_KEY, self.IMAGED_KEY)}
        return {**state, **kept}


class NeighborhoodField(ObsmField):
    """Components of the mean of each cell's neighbours; NaN until a model computes them."""

    def __init__(self, technology_key: str) -> None:
        super().__init__(REGISTRY.neighborhood, OBSM.neighborhood)
        self.technology_key = technology_key

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Keep a place for them."""
        names = np.unique(as_text(adata.obs[self.technology_key]))
        n_shared = int(_measured(adata, names, self.technology_key).all(axis=0).sum())
        return self._unknown(adata, n_neighborhood(n_shared))

    def transfer_field(
        self, state_registry: dict[str, Any], adata_target: AnnData, **_: Any
    ) -> dict[str, Any]:
        """Keep as many places as the reference has."""
        return self._unknown(adata_target, len(state_registry[self.COLUMN_NAMES_KEY]))

    def _unknown(self, adata: AnnData, n_components: int) -> dict[str, Any]:
        if not (is_minified(adata) and OBSM.neighborhood in adata.obsm):
            unknown = np.full((adata.n_obs, n_components), np.nan, np.float32)
            adata.obsm[OBSM.neighborhood] = unknown
        return {self.COLUMN_NAMES_KEY: np.arange(n_components)}


def n_neighborhood(n_shared: int) -> int:
    """How many components describe a neighbourhood."""
    return min(MOST_COMPONENTS, max(n_shared // 2, 1))


def _names(state: Mapping[str, Any]) -> NDArray[np.str_]:
    """Names of technologies, in the order of their codes."""
    names = as_text(pd.Series(state[TechnologyField.CATEGORICAL_MAPPING_KEY]))
    return np.asarray(names, dtype=np.str_)


def _measured(adata: AnnData, names: NDArray[np.str_], key: str) -> NDArray[np.bool_]:
    if VARM.measured not in adata.varm:
        message = (
            f"There is no adata.varm[{VARM.measured!r}], which says which technology measured "
            f"which gene. {JOIN}"
        )
        raise KeyError(message)
    table = adata.varm[VARM.measured]
    columns = (
        [] if not isinstance(table, pd.DataFrame) else as_text(pd.Series(table.columns)).tolist()
    )
    missing = [str(name) for name in names if name not in columns]
    if missing:
        message = (
            f"adata.varm[{VARM.measured!r}] has no column for {missing} of adata.obs[{key!r}]: it "
            f"is a table with a column for each technology. {JOIN}"
        )
        raise ValueError(message)
    found = table.iloc[:, [columns.index(name) for name in names]].astype(object)
    if not found.isin([True, False]).all(axis=None):
        message = (
            f"adata.varm[{VARM.measured!r}] holds other values than True and False, and it is not "
            f"known which genes were measured. {JOIN}"
        )
        raise ValueError(message)
    return np.asarray(found, dtype=bool).T


def _check_used(names: NDArray[np.str_], technology: pd.Series, key: str) -> None:
    unused = sorted(set(names.tolist()) - set(technology))
    if unused:
        column = f"adata.obs[{key!r}]"
        message = (
            f"No cell is of the category {unused[0]!r} of {column}: run {column} = "
            f"{column}.cat.remove_unused_categories()."
        )
        raise ValueError(message)


def _check_enough(
    names: NDArray[np.str_], measured: NDArray[np.bool_], technology: pd.Series
) -> None:
    if len(names) < 2:
        message = (
            f"adata has one technology, {names.tolist()}: this model joins two or more, such as "
            "dissociated cells and imaged tissue. For tissue alone use SPAVAE or DPVAE."
        )
        raise ValueError(message)
    n_shared = int(measured.all(axis=0).sum())
    if n_shared < FEWEST_SHARED:
        message = (
            f"{n_shared} genes were measured by all of {names.tolist()}, {FEWEST_SHARED} are "
            "needed. dpvae.tl.match_genes(cells, tissue) shows whether they have other names."
        )
        raise ValueError(message)
    counts = technology.value_counts()
    if counts.min() < FEWEST_CELLS:
        message = (
            f"Technology {counts.idxmin()!r} has {counted(counts.min(), 'cell')}, {FEWEST_CELLS} "
            "are needed "
            "to know how its genes vary: leave it out."
        )
        raise ValueError(message)
