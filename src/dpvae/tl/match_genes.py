"""Genes of a query under the names that a reference has for them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike

import pandas as pd
from anndata import AnnData

from dpvae._data.arguments import check_is_anndata
from dpvae._data.counted import counted
from dpvae._data.species import species_question

SAME = "same name"
NOT_FOUND = "not found"
AMBIGUOUS = "ambiguous"
ORIGINAL = "original_name"
ENSEMBL_VERSION = r"^(ENS[A-Z]*\d{6,})\.\d+$"


def match_genes(
    query: AnnData, reference: AnnData | Sequence[str], *, rename: bool = False
) -> pd.DataFrame:
    """Look for the genes of a reference in a query, under other names, too.

    It tries, in this order: the same name; the same name without the version of an Ensembl
    identifier (``ENSG00000181449.3``); the same name in upper or lower case (``Sox2``, ``SOX2``).
    It looks into the columns of ``query.var`` and ``reference.var`` that hold text, too.

    All but the first are proposals: read the table before you rename. In flies, *dl* and *Dl* are
    two genes; between species, the same letters are most often, not always, the same gene.

    Parameters
    ----------
    query
        The cells to place.
    reference
        The reference, or the names of its genes, such as ``model.get_var_names()``.
    rename
        Whether the proposals are accepted: genes of ``query`` that were found under another name
        get the name from the reference. The rest of ``query`` stays as it is.

    Returns
    -------
    A table with a row for each gene of the reference, in its order, and the columns

    - ``query``: the name of that gene in ``query.var_names``, missing if none was found;
    - ``how``: ``"same name"``, another way (``"query.var['symbol']"``, ``"without version"`` or
      ``"upper or lower case"``), ``"ambiguous"`` or ``"not found"``;
    - ``candidates``: the genes of the query that would do, if there is not just one, or if
      one would do for several genes of the reference.

    ``table["how"].value_counts()`` is the summary, and ``table["query"].dropna()`` the renaming.
    With ``rename=True`` the old names are kept in ``query.var["original_name"]``.

    Raises
    ------
    ValueError
        If names occur more than once, no gene is found at all, or with ``rename=True``
        ``query.var["original_name"]`` exists already.

    Notes
    -----
    A gene that is in both under the same name is never taken for another one.

    Examples
    --------
    >>> import dpvae
    >>> reference = dpvae.datasets.simulated_tissue(200, 50)
    >>> query = reference.copy()
    >>> query.var_names = [name.upper() for name in query.var_names]
    >>> dpvae.tl.match_genes(query, reference)["how"].unique().tolist()
    ['upper or lower case']
    >>> table = dpvae.tl.match_genes(query, reference, rename=True)
    >>> bool((query.var_names == reference.var_names).all())
    True
    """
    check_is_anndata(query, name="query")
    if isinstance(reference, str | PathLike) or not isinstance(reference, AnnData | Iterable):
        check_is_anndata(reference, name="reference")
    names = _unique(query.var_names, "query", "query.var_names_make_unique()")
    var = reference.var if isinstance(reference, AnnData) else pd.DataFrame(index=list(reference))
    genes = _unique(var.index, "reference", "reference.var_names_make_unique()")
    if rename and ORIGINAL in query.var:
        message = f"query.var[{ORIGINAL!r}] exists and would be overwritten: rename that column."
        raise ValueError(message)
    columns = _text_columns(query.var, "query"), _text_columns(var, "reference")
    table = _matches(names, genes, *columns)
    if len(genes) == 0 or len(names) == 0:
        message = (
            f"The reference has {counted(len(genes), 'gene')}, the query {len(names)}: both need "
            "some."
        )
        raise ValueError(message)
    if (table["how"] == NOT_FOUND).all():
        message = (
            f"None of the reference's {len(genes)} genes is in the query, under any name. The "
            f"reference names them like {genes[0]!r}, the query like {names[0]!r}: put the "
            "reference's names into query.var_names, or into a column of query.var. Columns of "
            "reference.var are read, too, if reference is an AnnData."
            f"{species_question(genes, names)}"
        )
        raise ValueError(message)
    if rename:
        found = table["query"].dropna()
        new_names = dict(zip(found, found.index, strict=True))
        query.var[ORIGINAL] = names.to_numpy()
        query.var_names = [new_names.get(name, name) for name in names]
    return table


def _unique(names: pd.Index, whose: str, remedy: str) -> pd.Index:
    if not names.is_unique:
        n_twice = int(names.duplicated().sum())
        occur = counted(
            n_twice, f"gene name of the {whose} occurs", f"gene names of the {whose} occur"
        )
        message = f"{occur} more than once. Run {remedy}, or sum up the columns of the same gene."
        raise ValueError(message)
    return names.astype(str)


def _text_columns(var: pd.DataFrame, whose: str) -> dict[str, pd.Series]:
    """Columns of var with more than one text, by how the user finds them."""
    columns = {}
    for column in var:
        values = var[column].astype(object)
        is_text = values.map(lambda value: isinstance(value, str) and value != "")
        if values[is_text].nunique() > 1:
            columns[f"{whose}.var[{column!r}]"] = values[is_text]
    return columns


def _matches(
    names: pd.Index,
    genes: pd.Index,
    query_columns: dict[str, pd.Series],
    reference_columns: dict[str, pd.Series],
) -> pd.DataFrame:
    own_names, own_genes = pd.Series(names, index=names), pd.Series(genes, index=genes)
    sources = [
        ("", own_names, own_genes),
        *((where, other, own_genes) for where, other in query_columns.items()),
        *((where, own_names, other) for where, other in reference_columns.items()),
    ]
    found, how, candidates = {}, dict.fromkeys(genes, NOT_FOUND), dict.fromkeys(genes, "")
    is_taken: set[str] = set()
    for form, normalized in FORMS.items():
        for where, query_names, reference_names in sources:
            still_free = query_names[~query_names.index.isin(is_taken)]
            open_genes = reference_names[reference_names.index.map(how) == NOT_FOUND]
            for alike, wanted in _same_text(normalized(still_free), normalized(open_genes)):
                if len(alike) == len(wanted) == 1:
                    found[wanted[0]] = alike[0]
                    how[wanted[0]] = ", ".join(filter(None, (where, form))) or SAME
                    is_taken.add(alike[0])
                else:
                    how.update(dict.fromkeys(wanted, AMBIGUOUS))
                    candidates.update(dict.fromkeys(wanted, ", ".join(alike)))
    columns = {"query": found, "how": how, "candidates": candidates}
    return pd.DataFrame(
        {name: [values.get(gene) for gene in genes] for name, values in columns.items()},
        index=genes.rename("reference"),
    )


def _same_text(query: pd.Series, reference: pd.Series) -> Iterator[tuple[list[str], list[str]]]:
    """Genes of query and reference that share a text, text by text."""
    candidates = defaultdict(list)
    for gene, text in query.items():
        candidates[text].append(str(gene))
    wanted = defaultdict(list)
    for gene, text in reference.items():
        if text in candidates:
            wanted[text].append(str(gene))
    return ((candidates[text], found) for text, found in wanted.items())


def _without_version(names: pd.Series) -> pd.Series:
    return names.str.replace(ENSEMBL_VERSION, r"\1", regex=True)


def _in_lower_case(names: pd.Series) -> pd.Series:
    return _without_version(names).str.lower()


FORMS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "": lambda names: names,
    "without version": _without_version,
    "upper or lower case": _in_lower_case,
}
