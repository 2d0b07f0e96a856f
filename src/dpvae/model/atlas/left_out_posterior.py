"""Where cells of the reference would be placed by surfaces that did not see them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from dpvae.geometry import Posterior
from dpvae.geometry.surfaces.surfaces import fit_surfaces
from dpvae.model.atlas.gene_surfaces import GeneSurfaces, ReadGenes
from dpvae.model.atlas.observations import observations

Rows = NDArray[np.intp]
Values = NDArray[np.float64]


def left_out_posterior(
    surfaces: GeneSurfaces,
    section: str,
    genes: ReadGenes,
    coordinates: Values,
    rows: Rows,
    chosen: Rows,
) -> Posterior:
    """Probabilities of positions for cells of the reference, each as if it were new.

    Surfaces are fitted without a fifth of the cells at a time, and give the probabilities of these.
    A cell's own position has none, so that it cannot point at itself. Errors of guessed positions
    play no part: labels belong to the cells that are placed there, wherever these are.

    Parameters
    ----------
    surfaces
        Of the reference.
    section
        Name of a section that has a model.
    genes
        Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``.
    coordinates
        Of all cells of the reference, shape ``(n_cells, n_dims)``.
    rows
        Cells of the section, of known place, to fit surfaces to.
    chosen
        Those among them whose posterior is wanted, rising.

    Returns
    -------
    Of the chosen cells, in their order, over the positions of the section's model.
    """
    model = surfaces.sections[section]
    values = observations(
        surfaces.regression,
        section,
        genes,
        len(model.precision) - coordinates.shape[1],
        surfaces.axes,
        rows,
    )
    values[:, -coordinates.shape[1] :] *= surfaces.reads[section]
    fitted = fit_surfaces(coordinates[rows], values)
    is_chosen = np.isin(rows, chosen)
    parts, order, unlike = [], [], []
    for number, without in enumerate(fitted.without):
        mine = np.flatnonzero(is_chosen & (fitted.fold == number))
        found = replace(model, surfaces=without).posterior(values[mine])
        parts.append(_without_own(found, rows[mine]))
        order.append(mine)
        unlike.append(found.unlikeness)
    back = np.argsort(np.concatenate(order))
    return Posterior(
        model.positions,
        csr_matrix(vstack(parts, format="csr"))[back],
        model.rows,
        np.concatenate(unlike)[back],
    )


def _without_own(found: Posterior, cells: Rows) -> csr_matrix:
    """Probabilities of rows of sum 1, with 0 at each cell's own position."""
    entries = found.probabilities.tocoo()
    is_own = found.reference_rows[entries.col] == cells[entries.row]
    entries.data = np.where(is_own, 0.0, entries.data)
    rows = csr_matrix(entries)
    total = np.asarray(rows.sum(axis=1)).ravel()
    rows.data = rows.data / np.repeat(np.maximum(total, np.finfo(float).tiny), np.diff(rows.indptr))
    return rows
