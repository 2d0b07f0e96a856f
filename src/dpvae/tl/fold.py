"""Folding of symmetric sections: one half stands for both."""

from collections.abc import Sequence

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._data.section import cells_per_section, named_sections
from dpvae._keys import OBSM, UNS, params_key
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.mirrors import mirror_of, read_symmetry
from dpvae.tl.result import check_free_key


def fold(
    adata: AnnData,
    *,
    spatial_key: str = OBSM.spatial,
    sections: Sequence[str] | None = None,
    sample_key: str | None = None,
    symmetry_key: str = UNS.mirror_symmetry,
    key_added: str = OBSM.folded,
    copy: bool = False,
) -> NDArray[np.float64] | None:
    """Mirror one half of every symmetric section onto the other.

    The half with more cells stays where it is. A model that is set up with these coordinates,
    ``setup_anndata(adata, spatial_key="spatial_folded")``, places cells in that half;
    otherwise it would place them between both. Coordinates that recover a folded section are scored
    against it: ``dpvae.tl.score(adata, "spatial_folded", …)``.

    Parameters
    ----------
    adata
        The cells, after :func:`dpvae.tl.mirror_symmetry`.
    spatial_key
        Key of their coordinates in ``adata.obsm``; or of recovered ones in the same frame, which
        are folded about the same lines.
    sections
        Names of the sections to fold. By default those that were found symmetric; name them if
        you know the tissue better. The others keep their coordinates.
    sample_key
        Column of ``adata.obs`` that names the section, as in :func:`dpvae.tl.mirror_symmetry`.
    symmetry_key
        Key of the mirror lines in ``adata.uns``.
    key_added
        Key of the result in ``obsm``, and the beginning of the key in ``uns``.
    copy
        Whether to return the coordinates instead of writing them.

    Returns
    -------
    ``None``, or with ``copy=True`` the coordinates, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in
    the frame and unit of ``spatial_key``. Written are ``adata.obsm[key_added]`` and
    ``adata.uns[key_added + "_params"]`` with the settings and the names of the folded
    ``"sections"``.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If no section is symmetric, a section has no mirror line, or something would be
        overwritten.

    Examples
    --------
    >>> import scanpy as sc
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(400, 60)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> dpvae.tl.mirror_symmetry(adata)
    >>> names = adata.uns["dpvae_mirror_symmetry"]["section"].tolist()
    >>> dpvae.tl.fold(adata, sections=names)
    >>> adata.obsm["spatial_folded"].shape
    (400, 2)
    """
    places = read_coordinates(adata, spatial_key)
    rows = read_symmetry(adata, symmetry_key)
    if not copy:
        check_free_key(adata, key_added)
    names = named_sections(adata, sample_key)
    if sections is None:
        here = [name for name in rows if name in names] or list(rows)
        wanted = [name for name in here if rows[name]["is_symmetric"]]
    else:
        wanted = [str(name) for name in sections]
    unknown = [name for name in wanted if name not in rows or name not in names]
    if unknown:
        message = (
            f"Sections {unknown} are not both in adata and in adata.uns[{symmetry_key!r}], which "
            f"has {list(rows)}; use the same sample_key in both functions."
        )
        raise ValueError(message)
    if not wanted:
        message = (
            f"No section was found symmetric in adata.uns[{symmetry_key!r}]. Where you know that "
            "one is, name it with sections=…"
        )
        raise ValueError(message)
    folded = places.copy()
    for name, cells in cells_per_section(names):
        if name in wanted:
            with named_in_errors(obsm_name(spatial_key), section=name):
                folded[cells] = mirror_of(rows[name]).fold(places[cells])
    if copy:
        return folded
    adata.obsm[key_added] = folded
    adata.uns[params_key(key_added)] = {
        "spatial_key": spatial_key,
        "symmetry_key": symmetry_key,
        "sections": wanted,
    }
    return None
