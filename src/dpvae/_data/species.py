"""Whether the names of genes are those of two species."""

import re

import pandas as pd

MOST = 0.5
OF_HUMAN = re.compile(r"ENSG\d{11}(\.\d+)?|(?!ENS[A-Z]*\d{11})[A-Z][A-Z0-9.-]+")
OF_MOUSE = re.compile(r"ENSMUSG\d{11}(\.\d+)?|[A-Z][a-z0-9.-]*[a-z][A-Za-z0-9.-]*")


def species_question(genes: pd.Index, names: pd.Index) -> str:
    """Ask whether a query is of another species than the reference, if names look like that.

    Parameters
    ----------
    genes
        Names of the reference's genes.
    names
        Names of the query's genes.

    Returns
    -------
    A sentence that follows others; empty if both are written alike. Symbols of human genes are in
    capitals, those of mouse genes have small letters; Ensembl identifiers begin with another text.
    """
    kinds = {_is_of_mouse(genes), _is_of_mouse(names)}
    if kinds != {True, False}:
        return ""
    return (
        " Or is the query of another species? Genes of mouse are written like Acss1 or ENSMUSG…, "
        "those of human like ACSS1 or ENSG…."
    )


def _is_of_mouse(names: pd.Index) -> bool | None:
    """Say whether most names are of mouse rather than of human; ``None`` if of neither."""
    for is_mouse, pattern in ((True, OF_MOUSE), (False, OF_HUMAN)):
        if sum(bool(pattern.fullmatch(str(name))) for name in names) > MOST * len(names):
            return is_mouse
    return None
