"""Imputation of missing places."""

import logging
from typing import Literal

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.culprit import obsm_name
from dpvae._data.section import cells_per_section, named_sections
from dpvae._keys import OBSM
from dpvae.geometry import Placement, known_rows, place_anchored
from dpvae.tl.coordinates import given_to_a_model, read_coordinates, read_representation
from dpvae.tl.placement import place_sections
from dpvae.tl.result import check_free_key

logger = logging.getLogger(__name__)


def impute(
    adata: AnnData,
    *,
    use_rep: str = OBSM.latent,
    spatial_key: str = OBSM.spatial,
    distance_scale: float | None = None,
    penalty: float | None = None,
    method: Literal["blend", "stress"] | None = None,
    sample_key: str | None = None,
    key_added: str = OBSM.reconstructed,
    seed: int = 0,
    copy: bool = False,
) -> NDArray[np.float64] | None:
    """Fill in the places of cells that have none, around those that have one.

    Cells whose row of ``adata.obsm[spatial_key]`` is NaN are placed by their latent
    representation; the others are anchors and stay exactly where they are. With few anchors the
    distances decide (equations 6 and 7 of :cite:t:`Zhou24`), with many also regressions of places
    on latents, as far as they place left-out anchors better: see
    :func:`dpvae.geometry.place_anchored`.

    Parameters
    ----------
    adata
        The cells.
    use_rep
        Key of their latent representation in ``adata.obsm``.
    spatial_key
        Key of their coordinates in ``adata.obsm``, NaN if unknown.
    distance_scale
        λ, latent distance per unit of the coordinates. By default it is fitted to the anchors.
    penalty
        μ. Where given, anchors may move, at this price; see
        :func:`dpvae.geometry.place_anchored`.
    method
        ``"blend"`` of all that helps, or ``"stress"``, the objective of the paper alone. By default
        the blend, if anchors are exact and fix the frame.
    sample_key
        Column of ``adata.obs`` that names the section. Each section is placed by itself and needs
        anchors of its own. By default all cells are one section.
    key_added
        Key of the result in ``obsm``, and the beginning of the other keys.
    seed
        Seed of the random windows that large data are placed with.
    copy
        Whether to return the coordinates instead of writing them.

    Returns
    -------
    ``None``, or with ``copy=True`` the coordinates, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    Written are

    - ``adata.obsm[key_added]``: the coordinates of all cells;
    - ``adata.obs[key_added + "_expected_error"]``: how far each cell is expected to be from its
      true place, in the unit of the coordinates (of blends only). It is learned from anchors whose
      places no model of this AnnData was given, and left out if there are fewer than ten of them;
    - ``adata.obs[key_added + "_residual"]``: how badly its distances to the others agree with the
      latent ones, root mean square;
    - ``adata.uns[key_added + "_params"]``: settings and ``"sections"``, a table of the stress, the
      number of iterations, whether they converged, the solver, and the root mean square error of
      the same anchors, left out one by one.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If a section has no anchor, an array is malformed, or something would be overwritten.

    Notes
    -----
    A model that was trained on the places of anchors keeps their distances better than those of
    other cells. So these anchors cannot tell how well others are placed. The places that a model
    was given are in ``adata.obsm["_dpvae_coordinates"]``, which ``setup_anndata`` writes. To have
    an expected error, keep some known places from the model.

    Memory grows linearly with the number of cells.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> adata.obsm["X_dpvae"] = adata.obsm["spatial"] / 100
    >>> adata.obsm["partial"] = adata.obsm["spatial"].copy()
    >>> adata.obsm["partial"][:50] = np.nan
    >>> dpvae.tl.impute(adata, spatial_key="partial")
    >>> bool(np.allclose(adata.obsm["spatial_dpvae"], adata.obsm["spatial"], atol=1))
    True
    """
    latent = read_representation(adata, use_rep)
    places = read_coordinates(adata, spatial_key)
    if not copy:
        check_free_key(adata, key_added)
    known = known_rows(places)
    is_unseen = ~given_to_a_model(adata)
    names = named_sections(adata, sample_key)
    for name, cells in cells_per_section(names):
        if not known[cells].any():
            where = f" of section {name!r}" if name else ""
            message = (
                f"No cell{where} has a place in {obsm_name(spatial_key)}: give at least three, or "
                "lay the cells out freely with dpvae.tl.reconstruct."
            )
            raise ValueError(message)

    without_error = []

    def place(cells: NDArray[np.bool_]) -> Placement:
        placement = place_anchored(
            latent[cells],
            places[cells],
            known[cells],
            distance_scale=distance_scale,
            penalty=penalty,
            method=method,
            is_unseen=is_unseen[cells],
            seed=seed,
        )
        if placement.blend is not None and placement.expected_error is None:
            without_error.append(int((known & is_unseen)[cells].sum()))
        return placement

    coordinates = place_sections(
        adata,
        names,
        place,
        arrays=(obsm_name(use_rep), obsm_name(spatial_key)),
        key_added=key_added,
        params={
            "use_rep": use_rep,
            "spatial_key": spatial_key,
            "distance_scale": distance_scale,
            "penalty": penalty,
            "method": method,
            "seed": seed,
        },
        copy=copy,
    )
    if without_error and not copy:
        logger.warning(
            "No expected error is written: a model was given the places of all but %d of the known "
            "cells. See “Filling in places” in the user guide.",
            sum(without_error),
        )
    return coordinates
