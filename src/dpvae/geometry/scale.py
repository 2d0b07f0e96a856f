"""The latent distance per unit of tissue distance."""

import numpy as np
from numpy.typing import ArrayLike

from dpvae._data.counted import counted
from dpvae._data.numbers import floats_of
from dpvae.geometry.coordinates import check_coordinate_rows, known_rows
from dpvae.geometry.latent import check_latent
from dpvae.geometry.pairs import pair_distances, pairs_within


def fit_distance_scale(
    latent: ArrayLike,
    coordinates: ArrayLike,
    *,
    section: ArrayLike | None = None,
    max_pairs: int = 200_000,
    seed: int = 0,
) -> float:
    """Fit λ, the latent distance per unit of tissue distance.

    The least-squares slope through the origin, λ = Σ d_z d_s / Σ d_s², where d_z = ‖z_i − z_j‖ and
    d_s = ‖s_i − s_j‖ run over pairs of cells of the same section whose coordinates are known. It
    minimises the squared form of the distance-preserving loss, eq. 3 of Zhou & Du 2024
    (arXiv:2408.00911), over λ.

    Parameters
    ----------
    latent
        z, shape ``(n_cells, n_latent)``.
    coordinates
        s, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in any unit. Rows of NaN are left out.
    section
        Codes of the sections, shape ``(n_cells,)``. By default one section.
    max_pairs
        All pairs are used up to this number, random ones above. By default 200,000.
    seed
        Seed of the random pairs. By default 0.

    Returns
    -------
    λ in latent units per unit of ``coordinates``.

    Raises
    ------
    ValueError
        If an input is malformed, no pair of known cells lies apart in the tissue, or all such
        pairs have the same latent.

    Notes
    -----
    Time O(max_pairs (n_latent + n_dims)), memory O(n_cells + max_pairs).

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import fit_distance_scale
    >>> places = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 0.0]])
    >>> round(fit_distance_scale(2 * places, places), 12)
    2.0
    """
    places = check_coordinate_rows(coordinates)
    values = floats_of(latent, "latent")
    code = np.zeros(len(places), dtype=np.int64) if section is None else np.asarray(section)
    if code.shape != (len(places),) or len(values) != len(places):
        message = (
            f"latent has {len(values)} rows, coordinates {len(places)} and section shape "
            f"{code.shape}; all need one row for each cell."
        )
        raise ValueError(message)
    known = known_rows(places)
    values, places = check_latent(values[known]), places[known]
    first, second = pairs_within(code[known], max_pairs=max_pairs, seed=seed)
    in_latent = pair_distances(values, first, second)
    in_tissue = pair_distances(places, first, second)
    product, square = float(in_latent @ in_tissue), float(in_tissue @ in_tissue)
    if square == 0.0:
        message = (
            f"no pair among the {counted(len(places), 'cell')} with known coordinates lies apart "
            "within a "
            "section; at least two cells at different places are needed to fit the distance scale."
        )
        raise ValueError(message)
    if product == 0.0:
        message = (
            f"all {len(places)} cells with known coordinates have the same latent; "
            "a collapsed latent space has no distance scale."
        )
        raise ValueError(message)
    return product / square
