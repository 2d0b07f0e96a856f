"""Free reconstruction of a tissue."""

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.culprit import obsm_name
from dpvae._data.section import named_sections
from dpvae._keys import OBSM
from dpvae.geometry import Placement, place_free
from dpvae.tl.coordinates import read_mask, read_representation
from dpvae.tl.placement import place_sections
from dpvae.tl.result import check_free_key


def reconstruct(
    adata: AnnData,
    *,
    use_rep: str = OBSM.latent,
    n_dims: int = 2,
    distance_scale: float = 1.0,
    mask_key: str | None = None,
    sample_key: str | None = None,
    key_added: str = OBSM.reconstructed,
    seed: int = 0,
    copy: bool = False,
) -> NDArray[np.float64] | None:
    """Lay cells out so that their distances follow their latent distances.

    Multidimensional scaling (equation 6 of :cite:t:`Zhou24`). No place is given, so position,
    rotation and reflection of the layout are arbitrary.

    Parameters
    ----------
    adata
        The cells.
    use_rep
        Key of their latent representation in ``adata.obsm``.
    n_dims
        2 or 3.
    distance_scale
        λ, latent distance per unit of the layout; with ``model.distance_scale`` the unit is that
        of the model's reference.
    mask_key
        Key of a pair mask in ``adata.obsp``, as :func:`dpvae.tl.pair_mask` writes it: only its
        pairs count. By default all pairs do.
    sample_key
        Column of ``adata.obs`` that names the section. Each section is laid out by itself. By
        default all cells are one section.
    key_added
        Key of the result in ``obsm``, and the beginning of the other keys.
    seed
        Seed of the random windows that large data are placed with.
    copy
        Whether to return the coordinates instead of writing them.

    Returns
    -------
    ``None``, or with ``copy=True`` the coordinates, shape ``(n_cells, n_dims)``. Written are

    - ``adata.obsm[key_added]``: the coordinates;
    - ``adata.obs[key_added + "_residual"]``: how badly the distances of each cell to the others
      agree with the latent ones, root mean square;
    - ``adata.uns[key_added + "_params"]``: settings and ``"sections"``, a table of the stress, the
      number of iterations, whether they converged, and the solver.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If the representation is not finite, or something would be overwritten.

    See Also
    --------
    dpvae.geometry.place_free : the same for arrays, with time and memory.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> adata.obsm["X_dpvae"] = adata.obsm["spatial"] / 100
    >>> dpvae.tl.reconstruct(adata, distance_scale=1 / 100)
    >>> disparity = dpvae.tl.procrustes(adata, copy=True).disparity
    >>> bool(disparity < 1e-6)
    True
    """
    latent = read_representation(adata, use_rep)
    if not copy:
        check_free_key(adata, key_added)
    mask = None if mask_key is None else read_mask(adata, mask_key)

    def place(cells: NDArray[np.bool_]) -> Placement:
        return place_free(
            latent[cells],
            n_dims=n_dims,
            distance_scale=distance_scale,
            pair_mask=None if mask is None else mask[cells][:, cells],
            seed=seed,
        )

    return place_sections(
        adata,
        named_sections(adata, sample_key),
        place,
        arrays=(obsm_name(use_rep),),
        key_added=key_added,
        params={
            "mask_key": mask_key,
            "use_rep": use_rep,
            "distance_scale": distance_scale,
            "seed": seed,
        },
        copy=copy,
    )
