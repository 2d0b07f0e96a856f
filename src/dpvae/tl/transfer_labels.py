"""Labels of a reference, such as its layers, for the cells of a query."""

import numpy as np
import pandas as pd
from anndata import AnnData

from dpvae._data.arguments import check_is_anndata
from dpvae._data.culprit import obsm_name
from dpvae._keys import OBS, params_key
from dpvae.geometry import LabelProbabilities
from dpvae.tl.label_columns import label_columns, say_renamed
from dpvae.tl.posterior_of_cells import check_order
from dpvae.tl.result import check_name, check_ours

UNKNOWN = "unknown"
MOST_UNLIKE = 2.0


def transfer_labels(
    adata: AnnData,
    found: LabelProbabilities,
    *,
    at_least: float = 0.5,
    key_added: str = OBS.label,
) -> None:
    """Write the likeliest label of each cell, its probability, and those of all labels.

    A cell is ``"unknown"`` if no label has a probability of ``at_least``. It is ``"unknown"``, too,
    if its expression is far from what is expected anywhere in the tissue: its squared distance is
    more than twice what nine of ten further cells of the tissue stay below.

    Parameters
    ----------
    adata
        The cells.
    found
        What ``model.predict_labels(adata, "layer")`` gave.
    at_least
        Lowest probability of a label that is written, from 0 to 1. By default 0.5: the label is
        likelier than all others together.
    key_added
        Key of the labels in ``obs``, and the beginning of the other keys. By default
        ``"transferred_label"``.

    Returns
    -------
    ``None``. Written are

    - ``adata.obs[key_added]``: categorical, the labels of the reference in the order of their
      names and ``"unknown"``;
    - ``adata.obs[key_added + "_probability"]``: of the likeliest label, from 0 to 1, also where the
      cell is unknown;
    - ``adata.obsm[key_added + "_probabilities"]``: a table of cells by labels, rows of sum 1. Files
      cannot hold a slash in the name of a column: ``"L2/3"`` is the column ``"L2_3"``, and a log
      line says so;
    - ``adata.uns[key_added + "_params"]``: ``"at_least"``, ``"share_unknown"`` of the cells, and
      ``"labels"`` as the reference spells them, in the order of the columns.

    What an earlier call wrote under this key is replaced.

    Raises
    ------
    TypeError
        If ``adata`` is no AnnData, or ``found`` no probabilities of labels.
    ValueError
        If they are of other cells, ``at_least`` is not between 0 and 1, a label of the
        reference is called ``"unknown"``, two labels differ in a slash alone, or something that
        this function did not write would be overwritten. Nothing is written then.

    See Also
    --------
    dpvae.geometry.Posterior.share : shares of labels at a cell's possible positions alone.

    Examples
    --------
    >>> import scanpy as sc
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(400, 40)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> reference, query = adata[:350].copy(), adata[350:].copy()
    >>> dpvae.model.Surfaces.setup_anndata(reference)
    >>> model = dpvae.model.Surfaces(reference)
    >>> model.train()
    >>> found = model.predict_labels(query, "domain")
    >>> dpvae.tl.transfer_labels(query, found)
    >>> query.obs["transferred_label"].cat.categories.tolist()
    ['domain_1', 'domain_2', 'domain_3', 'domain_4', 'domain_5', 'unknown']
    """
    _check(adata, found, at_least)
    _check_free(adata, key_added)
    labels = [str(label) for label in found.table.columns]
    likeliest = found.likeliest(at_least=at_least, most_unlike=MOST_UNLIKE)
    is_known = np.array([name is not None for name in likeliest], dtype=bool)
    label = np.where(is_known, likeliest, UNKNOWN)
    adata.obs[key_added] = pd.Categorical(label, categories=[*labels, UNKNOWN])
    adata.obs[f"{key_added}_probability"] = found.highest
    table = found.table.set_axis(label_columns(labels), axis=1).set_axis(adata.obs_names, axis=0)
    adata.obsm[_table_key(key_added)] = table
    adata.uns[params_key(key_added)] = {
        "at_least": float(at_least),
        "labels": np.array(labels, dtype=object),
        "share_unknown": float(1.0 - is_known.mean()) if len(label) else 0.0,
    }
    say_renamed(labels, _table_key(key_added), key_added)


def _check(adata: AnnData, found: object, at_least: float) -> None:
    check_is_anndata(adata)
    if not isinstance(found, LabelProbabilities):
        message = (
            f"found is a {type(found).__name__}, not probabilities of labels: give "
            "model.predict_labels(adata, label_key)."
        )
        raise TypeError(message)
    if len(found) != adata.n_obs:
        message = (
            f"The probabilities are of {len(found)} cells, adata has {adata.n_obs}: give "
            "model.predict_labels(adata, label_key) of the same cells."
        )
        raise ValueError(message)
    check_order(found.table.index, adata)
    is_number = isinstance(at_least, int | float | np.integer | np.floating)
    if not is_number or not 0.0 <= at_least <= 1.0:
        message = f"at_least is {at_least!r}: give a probability from 0 to 1, such as 0.5."
        raise ValueError(message)
    columns = pd.Index(label_columns(found.table.columns))
    if UNKNOWN in columns or not columns.is_unique:
        message = (
            f"The labels of the reference are {list(found.table.columns)}: none can be called "
            f"{UNKNOWN!r}, and two cannot differ in a slash alone. Rename them, and predict again."
        )
        raise ValueError(message)


def _table_key(key: str) -> str:
    return f"{key}_probabilities"


def _check_free(adata: AnnData, key: str) -> None:
    check_name(key)
    ours = isinstance(adata.uns.get(params_key(key)), dict)
    for column in (key, f"{key}_probability"):
        if column in adata.obs:
            check_ours(f"adata.obs[{column!r}]", is_ours=ours)
    if _table_key(key) in adata.obsm:
        check_ours(obsm_name(_table_key(key)), is_ours=ours)
