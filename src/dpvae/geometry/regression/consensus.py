"""Places of new cells where regressions on cells of known place agree."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae.geometry.latent import check_layout
from dpvae.geometry.regression.latents import fit_on_latents, standardized
from dpvae.geometry.regression.precision import left_out_weights

MOST_CELLS = 20_000
MOST_LEFT_OUT = 1_000


def place_by_consensus(
    latent: ArrayLike, layout_latent: ArrayLike, layout_coordinates: ArrayLike, *, seed: int = 0
) -> NDArray[np.float64]:
    """Place new cells one by one where regressions on cells of known place agree.

    The place of a cell is the mean of an affine and a quadratic ridge regression of places on
    latents and of the mean place of the nearest latents, weighted inversely to their squared errors
    on cells of the layout that are left out. Where latent distances are proportional to distances
    in the tissue, the affine map alone is exact; the others follow what is curved or local. On real
    sections this is as good as distances to landmarks (:func:`place_on_layout`), and better where
    the latents scatter: distances to far landmarks know nothing of the noise, a regression does.

    Parameters
    ----------
    latent
        z of the new cells, shape ``(n_new, n_latent)``, in any unit.
    layout_latent
        z of the layout, shape ``(n_cells, n_latent)``, in the same unit.
    layout_coordinates
        s of the layout, shape ``(n_cells, 2)`` or ``(n_cells, 3)``. Rows of NaN are left out.
    seed
        Of the 20,000 cells that are used of a larger layout, and the 1,000 of them that are left
        out. By default 0.

    Returns
    -------
    Coordinates, shape ``(n_new, 2)`` or ``(n_new, 3)``, in the frame and unit of the layout. With
    fewer than 30 cells of known place the quadratic regression is left out, with fewer than 20 the
    neighbours.

    Raises
    ------
    ValueError
        If an input is malformed or the latents differ in dimension.

    Notes
    -----
    Time O(n_cells n_latent⁴ + n_new (n_latent² + log n_cells)), memory O(n_cells n_latent² + n_new
    n_dims), with n_cells at most 20,000 and n_latent at most 20.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import place_by_consensus
    >>> tissue = np.random.default_rng(0).uniform(size=(60, 2))
    >>> places = place_by_consensus(3.0 * tissue[:10], 3.0 * tissue[10:], tissue[10:])
    >>> bool(np.allclose(places, tissue[:10], atol=1e-3))
    True
    """
    values, layout_values, places = check_layout(latent, layout_latent, layout_coordinates)
    rng = np.random.default_rng(seed)
    if len(places) > MOST_CELLS:
        chosen = np.sort(rng.choice(len(places), MOST_CELLS, replace=False))
        layout_values, places = layout_values[chosen], places[chosen]
    left_out = np.sort(rng.permutation(len(places))[:MOST_LEFT_OUT])
    known, new = standardized(layout_values, values)
    ways = list(fit_on_latents(known, places, left_out).values())
    weights = left_out_weights([way.left_out for way in ways], places[left_out])
    return np.tensordot(weights, [way.predict(new) for way in ways], 1)
