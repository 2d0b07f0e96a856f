"""Genes that several technologies measured."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dpvae._data.counted import counted
from dpvae._data.expression import check_finite, rows_in_parts, stored_values
from dpvae._data.some_rows import at_most
from dpvae._data.warn import warn_user
from dpvae.tl.match_genes import AMBIGUOUS, NOT_FOUND, SAME, match_genes
from dpvae.tl.technology import Technology

FEWEST_GENES = 10
MOST_CELLS_TO_COMPARE = 1_000


@dataclass(frozen=True, eq=False)
class JointGenes:
    """Genes of several technologies.

    Parameters
    ----------
    names
        All of them; those that every technology measured come first.
    n_shared
        How many every technology measured.
    """

    names: pd.Index
    n_shared: int

    @property
    def shared(self) -> pd.Index:
        """Genes that every technology measured."""
        return self.names[: self.n_shared]

    def columns_of(self, technology: Technology) -> NDArray[np.intp]:
        """Where each gene of a technology is among all."""
        return np.asarray(self.names.get_indexer(technology.genes), dtype=np.intp)


def joint_genes(technologies: list[Technology]) -> JointGenes:
    """Order the genes of all technologies: shared ones as in the first tissue, then the others.

    Raises
    ------
    ValueError
        If fewer than 10 are shared.

    Warns
    -----
    UserWarning
        If genes of the first tissue are in another technology under other names.
    """
    reference = next(each for each in technologies if each.is_imaged)
    shared = reference.genes
    for each in technologies:
        shared = shared[shared.isin(each.genes)]
    if len(shared) < FEWEST_GENES:
        raise ValueError(_too_few(technologies, reference, len(shared)))
    for each in technologies:
        n_more = _under_other_names(each, reference)
        if n_more:
            message = (
                f"{counted(n_more, 'further gene')} of {reference.call} "
                f"{'is' if n_more == 1 else 'are'} in {each.call} under other names. "
                f"{_how_to_accept(each, reference)}"
            )
            warn_user(message)
    every = shared
    for each in technologies:
        every = every.append(each.genes[~each.genes.isin(every)])
    return JointGenes(pd.Index(every, name=None), len(shared))


def check_cells(technology: Technology, genes: JointGenes) -> None:
    """Raise if values are not finite; warn if cells have none in any shared gene."""
    is_shared = technology.genes.isin(genes.shared)
    n_empty = 0
    for rows in rows_in_parts(technology.expression):
        check_finite(stored_values(rows), technology.where)
        found = np.asarray((rows[:, is_shared] != 0).sum(axis=1)).ravel()
        n_empty += int((found == 0).sum())
    if n_empty:
        message = (
            f"{n_empty} of {technology.adata.n_obs} cells of {technology.call} have no value in "
            f"any of the {genes.n_shared} genes that all technologies measured: nothing is known "
            "of them there. Better remove them."
        )
        warn_user(message)


def check_not_given_twice(technologies: list[Technology], genes: JointGenes) -> None:
    """Raise if two technologies hold the same cells: same names, and same values for most."""
    for number, first in enumerate(technologies):
        for second in technologies[number + 1 :]:
            names = first.cell_names.intersection(second.cell_names)
            some = at_most(np.arange(len(names)), MOST_CELLS_TO_COMPARE, np.random.default_rng(0))
            if not len(some):
                continue
            is_same = [_values(each, names[some], genes.shared) for each in (first, second)]
            n_same = int((is_same[0] == is_same[1]).all(axis=1).sum())
            if 2 * n_same > len(some):
                message = (
                    f"{first.call} and {second.call} share {counted(len(names), 'name')} of "
                    "cells, and most "
                    "of these have the same values in both: the same cells are given twice. "
                    "Remove them from one."
                )
                raise ValueError(message)


def _values(technology: Technology, cells: pd.Index, genes: pd.Index) -> NDArray[np.float64]:
    rows = np.asarray(technology.cell_names.get_indexer(cells))
    found = technology.expression[rows][:, technology.genes.get_indexer(genes)]
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float64)


def _under_other_names(technology: Technology, reference: Technology) -> int:
    """How many genes of the reference are found only under another name."""
    if technology is reference:
        return 0
    try:
        how = match_genes(technology.adata, reference.adata)["how"]
    except ValueError:  # none at all
        return 0
    return int((~how.isin([SAME, NOT_FOUND, AMBIGUOUS])).sum())


def _how_to_accept(technology: Technology, reference: Technology) -> str:
    call = f"dpvae.tl.match_genes({technology.call}, {reference.call}"
    return (
        f"Read the table of {call}), and accept it with {call}, rename=True). Two organisms have "
        "names that differ in upper and lower case, too."
    )


def _too_few(technologies: list[Technology], reference: Technology, n_shared: int) -> str:
    others = [each for each in technologies if each is not reference]
    worst = min(others, key=lambda each: int(each.genes.isin(reference.genes).sum()))
    calls = " and ".join([each.call for each in others] + [reference.call])
    message = f"{calls} share {counted(n_shared, 'gene')}, at least {FEWEST_GENES} are needed. "
    n_more = _under_other_names(worst, reference)
    if n_more:
        return (
            f"{message}{n_more} more of {reference.call} are in {worst.call} under other names. "
            f"{_how_to_accept(worst, reference)}"
        )
    examples = " and ".join(
        f"{each.call} like {each.genes[0]!r}" for each in (worst, reference) if len(each.genes)
    )
    return (
        f"{message}Nor does dpvae.tl.match_genes find more under other names: genes are named in "
        f"{examples}. Are they of one organism? Put names of one kind into var_names, or into a "
        "column of var."
    )
