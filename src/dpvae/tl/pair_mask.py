"""Which pairs of cells count in the distance term."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import block_diag, csr_matrix
from scipy.spatial import cKDTree

from dpvae._data.section import cells_per_section, named_sections
from dpvae._keys import OBSM, OBSP
from dpvae.geometry import check_pair_mask, known_rows
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.result import check_name, check_ours

MOST_PARTNERS = 100
MOST_PAIRS = 50_000_000


def pair_mask(
    adata: AnnData,
    kind: Literal["neighbors", "radius", "labels", "given"] = "neighbors",
    *,
    n_neighbors: int | Sequence[int] = 15,
    radius: float | None = None,
    label_key: str | None = None,
    matrix: Any = None,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    key_added: str = OBSP.pair_mask,
    seed: int = 0,
    copy: bool = False,
) -> csr_matrix | None:
    """Choose the pairs of cells whose distances are to be preserved: G of equation 5.

    Hand the key on to ``setup_anndata(..., mask_key=...)`` of a model :cite:p:`Zhou24`. Pairs are
    never of two sections.

    Parameters
    ----------
    adata
        The cells.
    kind
        - ``"neighbors"``: each cell and its ``n_neighbors`` nearest ones;
        - ``"radius"``: cells at most ``radius`` apart;
        - ``"labels"``: cells with the same label in ``adata.obs[label_key]``, 100 random ones of
          them for each cell if there are more;
        - ``"given"``: the pairs of ``matrix``.
    n_neighbors
        One number, or several: then a pair weighs as much as the number of them that it is in, so
        that near pairs count most and farther ones are not forgotten.
    radius
        In the unit of the coordinates.
    label_key
        Column of ``adata.obs``. Cells without a label have no pairs.
    matrix
        SciPy sparse matrix, symmetric and at least 0.
    spatial_key
        Key of the coordinates in ``adata.obsm``. Cells of unknown place have no pairs.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section.
    key_added
        Key of the mask in ``adata.obsp``, and of how it was made in ``adata.uns``.
    seed
        Seed of the partners of the same label.
    copy
        Whether to return the mask instead of writing it.

    Returns
    -------
    ``None``, or with ``copy=True`` the mask, shape ``(n_cells, n_cells)``, symmetric, without
    diagonal. Memory grows with the number of pairs.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If an option is missing or out of range, the given matrix is not usable (see
        :func:`dpvae.geometry.check_pair_mask`), no pair is left, a section would have more pairs
        than can be kept, or something would be overwritten.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> dpvae.tl.pair_mask(adata, n_neighbors=[5, 20])
    >>> sorted(set(adata.obsp["dpvae_pair_mask"].data.tolist()))
    [1.0, 2.0]
    """
    places = read_coordinates(adata, spatial_key)
    known = known_rows(places)
    names = named_sections(adata, sample_key)
    if not copy:
        _check_free(adata, key_added)
    if kind == "given":
        section = np.unique(names, return_inverse=True)[1]
        mask = check_pair_mask(matrix, adata.n_obs, name="matrix", section=section)
        found = _without(mask, known)
    elif kind in ("neighbors", "radius"):
        blocks, order = [], []
        for _, members in cells_per_section(names):
            cells = np.flatnonzero(members & known)
            if len(cells) > 1:
                blocks.append(_near(places[cells], kind, n_neighbors, radius))
                order.append(cells)
        found = _spread(blocks, order, adata.n_obs)
    elif kind == "labels":
        groups = _labels(adata, label_key, names)
        found = _same_label(groups, known, np.random.default_rng(seed))
    else:
        message = f"kind is {kind!r}; pass 'neighbors', 'radius', 'labels' or 'given'."
        raise ValueError(message)
    found = check_pair_mask(found, adata.n_obs, name=f"the mask by {kind}")
    if copy:
        return found
    params: dict[str, Any] = {
        "kind": kind,
        "spatial_key": spatial_key,
        "sample_key": sample_key,
    }
    if kind == "neighbors":
        params["n_neighbors"] = np.atleast_1d(n_neighbors)
    elif kind == "radius":
        params["radius"] = radius
    elif kind == "labels":
        params |= {"label_key": label_key, "seed": seed}
    adata.obsp[key_added] = found
    adata.uns[key_added] = {"params": {k: v for k, v in params.items() if v is not None}}
    return None


def _check_free(adata: AnnData, key: str) -> None:
    check_name(key)
    written = adata.uns.get(key)
    ours = isinstance(written, dict) and "kind" in written.get("params", ())
    for part in ("obsp", "uns"):
        if key in getattr(adata, part):
            check_ours(f"adata.{part}[{key!r}]", is_ours=ours)


def _near(
    places: NDArray[np.float64], kind: str, n_neighbors: int | Sequence[int], radius: float | None
) -> csr_matrix:
    from sklearn.neighbors import NearestNeighbors

    if kind == "radius":
        if radius is None or not radius > 0:
            message = f"radius is {radius}; pass a positive one, in the unit of the coordinates."
            raise ValueError(message)
        _check_number(int(cKDTree(places).count_neighbors(cKDTree(places), radius)))
        return NearestNeighbors(radius=radius).fit(places).radius_neighbors_graph()
    counts = np.atleast_1d(n_neighbors)
    if counts.size == 0 or counts.dtype.kind != "i" or counts.min() < 1:
        message = f"n_neighbors is {n_neighbors}; pass whole numbers of at least 1."
        raise ValueError(message)
    _check_number(len(places) * int(np.minimum(counts, len(places) - 1).sum()))
    finder = NearestNeighbors().fit(places)
    graphs = [finder.kneighbors_graph(n_neighbors=min(int(k), len(places) - 1)) for k in counts]
    return sum((graph.maximum(graph.T) for graph in graphs), csr_matrix((len(places),) * 2))


def _check_number(n_pairs: int) -> None:
    if n_pairs > MOST_PAIRS:
        message = (
            f"a mask of {n_pairs:,} pairs in one section is too large (above {MOST_PAIRS:,}); "
            "pass fewer neighbours, or a smaller radius: it is in the unit of the coordinates."
        )
        raise ValueError(message)


def _spread(blocks: list[csr_matrix], order: list[NDArray[np.intp]], n_cells: int) -> csr_matrix:
    """Put the masks of sections, in their order, into one mask of all cells."""
    if not blocks:
        return csr_matrix((n_cells, n_cells))
    joint, cells = block_diag(blocks, format="coo"), np.concatenate(order)
    return csr_matrix((joint.data, (cells[joint.row], cells[joint.col])), (n_cells, n_cells))


def _labels(adata: AnnData, label_key: str | None, section: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the number of the label and section of each cell, −1 without a label."""
    if label_key is None or label_key not in adata.obs:
        message = (
            f"label_key is {label_key!r}; name a column of obs: {sorted(map(str, adata.obs))}."
        )
        raise KeyError(message)
    labels = adata.obs[label_key]
    joint = section + np.array("\n") + labels.astype(str).to_numpy(dtype=str)
    codes, _ = pd.factorize(joint)
    return np.where(labels.isna(), -1, codes)


def _same_label(
    groups: NDArray[np.int64], known: NDArray[np.bool_], rng: np.random.Generator
) -> csr_matrix:
    first, second = [], []
    for group in np.unique(groups[known & (groups >= 0)]):
        cells = rng.permutation(np.flatnonzero((groups == group) & known))
        largest = min(MOST_PARTNERS // 2, (len(cells) - 1) // 2 + 1)
        for shift in range(1, largest + 1):
            first.append(cells)
            second.append(np.roll(cells, shift))
    if not first:
        return csr_matrix((len(groups), len(groups)))
    one, two = np.concatenate(first), np.concatenate(second)
    half = csr_matrix((np.ones(len(one)), (one, two)), (len(groups), len(groups)))
    both = half.maximum(half.T).tocsr()
    both.data[:] = 1.0
    return both


def _without(mask: csr_matrix, known: NDArray[np.bool_]) -> csr_matrix:
    pairs = mask.tocoo()
    kept = known[pairs.row] & known[pairs.col]
    return csr_matrix((pairs.data[kept], (pairs.row[kept], pairs.col[kept])), mask.shape)
