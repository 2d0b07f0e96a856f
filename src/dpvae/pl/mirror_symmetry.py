"""The mirror line of a section, and where expression agrees across it."""

from pathlib import Path

import anndata as ad
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dpvae._data.section import named_sections
from dpvae._keys import OBSM, UNS
from dpvae.geometry import Mirror, known_rows
from dpvae.pl.coordinates import read_coordinates
from dpvae.pl.map_panel import map_panel
from dpvae.pl.panels import save_figure
from dpvae.pl.view import View
from dpvae.tl.mirrors import mirror_of, symmetry_of

AGREEMENT_COLORS = "viridis"
ALONE = "mirror image outside the tissue"


def mirror_symmetry(
    adata: ad.AnnData,
    *,
    spatial_key: str = OBSM.spatial,
    section: str | None = None,
    sample_key: str | None = None,
    symmetry_key: str = UNS.mirror_symmetry,
    unit: str | None = None,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw a section with its mirror line, coloured by how well mirrored places agree.

    Parameters
    ----------
    adata
        Cells, after :func:`dpvae.tl.mirror_symmetry`.
    spatial_key
        Key of ``adata.obsm`` with the coordinates, shape ``(n_cells, 2 or 3)``. By default
        ``"spatial"``. In 3-D one looks along the plane.
    section
        Name of the section to draw. May be left out if there is one.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section.
    symmetry_key
        Key of ``adata.uns`` with the lines. By default ``"dpvae_mirror_symmetry"``.
    unit
        Unit of the coordinates for the labels, such as ``"µm"``. By default none.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes. Cells whose mirror image is outside the tissue are grey.

    Raises
    ------
    KeyError
        If a key is not there.
    ValueError
        If the section is not clear, or its coordinates cannot be drawn.

    Examples
    --------
    >>> import scanpy as sc
    >>> from dpvae import datasets, pl, tl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> tl.mirror_symmetry(adata)
    >>> pl.mirror_symmetry(adata).get_title().split(":")[0]
    'not symmetric'
    """
    row = symmetry_of(adata, symmetry_key, section)
    column = f"{symmetry_key}_agreement"
    if column not in adata.obs:
        message = f"adata.obs[{column!r}] is missing: run dpvae.tl.mirror_symmetry(adata) first."
        raise KeyError(message)
    is_drawn = named_sections(adata, sample_key) == str(row["section"])
    if not is_drawn.any():
        message = f"No cell is of section {row['section']!r}: name its column with sample_key=…"
        raise ValueError(message)
    places = np.where(is_drawn[:, None], read_coordinates(adata, spatial_key), np.nan)
    agreement = np.where(is_drawn, adata.obs[column].to_numpy(dtype=float), np.nan)
    mirror = mirror_of(row)
    panel = map_panel(places, ax, view=None if places.shape[1] == 2 else _along(mirror, places))
    alone = np.isnan(agreement)
    panel.cells(shown=alone, label=ALONE)
    dots = panel.cells(agreement, shown=~alone, cmap=AGREEMENT_COLORS, vmin=0, vmax=1)
    ends = panel.view.project(_ends(mirror, panel.view, places))
    panel.ax.plot(*ends.T, color="black", linewidth=1.5)
    verdict = "symmetric" if row["is_symmetric"] else "not symmetric"
    title = f"{verdict}: agreement {row['agreement']:.2f}, contrast {row['contrast']:.2f}"
    has_alone = bool((alone & known_rows(places)).any())
    panel.ax.set_title(title, pad=24 if has_alone else None)
    panel.explain(dots, "agreement with mirror image", unit, extend="min")
    if has_alone:
        panel.ax.legend(
            frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0)
        )
    save_figure(panel.ax, save)
    return panel.ax


def _along(mirror: Mirror, places: NDArray[np.float64]) -> View:
    """View of a tissue in space in which the mirror plane is seen as a line."""
    known = places[known_rows(places)]
    center = known.mean(axis=0)
    inside = known - center - ((known - center) @ mirror.normal)[:, None] * mirror.normal
    _, _, rows = np.linalg.svd(inside, full_matrices=False)
    return View(center, np.stack([mirror.normal, rows[0], rows[1]], axis=1))


def _ends(mirror: Mirror, view: View, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the ends of the line, as far as the tissue goes, shape ``(2, n_dims)``."""
    known = places[known_rows(places)]
    if len(mirror.normal) == 2:
        along = np.array([-mirror.normal[1], mirror.normal[0]])
    else:
        along = view.directions[:, 1]
    foot = known.mean(axis=0)
    foot = foot - (foot @ mirror.normal - mirror.offset) * mirror.normal
    reach = (known - foot) @ along
    return np.asarray(foot + np.array([[reach.min()], [reach.max()]]) * along)
