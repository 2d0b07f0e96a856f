"""Columns of a table that has one for each label."""

import logging
from collections.abc import Iterable

from dpvae._data.culprit import obsm_name
from dpvae._keys import params_key

logger = logging.getLogger(__name__)


def label_columns(labels: Iterable[object]) -> list[str]:
    """Names of columns for labels, without a slash, which h5ad files cannot have in them."""
    return [str(label).replace("/", "_") for label in labels]


def say_renamed(labels: Iterable[str], table_key: str, key: str) -> None:
    """Log which columns of a table have other names than their labels, if any have.

    Parameters
    ----------
    labels
        The labels in the order of the columns; ``adata.uns[key + "_params"]["labels"]`` holds them.
    table_key
        Key of the table in ``adata.obsm``.
    key
        Key of the result.
    """
    names = list(labels)
    pairs = zip(names, label_columns(names), strict=True)
    renamed = [f"{name!r} is {column!r}" for name, column in pairs if name != column]
    if renamed:
        logger.warning(
            "Columns of %s have other names than their labels, since files cannot hold a slash "
            "there: %s. The labels in the order of the columns are adata.uns[%r]['labels'].",
            obsm_name(table_key),
            ", ".join(renamed),
            params_key(key),
        )
