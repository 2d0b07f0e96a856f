"""Queries of a model of logarithms, brought to the depth of its reference."""

import sys
import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.expression import expression_name, expression_of, stored_values
from dpvae.model.data.minified import is_minified
from dpvae.model.data.own_cells import genes_of
from dpvae.model.query.align import align_query
from dpvae.model.query.chunks import query_chunk
from dpvae.model.query.depth import LARGEST_LOGARITHM, Depth, fit_depth, spread_rows
from dpvae.model.query.depth_correction import DepthCorrection, depth_correction

INSIDE = ("dpvae", "scvi")


class QueryDepth:
    """Keeps the depth of the reference with the model, and brings queries to it.

    The model it is mixed into registers queries (``_register_query``) and keeps its layout.
    """

    depth_: dict[str, Any] | None = None
    registry_: dict[str, Any]

    def _keep_layout(self, places: NDArray[np.float64]) -> None:
        super()._keep_layout(places)  # type: ignore[misc]
        cells: AnnData = self._cells(None)  # type: ignore[attr-defined]
        if not is_minified(cells):
            section = self._section_names(cells)[spread_rows(cells.n_obs)]  # type: ignore[attr-defined]
            depth = fit_depth(_some_values(cells, self.registry_["setup_args"]["layer"]), section)
            self.depth_ = None if depth is None else asdict(depth)

    def _guessed(self) -> Any:
        """Guess places of a query that is learned from, whose values are taken as they are."""
        cells: AnnData = self._cells(None)  # type: ignore[attr-defined]
        correction = self._correction_of(_some_values(cells, self.registry_["setup_args"]["layer"]))
        if correction.difference:
            message = (
                f"{correction.difference} Its values are learned from as they are, which places "
                "it worse: normalise it to the depth of the reference first."
            )
            warnings.warn(message, UserWarning, stacklevel=_level_of_caller())
        return super()._guessed()  # type: ignore[misc]

    def _correction(self, adata: AnnData) -> DepthCorrection:
        """Find what brings a query to the depth of the reference, and say what was found."""
        setup = self.registry_["setup_args"]
        genes = genes_of(self.registry_)
        some = query_chunk(adata, setup, spread_rows(adata.n_obs))
        some = align_query(some, self.registry_, genes, fill_covariates=True)
        self._check_expression(some, setup["layer"])  # type: ignore[attr-defined]
        correction = self._correction_of(expression_of(some, setup["layer"]))
        if correction.difference:
            message = f"{correction.difference} {correction.remedy}"
            warnings.warn(message, UserWarning, stacklevel=_level_of_caller())
        return correction

    def _correction_of(self, values: Any) -> DepthCorrection:
        if self.depth_ is None:
            return DepthCorrection()
        return depth_correction(Depth(**self.depth_), values)


def warn_if_not_logarithms(adata: AnnData, layer: str | None) -> None:
    """Warn where values of a reference are too large for logarithms, and are no counts either."""
    stored = stored_values(_some_values(adata, layer))
    largest = float(stored.max(initial=0.0))
    if largest > LARGEST_LOGARITHM and stored.min() >= 0 and (stored != np.round(stored)).any():
        message = (
            f"{expression_name(layer)} holds values up to {largest:.4g}, too large for logarithms "
            "and not integers, as after sc.pp.normalize_total without sc.pp.log1p. Run "
            "sc.pp.log1p(adata), and prepare queries in the same way."
        )
        warnings.warn(message, UserWarning, stacklevel=3)


def _some_values(adata: AnnData, layer: str | None) -> Any:
    return expression_of(adata, layer)[spread_rows(adata.n_obs)]


def _level_of_caller() -> int:
    """Find how far up the call is that a user wrote, so that he sees a message once per call."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].split(".")[0] in INSIDE:
        level, frame = level + 1, frame.f_back
    return level
