"""What surrounds each cell, on average over where it could be."""

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae._data.arguments import check_is_anndata
from dpvae._data.culprit import obsm_name
from dpvae._data.names import codes_of
from dpvae._data.section import check_has_column, named_sections
from dpvae._data.whole_number import check_whole
from dpvae._keys import OBSM, params_key
from dpvae.geometry import Posterior, known_rows
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.label_columns import label_columns, say_renamed
from dpvae.tl.posterior_of_cells import check_posterior_of, distance_to_cells
from dpvae.tl.result import check_free_key, check_ours

Values = NDArray[np.float64]


def niche_composition(
    adata: AnnData,
    found: Posterior,
    reference: AnnData,
    *,
    label_key: str,
    n_neighbors: int = 18,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    key_added: str = OBSM.niche,
) -> None:
    """Write the composition of the neighbourhood that is expected of each cell.

    Around each position the labels of the nearest cells of the reference are counted, such as their
    cell types. A cell gets the mean of these compositions over its posterior, and their standard
    deviation, which is 0 if all places where it could come from have the same neighbours.

    Parameters
    ----------
    adata
        The cells.
    found
        What ``model.predict_posterior(adata)`` gave.
    reference
        The cells that the model was made with, in their order.
    label_key
        Column of ``reference.obs``. Cells where it is missing are not counted.
    n_neighbors
        How many of the nearest cells with a label are counted; all, if there are fewer. By default
        18.
    spatial_key
        Key of the reference's coordinates in ``obsm``.
    sample_key
        Column of ``reference.obs`` that names the section, if there are several.
    key_added
        Key of the result in ``adata.obsm``, and the beginning of the others. By default
        ``"niche_composition"``.

    Returns
    -------
    ``None``. Written are

    - ``adata.obsm[key_added]``: a table of cells by labels, rows of sum 1. Files cannot hold a
      slash in the name of a column: ``"L2/3"`` is the column ``"L2_3"``, and a log line says so;
    - ``adata.obsm[key_added + "_spread"]``: the standard deviation over the posterior, of the same
      shape;
    - ``adata.uns[key_added + "_params"]``: the settings, and ``"labels"`` as the reference spells
      them, in the order of the columns.

    What an earlier call wrote under this key is replaced.

    Raises
    ------
    KeyError
        If a key does not exist.
    TypeError
        If ``adata`` or ``reference`` is no AnnData, or ``found`` no posterior.
    ValueError
        If the posterior is of other cells or another reference, no cell of its section
        has a label and a place, two labels differ in a slash alone, ``n_neighbors`` is not a
        positive integer, or something that this function did not write would be overwritten.
        Nothing is written then.

    See Also
    --------
    dpvae.tl.transfer_labels : labels of the cells themselves.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> from scipy.sparse import csr_matrix
    >>> reference = dpvae.datasets.simulated_tissue(200, 20)
    >>> query = reference[:2].copy()
    >>> found = dpvae.geometry.Posterior(
    ...     reference.obsm["spatial"], csr_matrix(np.eye(200)[:2]), np.arange(200), np.ones(2)
    ... )
    >>> dpvae.tl.niche_composition(query, found, reference, label_key="cell_type")
    >>> query.obsm["niche_composition"].sum(axis=1).round(6).tolist()
    [1.0, 1.0]
    """
    check_posterior_of(found, adata)
    check_is_anndata(reference, name="reference")
    check_has_column(reference, label_key, name="reference", argument="label_key")
    check_whole(n_neighbors, "n_neighbors")
    places = read_coordinates(reference, spatial_key, name="reference")
    distance_to_cells(found, places, obsm_name(spatial_key, name="reference"))
    rows = found.reference_rows
    section = named_sections(reference, sample_key)
    labels = reference.obs[label_key]
    is_counted = known_rows(places) & (section == section[rows[0]]) & labels.notna().to_numpy()
    if not is_counted.any():
        message = f"No cell of the posterior's section has a place and a label {label_key!r}."
        raise ValueError(message)
    codes, names = codes_of(labels[is_counted])
    columns = pd.Index(label_columns(names))
    if not columns.is_unique:
        message = f"Two of the labels {list(names)} differ in a slash alone: rename one."
        raise ValueError(message)
    _check_free(adata, key_added)
    around = _compositions(places[is_counted], codes, found.positions, n_neighbors)
    mean, deviation = found.expected(around)
    for key, values in ((key_added, mean), (_spread_key(key_added), deviation)):
        adata.obsm[key] = pd.DataFrame(values, index=adata.obs_names, columns=columns)
    adata.uns[params_key(key_added)] = {
        "label_key": label_key,
        "n_neighbors": n_neighbors,
        "labels": np.array(names, dtype=object),
    }
    say_renamed(names, key_added, key_added)


def _compositions(
    places: Values, codes: NDArray[np.intp], positions: Values, n_neighbors: int
) -> Values:
    """Share of each label among the cells nearest to positions, ``(n_positions, n_labels)``."""
    k = min(n_neighbors, len(places))
    near = cKDTree(places).query(positions, k=range(1, k + 1))[1]
    is_label = np.eye(int(codes.max()) + 1)
    share = np.zeros((len(positions), len(is_label)))
    for neighbor in near.T:
        share += is_label[codes[neighbor]]
    return share / k


def _spread_key(key: str) -> str:
    return f"{key}_spread"


def _check_free(adata: AnnData, key: str) -> None:
    check_free_key(adata, key)
    if _spread_key(key) in adata.obsm:
        ours = isinstance(adata.uns.get(params_key(key)), dict)
        check_ours(obsm_name(_spread_key(key)), is_ours=ours)
