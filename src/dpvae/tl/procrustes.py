"""Procrustes comparison of two sets of coordinates."""

from anndata import AnnData

from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._keys import OBSM, params_key
from dpvae.geometry import Alignment, align
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.result import check_free_key


def procrustes(
    adata: AnnData,
    spatial_key: str = OBSM.spatial,
    recovered_key: str = OBSM.reconstructed,
    *,
    scale: bool = True,
    key_added: str | None = None,
    copy: bool = False,
) -> Alignment | None:
    """Lay recovered coordinates over true ones and measure how well the shapes agree.

    Shift, rotation, reflection and scale are removed first (Gower 1975). The disparity is defined
    as in :func:`scipy.spatial.procrustes`: 0 for the same shape, about 1 for chance. Without the
    scale it counts a wrong size, too, and can exceed 1.

    Parameters
    ----------
    adata
        The cells.
    spatial_key
        Key of the true coordinates in ``adata.obsm``.
    recovered_key
        Key of the recovered ones. Cells with NaN in either are left out.
    scale
        Whether the size may change. By default ``True``. ``False`` moves the layout like a solid:
        both must have one unit then.
    key_added
        Key of the aligned coordinates in ``obsm``, and the beginning of the key of the result in
        ``uns``. By default ``recovered_key`` followed by ``"_aligned"``.
    copy
        Whether to return the result instead of writing it.

    Returns
    -------
    ``None``, or with ``copy=True`` the :class:`~dpvae.geometry.Alignment`. Written are

    - ``adata.obsm[key_added]``: the recovered coordinates in the frame of the true ones, and in
      their unit if the size may change;
    - ``adata.uns[key_added + "_params"]``: ``"disparity"``, ``"scale"``, ``"rotation"``,
      ``"is_reflected"`` and the settings.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If the shapes differ, too few places are known, or something would be overwritten.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> adata.obsm["spatial_dpvae"] = 3 * adata.obsm["spatial"][:, ::-1]
    >>> dpvae.tl.procrustes(adata)
    >>> round(float(adata.uns["spatial_dpvae_aligned_params"]["disparity"]), 6)
    0.0
    """
    true = read_coordinates(adata, spatial_key)
    recovered = read_coordinates(adata, recovered_key, argument="recovered_key")
    key = key_added or f"{recovered_key}_aligned"
    if not copy:
        check_free_key(adata, key)
    with named_in_errors(obsm_name(recovered_key), obsm_name(spatial_key)):
        alignment = align(recovered, true, with_scale=scale)
    if copy:
        return alignment
    adata.obsm[key] = alignment.apply(recovered)
    adata.uns[params_key(key)] = {
        "spatial_key": spatial_key,
        "recovered_key": recovered_key,
        "disparity": alignment.disparity,
        "scale": alignment.scale,
        "rotation": alignment.rotation,
        "is_reflected": alignment.is_reflected,
    }
    return None
