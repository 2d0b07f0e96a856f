"""The kind of expression values that a model takes, and its checks."""

from abc import ABC, abstractmethod
from typing import ClassVar

from anndata import AnnData

from dpvae._data.expression import (
    check_counts,
    check_log_normalized,
    expression_name,
    expression_of,
    stored_values,
    value_kind,
    warn_if_scaled,
)
from dpvae._data.warn import warn_user
from dpvae.model.data.depth import LARGEST_LOGARITHM, is_logarithm_twice, spread_rows

USE_DPSCVI = "use DPSCVI, which takes raw counts."
LIKE_REFERENCE = "prepare it as the reference was."


class Values(ABC):
    """A kind of expression values.

    Attributes
    ----------
    are_counts
        Whether they are, or can be, raw counts: then a query is not brought to the depth of the
        reference.
    fewest_genes
        How many genes a model of such values needs.
    """

    are_counts: ClassVar[bool]
    fewest_genes: ClassVar[int]

    @abstractmethod
    def check(self, adata: AnnData, layer: str | None, *, name: str = "adata") -> None:
        """Raise if the values of cells, which messages call by this name, are not of this kind."""

    @abstractmethod
    def warn_if_doubtful(self, adata: AnnData, layer: str | None) -> None:
        """Warn if the values of a reference can be used, but seem to be prepared wrongly."""


class LogNormalized(Values):
    """Logarithms of normalised counts."""

    are_counts = False
    fewest_genes = 1

    def check(self, adata: AnnData, layer: str | None, *, name: str = "adata") -> None:
        """Raise if values are missing, not finite, or raw counts."""
        otherwise = USE_DPSCVI if name == "adata" else LIKE_REFERENCE
        check_log_normalized(adata, layer, name=name, otherwise=otherwise)

    def warn_if_doubtful(self, adata: AnnData, layer: str | None) -> None:
        """Warn if values are negative, too large for logarithms, or logarithms of logarithms."""
        warn_if_scaled(adata, layer)
        where = expression_name(layer)
        some = expression_of(adata, layer)[spread_rows(adata.n_obs)]
        stored = stored_values(some)
        largest = float(stored.max(initial=0.0))
        if largest > LARGEST_LOGARITHM and stored.min() >= 0 and (stored != stored.round()).any():
            warn_user(
                f"{where} holds values up to {largest:.4g}, too large for "
                "logarithms and not integers, as after sc.pp.normalize_total without sc.pp.log1p. "
                "Run sc.pp.log1p(adata), and prepare queries in the same way."
            )
        if is_logarithm_twice(some):
            warn_user(
                f"{where} holds logarithms of logarithms, as after sc.pp.log1p twice. Take one "
                f"back, {where} = np.expm1({where}), and prepare queries in the same way."
            )


class RawCounts(Values):
    """Counts as they were measured."""

    are_counts = True
    fewest_genes = 2

    def check(self, adata: AnnData, layer: str | None, *, name: str = "adata") -> None:
        """Raise if values are missing, negative or not integers, or a cell has no counts."""
        check_counts(adata, layer, name=name)

    def warn_if_doubtful(self, adata: AnnData, layer: str | None) -> None:
        """Give no warning: what can be used is as it should be."""


class CountsOrLogarithms(Values):
    """Raw counts, or logarithms of normalised counts, of all cells alike."""

    are_counts = True
    fewest_genes = 2

    def check(self, adata: AnnData, layer: str | None, *, name: str = "adata") -> None:
        """Raise if values are missing or not finite, or counts of which a cell has none."""
        if value_kind(adata, layer) == "counts":
            check_counts(adata, layer, name=name)
        else:
            check_log_normalized(adata, layer, name=name)

    def warn_if_doubtful(self, adata: AnnData, layer: str | None) -> None:
        """Warn of logarithms as a model of logarithms does; counts are as they should be."""
        if value_kind(adata, layer) != "counts":
            LOG_NORMALIZED.warn_if_doubtful(adata, layer)


COUNTS_OR_LOGARITHMS = CountsOrLogarithms()
LOG_NORMALIZED = LogNormalized()
RAW_COUNTS = RawCounts()
