"""How a model was set up: where it finds things in an AnnData, and what it found there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from dpvae._keys import REGISTRY
from dpvae.model.data.technology import Technologies


@dataclass(frozen=True, eq=False)
class Setup:
    """What :meth:`setup_anndata` of a model was given, and what it found.

    Parameters
    ----------
    model_name
        Name of the class of the model.
    arguments
        Arguments of ``setup_anndata``.
    genes
        Names of the genes, in the order of the model.
    n_cells
        Number of cells of the reference.
    kind
        Kind of the values: ``"counts"``, ``"logarithms"`` or ``"scaled"``.
    sections
        Names of the sections, in the order of their codes.
    code_column
        Column of ``obs`` that holds the codes of the sections.
    n_dims
        Number of coordinates.
    unit
        Size of the tissue, in the unit of the coordinates.
    categories
        Further columns of ``obs`` that are read, with their categories; ``None`` for numbers.
    technologies
        The technologies, for a model of several; ``None`` for others.
    unit_name
        Name of the unit of the coordinates, such as ``"micrometer"``; ``None`` if it is not known.
    """

    model_name: str
    arguments: Mapping[str, Any]
    genes: pd.Index
    n_cells: int
    kind: str | None
    sections: NDArray[Any]
    code_column: str
    n_dims: int
    unit: float
    categories: Mapping[str, NDArray[Any] | None]
    technologies: Technologies | None = None
    unit_name: str | None = None

    @classmethod
    def of(cls, registry: Mapping[str, Any]) -> "Setup":
        """Read it from what scvi-tools keeps of a registered AnnData."""
        fields = registry["field_registries"]
        expression = fields["X"]["state_registry"]
        coordinates = fields[REGISTRY.coordinates]["state_registry"]
        section = fields[REGISTRY.section]
        return cls(
            model_name=registry["model_name"],
            arguments=registry["setup_args"],
            genes=pd.Index(expression["column_names"]),
            n_cells=expression["n_obs"],
            kind=expression.get("kind"),
            sections=section["state_registry"]["categorical_mapping"],
            code_column=section["data_registry"]["attr_key"],
            n_dims=int(coordinates["n_dims"]),
            unit=float(coordinates["unit"]),
            categories=_categories(registry),
            technologies=Technologies.of(registry),
            unit_name=coordinates.get("unit_name"),
        )

    @property
    def layer(self) -> str | None:
        """Layer of the expression; ``None`` for ``X``."""
        layer: str | None = self.arguments["layer"]
        return layer

    @property
    def spatial_key(self) -> str:
        """Key of the coordinates in ``obsm``."""
        key: str = self.arguments["spatial_key"]
        return key

    @property
    def section_key(self) -> str | None:
        """Column of ``obs`` that names the sections, if one does."""
        return section_column(self.arguments)

    @property
    def mask_key(self) -> str | None:
        """Key of the pair mask in ``obsp``, if there is one."""
        key: str | None = self.arguments.get("mask_key")
        return key


def section_column(arguments: Mapping[str, Any]) -> str | None:
    """Find the column that names the sections: ``sample_key``, or without it ``batch_key``."""
    column: str | None = arguments["sample_key"] or arguments["batch_key"]
    return column


def _categories(registry: Mapping[str, Any]) -> dict[str, NDArray[Any] | None]:
    arguments, fields = registry["setup_args"], registry["field_registries"]
    known: dict[str, NDArray[Any] | None] = {}
    for key in ("batch", "labels"):
        if arguments.get(f"{key}_key") is not None:
            known[arguments[f"{key}_key"]] = fields[key]["state_registry"]["categorical_mapping"]
    for key in arguments.get("categorical_covariate_keys") or ():
        known[key] = fields["extra_categorical_covs"]["state_registry"]["mappings"][key]
    further = arguments.get("continuous_covariate_keys") or ()
    numeric = [arguments.get("size_factor_key"), *further]
    return known | {key: None for key in numeric if key is not None}
