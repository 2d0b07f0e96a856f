"""Where a model finds coordinates and sections in an AnnData."""

from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scvi import REGISTRY_KEYS
from scvi.data import AnnDataManager
from scvi.data.fields import CategoricalObsField, LayerField, NumericalObsField, ObsmField

from dpvae._data.expression import expression_name, value_kind
from dpvae._data.matrix_on_disk import open_matrix
from dpvae._data.section import section_codes
from dpvae._keys import OBSM, REGISTRY
from dpvae.geometry import (
    check_coordinate_rows,
    check_coordinates,
    coordinate_unit,
    standard_coordinates,
)
from dpvae.model.data.given_coordinates import unit_name


class ExpressionField(LayerField):
    """Expression of the cells, and the kind of its values: counts, logarithms or scaled ones."""

    KIND_KEY = "kind"

    def __init__(self, layer: str | None) -> None:
        super().__init__(REGISTRY_KEYS.X_KEY, layer, is_count_data=False)
        self.layer = layer

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Remember of which kind the values are."""
        if np.ma.isMaskedArray(self.get_field_data(adata)):
            name = expression_name(self.layer)
            message = f"{name} is a masked array: make it a plain one, {name} = {name}.filled(0)."
            raise ValueError(message)
        state: dict[str, Any] = super().register_field(adata)
        return {**state, self.KIND_KEY: value_kind(adata, self.layer)}

    def transfer_field(
        self, state_registry: dict[str, Any], adata_target: AnnData, **kwargs: Any
    ) -> dict[str, Any]:
        """Keep the kind of the reference's values."""
        state: dict[str, Any] = super().transfer_field(state_registry, adata_target, **kwargs)
        return {**state, self.KIND_KEY: state_registry.get(self.KIND_KEY)}


def registered_expression(manager: AnnDataManager) -> Any:
    """Expression of a registered AnnData; of what is on disk, rows are read when used."""
    return open_matrix(manager.get_from_registry(REGISTRY_KEYS.X_KEY))


class CoordinatesField(ObsmField):
    """Tissue coordinates, centred per section.

    What the model reads is ``adata.obsm["_dpvae_coordinates"]``: the coordinates minus the centre
    of their section, in their own unit, so that single precision is enough for any offset. Cells
    of unknown place have NaN there, as has every cell of a query without coordinates.

    Parameters
    ----------
    spatial_key
        Key of the coordinates in ``adata.obsm``.
    section_key
        Column of ``adata.obs`` that names the section of a cell, or ``None``.
    """

    UNIT_KEY = "unit"
    UNIT_NAME_KEY = "unit_name"
    N_DIMS_KEY = "n_dims"

    def __init__(self, spatial_key: str, section_key: str | None) -> None:
        super().__init__(REGISTRY.coordinates, OBSM.centered)
        self.spatial_key = spatial_key
        self.section_key = section_key

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Centre the reference's coordinates and measure their unit."""
        name = f"adata.obsm[{self.spatial_key!r}]"
        coordinates = check_coordinates(adata.obsm[self.spatial_key], name=name)
        section = section_codes(adata, self.section_key)
        adata.obsm[OBSM.centered] = standard_coordinates(coordinates, section, 1.0)
        return {
            self.COLUMN_NAMES_KEY: np.arange(coordinates.shape[1]),
            self.UNIT_KEY: coordinate_unit(coordinates, section),
            self.UNIT_NAME_KEY: unit_name(adata, self.spatial_key),
            self.N_DIMS_KEY: coordinates.shape[1],
        }

    def transfer_field(
        self, state_registry: dict[str, Any], adata_target: AnnData, **_: Any
    ) -> dict[str, Any]:
        """Centre a query's coordinates; if it has none, every place is unknown."""
        n_dims = state_registry[self.N_DIMS_KEY]
        centered = np.full((adata_target.n_obs, n_dims), np.nan)
        if self.spatial_key in adata_target.obsm:
            name = f"adata.obsm[{self.spatial_key!r}]"
            coordinates = check_coordinate_rows(adata_target.obsm[self.spatial_key], name=name)
            check_n_dims(coordinates, n_dims, name)
            section = section_codes(adata_target, self.section_key)
            centered = standard_coordinates(coordinates, section, 1.0)
        adata_target.obsm[OBSM.centered] = centered
        return dict(state_registry)


class SectionField(CategoricalObsField):
    """The section of every cell. A query may have none, or sections of its own."""

    def __init__(self, section_key: str | None) -> None:
        super().__init__(REGISTRY.section, section_key)

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Give numbers to sections that have cells: a column may name others."""
        state: dict[str, Any] = super().register_field(adata)
        codes = adata.obs[self.attr_key]
        used, numbers = np.unique(codes, return_inverse=True)
        adata.obs[self.attr_key] = numbers.astype(codes.dtype)
        names = state[self.CATEGORICAL_MAPPING_KEY]
        return {**state, self.CATEGORICAL_MAPPING_KEY: names[used]}

    def transfer_field(
        self, state_registry: dict[str, Any], adata_target: AnnData, **kwargs: Any
    ) -> dict[str, Any]:
        """Give a query's new sections the numbers that follow the reference's."""
        kwargs["extend_categories"] = True
        state: dict[str, Any] = super().transfer_field(state_registry, adata_target, **kwargs)
        return state


class RowField(NumericalObsField):
    """The row of every cell, by which a minibatch finds its pairs in the mask."""

    def __init__(self) -> None:
        super().__init__(REGISTRY.row, "_dpvae_row")

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Give every cell its number."""
        adata.obs[self.attr_key] = np.arange(adata.n_obs)
        state: dict[str, Any] = super().register_field(adata)
        return state

    def transfer_field(
        self, state_registry: dict[str, Any], adata_target: AnnData, **kwargs: Any
    ) -> dict[str, Any]:
        """Give every cell of a query its number."""
        adata_target.obs[self.attr_key] = np.arange(adata_target.n_obs)
        state: dict[str, Any] = super().transfer_field(state_registry, adata_target, **kwargs)
        return state


def check_n_dims(coordinates: NDArray[np.float64], n_dims: int, name: str) -> None:
    """Raise if a query's coordinates have other dimensions than the reference's."""
    if coordinates.shape[1] != n_dims:
        message = (
            f"{name} of the query has {coordinates.shape[1]} columns, the reference's "
            f"{n_dims}. Give coordinates of {n_dims} dimensions, or delete the key: a query needs "
            "no coordinates."
        )
        raise ValueError(message)
