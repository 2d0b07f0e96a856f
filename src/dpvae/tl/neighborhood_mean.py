"""The mean of each cell and its neighbours: the plainest representation that knows the tissue."""

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.culprit import obsm_name
from dpvae._data.section import named_sections
from dpvae._data.whole_number import check_whole
from dpvae._keys import OBSM, params_key
from dpvae.geometry import check_coordinates, check_latent
from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.tl.coordinates import read_coordinates, read_representation
from dpvae.tl.result import check_free_key


def neighborhood_mean(
    adata: AnnData,
    *,
    use_rep: str = "X_pca",
    n_neighbors: int = 18,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    key_added: str | None = None,
    copy: bool = False,
) -> NDArray[np.float64] | None:
    """Average a representation over each cell and its nearest neighbours in the tissue.

    Of principal components this is the baseline for spatial domains: no model, a second for 10,000
    cells, and hard to beat. See :doc:`/user_guide/domains`.

    Parameters
    ----------
    adata
        The cells.
    use_rep
        Key of the representation in ``adata.obsm``. By default the components of
        :func:`scanpy.pp.pca`.
    n_neighbors
        How many neighbours count, in every section by itself; fewer if it has fewer. By default 18:
        two rings around a spot of Visium.
    spatial_key
        Key of the coordinates in ``adata.obsm``, in two or three dimensions and any unit. Cells of
        unknown place (rows of NaN) keep their own values and are nobody's neighbours.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section.
    key_added
        Key of the result in ``adata.obsm``. By default ``use_rep`` followed by
        ``"_neighborhood"``.
    copy
        Whether to return the means instead of writing them.

    Returns
    -------
    ``None``, or with ``copy=True`` the means, shape ``(n_cells, n_dims of the representation)``, in
    its unit. Written are ``adata.obsm[key_added]`` and, with the settings,
    ``adata.uns[key_added + "_params"]``.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If the representation is not finite, fewer than three places are known, ``n_neighbors`` is
        not a positive integer, or something would be overwritten. ``adata`` is unchanged then.

    Examples
    --------
    >>> import scanpy as sc
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(300, 60)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> sc.pp.pca(adata, n_comps=20)
    >>> dpvae.tl.neighborhood_mean(adata)
    >>> adata.obsm["X_pca_neighborhood"].shape
    (300, 20)
    """
    values = check_latent(read_representation(adata, use_rep), name=obsm_name(use_rep))
    places = read_coordinates(adata, spatial_key)
    check_coordinates(places, name=obsm_name(spatial_key))
    check_whole(n_neighbors, "n_neighbors")
    section = named_sections(adata, sample_key)
    key_added = f"{use_rep}_neighborhood" if key_added is None else key_added
    if not copy:
        check_free_key(adata, key_added)
    means: NDArray[np.float64] = neighborhood_weights(places, section, n_neighbors) @ values
    if copy:
        return means
    adata.obsm[key_added] = means
    params = {"use_rep": use_rep, "n_neighbors": n_neighbors, "spatial_key": spatial_key}
    adata.uns[params_key(key_added)] = params
    return None
