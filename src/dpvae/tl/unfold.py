"""Both places that a cell of a symmetric tissue may come from."""

import numpy as np
from anndata import AnnData

from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._data.section import named_sections
from dpvae._data.whole_number import check_whole
from dpvae._keys import OBSM, UNS, params_key
from dpvae.geometry import check_latent, known_rows
from dpvae.tl.coordinates import read_coordinates, read_representation
from dpvae.tl.mirrors import mirror_of, symmetry_of
from dpvae.tl.result import check_free_key


def unfold(
    adata: AnnData,
    reference: AnnData,
    *,
    recovered_key: str = OBSM.reconstructed,
    use_rep: str = OBSM.latent,
    spatial_key: str = OBSM.spatial,
    section: str | None = None,
    sample_key: str | None = None,
    symmetry_key: str = UNS.mirror_symmetry,
    n_neighbors: int = 30,
    key_added: str = OBSM.unfolded,
) -> None:
    """Give cells that were placed in one half both places: that one and its mirror image.

    The weight of the first is the share of the nearest reference cells in ``use_rep`` that lie on
    its side: (m + 1) / (k + 2) for m of k. It is 0.5 if expression does not know the side.

    Parameters
    ----------
    adata
        The cells, placed by a model that was trained on the folded reference.
    reference
        The reference, after :func:`dpvae.tl.mirror_symmetry`, with its coordinates before folding.
    recovered_key
        Key of the places in ``adata.obsm``, in the frame of the reference.
    use_rep
        Key, in the ``obsm`` of both, of a common representation of expression.
    spatial_key
        Key of the coordinates of the reference before folding.
    section
        Name of the section of the reference in whose frame the cells were placed. May be left out
        if there is one.
    sample_key
        Column of ``reference.obs`` that names the section, as in
        :func:`dpvae.tl.mirror_symmetry`. Only cells of that section tell the side. May be left out
        if there is one.
    symmetry_key
        Key of the mirror lines in ``reference.uns``.
    n_neighbors
        k, the number of nearest reference cells.
    key_added
        Key of the result. Written are

        - ``adata.obsm[key_added]``: the likelier place;
        - ``adata.obsm[key_added + "_mirrored"]``: its mirror image;
        - ``adata.obs[key_added + "_weight"]``: the weight of the likelier one, from 0.5 to 1;
        - ``adata.uns[key_added + "_params"]``: the settings.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If the section is not clear or has no cells, ``n_neighbors`` is below 1, the representations
        do not match, or something would be overwritten.

    Examples
    --------
    >>> import scanpy as sc
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(400, 60)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> sc.pp.pca(adata, n_comps=5)
    >>> dpvae.tl.mirror_symmetry(adata)
    >>> adata.obsm["spatial_dpvae"] = adata.obsm["spatial"].copy()
    >>> dpvae.tl.unfold(adata, adata, use_rep="X_pca")
    >>> bool((adata.obs["spatial_unfolded_weight"] >= 0.5).all())
    True
    """
    from sklearn.neighbors import NearestNeighbors

    placed = read_coordinates(adata, recovered_key, argument="recovered_key")
    true = read_coordinates(reference, spatial_key, name="reference")
    row = symmetry_of(reference, symmetry_key, section)
    known = known_rows(true)
    if sample_key is not None or len(reference.uns[symmetry_key]) > 1:
        known &= named_sections(reference, sample_key) == str(row["section"])
    if not known.any():
        message = (
            f"The reference has no cell of known place in section {row['section']!r}: name the "
            "column of its sections with sample_key=…"
        )
        raise ValueError(message)
    in_reference = obsm_name(use_rep, name="reference")
    theirs = check_latent(read_representation(reference, use_rep)[known], name=in_reference)
    own = check_latent(read_representation(adata, use_rep), name=obsm_name(use_rep))
    if own.shape[1:] != theirs.shape[1:]:
        message = (
            f"obsm[{use_rep!r}] has {own.shape[1:]} columns in adata and {theirs.shape[1:]} in the "
            "reference; compute both by the same model."
        )
        raise ValueError(message)
    check_whole(n_neighbors, "n_neighbors")
    mirror = mirror_of(row)
    check_free_key(adata, key_added)
    finder = NearestNeighbors(n_neighbors=min(n_neighbors, len(theirs))).fit(theirs)
    is_kept_side = mirror.side(true[known]) > 0
    nearest = is_kept_side[finder.kneighbors(own, return_distance=False)]
    chance = (nearest.sum(axis=1) + 1.0) / (nearest.shape[1] + 2.0)
    with named_in_errors(obsm_name(recovered_key)):
        here = mirror.fold(placed)
    there = mirror.reflect(here)
    is_likelier = (chance >= 0.5)[:, None]
    adata.obsm[key_added] = np.where(is_likelier, here, there)
    adata.obsm[f"{key_added}_mirrored"] = np.where(is_likelier, there, here)
    adata.obs[f"{key_added}_weight"] = np.maximum(chance, 1.0 - chance)
    adata.uns[params_key(key_added)] = {
        "recovered_key": recovered_key,
        "use_rep": use_rep,
        "symmetry_key": symmetry_key,
        "n_neighbors": n_neighbors,
    }
