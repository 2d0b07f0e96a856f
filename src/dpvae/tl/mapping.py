"""Probabilities of positions, as an AnnData of cells by positions."""

import pandas as pd
from anndata import AnnData

from dpvae._data.culprit import obsm_name
from dpvae._keys import OBSM
from dpvae.geometry import Posterior
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.posterior_of_cells import check_posterior_of, distance_to_cells

NEAREST = "nearest_cell"


def mapping(
    found: Posterior,
    query: AnnData,
    reference: AnnData,
    *,
    spatial_key: str = OBSM.spatial,
) -> AnnData:
    """Bring the probability of every position for every cell into an AnnData.

    As other packages give a mapping: cells of the query are its observations, positions of the
    reference its variables.

    Parameters
    ----------
    found
        What ``model.predict_posterior(query)`` gave.
    query
        The cells.
    reference
        The cells that the model was made with, in their order.
    spatial_key
        Key of the reference's coordinates in ``obsm``, and of the positions in the result.

    Returns
    -------
    A new AnnData of shape ``(n_cells, n_positions)``:

    - ``X``: the probabilities, sparse, rows of sum 1;
    - ``obs``: as ``query.obs``;
    - ``var``: what ``reference.obs`` says of the cell at each position, and its name. Positions of
      a grid have no cell: they are called ``"position_0"`` and so on, and there is one column,
      ``"nearest_cell"``, with the name of the reference's nearest cell;
    - ``varm[spatial_key]``: the positions, shape ``(n_positions, 2)`` or ``(n_positions, 3)``.

    Raises
    ------
    KeyError
        If the reference has no such coordinates.
    TypeError
        If ``query`` or ``reference`` is no AnnData, or ``found`` no posterior.
    ValueError
        If the posterior is of other cells, or the positions are not those of this
        reference.

    See Also
    --------
    dpvae.geometry.Posterior.share : probabilities of regions, layers or classes of the tissue.
    dpvae.tl.paint : genes of the query, drawn on the positions of a reference.

    Notes
    -----
    Transposed it is a tissue whose genes are the cells, so that one cell can be drawn over the
    image of the section: ``dpvae.pl.over_image(mapped.T, reference, recovered_key="spatial",
    color=name_of_a_cell)``.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> from scipy.sparse import csr_matrix
    >>> tissue = dpvae.datasets.simulated_tissue(200, 20)
    >>> query, reference = tissue[:2].copy(), tissue[2:].copy()
    >>> rows = np.array([3, 5, 7])
    >>> found = dpvae.geometry.Posterior(
    ...     reference.obsm["spatial"][rows],
    ...     csr_matrix([[0.6, 0.2, 0.2], [0.0, 0.5, 0.5]]),
    ...     rows,
    ...     np.ones(2),
    ... )
    >>> mapped = dpvae.tl.mapping(found, query, reference)
    >>> mapped.shape
    (2, 3)
    >>> mapped.var_names.equals(reference.obs_names[rows])
    True
    """
    check_posterior_of(found, query, name="query")
    places = read_coordinates(reference, spatial_key, name="reference")
    distance = distance_to_cells(found, places, obsm_name(spatial_key, name="reference"))
    cells = reference.obs.iloc[found.reference_rows]
    if distance.any():
        names = [f"position_{i}" for i in range(len(cells))]
        var = pd.DataFrame({NEAREST: cells.index.to_numpy()}, index=names)
    else:
        var = cells.copy()
    return AnnData(
        found.probabilities.copy(),
        obs=query.obs.copy(),
        var=var,
        varm={spatial_key: found.positions.copy()},
    )
