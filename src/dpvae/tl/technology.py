"""Technologies that measured the cells of a tissue: dissociated, or imaged in place."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix, issparse

from dpvae._data.arguments import check_is_anndata
from dpvae._data.counted import counted
from dpvae._data.expression import expression_name, expression_of, value_kind
from dpvae._keys import OBS


@dataclass(frozen=True, eq=False)
class Technology:
    """What one technology measured.

    Parameters
    ----------
    name
        Its name.
    adata
        Its cells.
    call
        How the user calls them, such as ``cells['10x']``.
    is_imaged
        Whether the places of the cells are known.
    layer
        Layer of the expression, or ``None`` for ``X``.
    """

    name: str
    adata: AnnData
    call: str
    is_imaged: bool
    layer: str | None

    @cached_property
    def genes(self) -> pd.Index:
        """Names of the genes."""
        return pd.Index([str(name) for name in self.adata.var_names])

    @cached_property
    def cell_names(self) -> pd.Index:
        """Names of the cells."""
        return pd.Index([str(name) for name in self.adata.obs_names])

    @property
    def where(self) -> str:
        """Where the expression is, in the words of the user."""
        return expression_name(self.layer, name=self.call)

    @cached_property
    def expression(self) -> Any:
        """The values: an array, CSR, or on disk."""
        values = expression_of(self.adata, self.layer, name=self.call)
        return csr_matrix(values) if issparse(values) else values


def technologies_of(given: Any, argument: str, *, layer: str | None) -> list[Technology]:
    """Read an argument that is an AnnData, or a mapping from names of technologies to AnnData."""
    is_imaged = argument == "tissue"
    if not isinstance(given, Mapping):
        check_is_anndata(given, name=argument)
        return [_checked(Technology(argument, given, argument, is_imaged, layer))]
    if not given:
        message = f"{argument} is an empty mapping: give one AnnData at least."
        raise ValueError(message)
    found = []
    for name, adata in given.items():
        if not isinstance(name, str) or not name.strip() or "/" in name:
            message = (
                f"{argument} holds a technology of the name {name!r}: give it a name, as text "
                'without "/".'
            )
            raise ValueError(message)
        call = f"{argument}[{name!r}]"
        check_is_anndata(adata, name=call)
        found.append(_checked(Technology(name, adata, call, is_imaged, layer)))
    return found


def check_names_differ(technologies: list[Technology]) -> None:
    """Raise if two technologies share a name."""
    names = [technology.name for technology in technologies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"Two technologies are called {twice[0]!r}: give each a name of its own."
        raise ValueError(message)


def check_one_kind(technologies: list[Technology]) -> None:
    """Raise if some technologies hold counts and others do not."""
    kinds = {each: value_kind(each.adata, each.layer) for each in technologies}
    counts = [each.where for each, kind in kinds.items() if kind == "counts"]
    others = [each.where for each, kind in kinds.items() if kind != "counts"]
    if counts and others:
        message = (
            f"{', '.join(counts)} holds raw counts, {', '.join(others)} values that are none, such "
            "as logarithms: give counts of all, or run sc.pp.normalize_total and sc.pp.log1p on "
            "all. layer=… names a layer of all of them."
        )
        raise ValueError(message)


def _checked(technology: Technology) -> Technology:
    adata, call = technology.adata, technology.call
    for names, noun, remedy in (
        (technology.genes, "gene", f"{call}.var_names_make_unique(), or sum up their columns"),
        (technology.cell_names, "cell", f"{call}.obs_names_make_unique(), or remove them"),
    ):
        if names.has_duplicates:
            n_twice = int(names.duplicated().sum())
            occur = counted(
                n_twice, f"{noun} name of {call} occurs", f"{noun} names of {call} occur"
            )
            example = names[names.duplicated()][0]
            message = f"{occur} more than once, such as {example!r}. Run {remedy}."
            raise ValueError(message)
    if OBS.technology in adata.obs:
        message = (
            f"{call}.obs[{OBS.technology!r}] exists and would be overwritten: rename or delete "
            "that column."
        )
        raise ValueError(message)
    return technology
