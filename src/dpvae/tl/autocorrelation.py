"""Moran's I and Geary's C of genes or representations."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from dpvae._data.arguments import check_is_anndata
from dpvae._data.counted import counted
from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._data.expression import expression_name, expression_of
from dpvae._data.matrix_on_disk import MatrixOnDisk, open_matrix
from dpvae._data.section import cells_per_section, named_sections
from dpvae._data.some_columns import columns_in_parts
from dpvae._data.whole_number import check_whole
from dpvae._keys import OBSM, UNS
from dpvae.geometry import known_rows
from dpvae.metrics import SpatialStatistic, false_discovery_rate
from dpvae.metrics import autocorrelation as autocorrelation_of
from dpvae.tl.coordinates import read_coordinates, read_representation
from dpvae.tl.result import check_free_uns


def autocorrelation(
    adata: AnnData,
    *,
    genes: Sequence[str] | None = None,
    layer: str | None = None,
    use_rep: str | None = None,
    spatial_key: str = OBSM.spatial,
    n_neighbors: int = 5,
    connectivity_key: str | None = None,
    sample_key: str | None = None,
    n_permutations: int = 0,
    key_added: str = UNS.autocorrelation,
    seed: int = 0,
    copy: bool = False,
) -> pd.DataFrame | None:
    """Measure how alike neighbours are in the tissue: Moran's I and Geary's C.

    Of genes, or with ``use_rep`` of the axes of a latent representation or of coordinates. By
    default over the five nearest neighbours, as in table I of :cite:t:`Zhou24`. The p-values do not
    know of depth, which makes genes look alike: to test genes, use
    :func:`dpvae.tl.spatially_variable_genes`.

    Parameters
    ----------
    adata
        The cells. Expression on disk is read in parts of 256 MiB, of some genes each.
    genes
        Names of the genes. By default all.
    layer
        Layer of their expression. By default ``adata.X``.
    use_rep
        Key of ``adata.obsm`` whose columns are taken instead of genes.
    spatial_key
        Key of the coordinates in ``adata.obsm``. Cells of unknown place are left out.
    n_neighbors
        k of the graph of nearest neighbours, made in every section by itself.
    connectivity_key
        Key of ``adata.obsp`` with a graph to use instead, for example the one of
        :func:`squidpy.gr.spatial_neighbors_knn`; edges between sections are left out.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section.
    n_permutations
        Number of random orders of the cells, for p-values by permutation. By default none.
    key_added
        Key of the table in ``adata.uns``.
    seed
        Seed of the permutations.
    copy
        Whether to return the table instead of writing it.

    Returns
    -------
    ``None``, or with ``copy=True`` the table. A row for each variable and section, sorted as they
    are in ``adata``, with ``variable``, ``section``, and for both statistics the value
    (``morans_i``: 1 alike, 0 chance; ``gearys_c``: 0 alike, 1 chance), the one-sided p-value under
    randomisation (``_p``), the share of false discoveries among all variables of the section
    (``_fdr``) and, if wanted, the p-value by permutation (``_p_permutation``).

    Raises
    ------
    KeyError
        If a key or gene does not exist.
    ValueError
        If values are not finite, a section has fewer than four cells of known place, or something
        would be overwritten.

    Warns
    -----
    UserWarning
        If variables are constant: their statistics are NaN.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(300, 20)
    >>> dpvae.tl.autocorrelation(adata, use_rep="spatial")
    >>> table = adata.uns["dpvae_autocorrelation"]
    >>> bool((table["morans_i"] > 0.9).all())
    True
    """
    check_is_anndata(adata)
    names, values = _variables(adata, genes, layer, use_rep)
    places = read_coordinates(adata, spatial_key)
    known = known_rows(places)
    if connectivity_key is not None and connectivity_key not in adata.obsp:
        message = (
            f"There is no adata.obsp[{connectivity_key!r}]; obsp has {sorted(adata.obsp)}. Run "
            "sq.gr.spatial_neighbors_knn(adata) first, or leave connectivity_key out."
        )
        raise KeyError(message)
    if not copy:
        check_free_uns(adata, key_added)
    where = expression_name(layer) if use_rep is None else obsm_name(use_rep)
    tables = []
    for section, members in cells_per_section(named_sections(adata, sample_key)):
        cells = np.flatnonzero(members & known)
        if len(cells) < 4:
            message = (
                f"Section {section!r} has {counted(len(cells), 'cell')} of known place; 4 are "
                "needed."
            )
            raise ValueError(message)
        graph = (
            _nearest(places[cells], n_neighbors)
            if connectivity_key is None
            else _connected(adata.obsp[connectivity_key], cells)
        )
        with named_in_errors(where, section=section):
            results = [
                autocorrelation_of(part, graph, n_permutations=n_permutations, seed=seed)
                for part in columns_in_parts(values, cells)
            ]
        columns: dict[str, Any] = {"variable": names, "section": section}
        columns.update(_columns("morans_i", [result.morans_i for result in results]))
        columns.update(_columns("gearys_c", [result.gearys_c for result in results]))
        tables.append(pd.DataFrame(columns))
    if not tables:
        message = "adata has no cells: there is nothing to measure."
        raise ValueError(message)
    table = pd.concat(tables, ignore_index=True)
    if copy:
        return table
    adata.uns[key_added] = table
    return None


def _variables(
    adata: AnnData, genes: Sequence[str] | None, layer: str | None, use_rep: str | None
) -> tuple[list[str], Any]:
    if use_rep is not None:
        if genes is not None or layer is not None:
            message = "Give use_rep, or genes and layer, but not both."
            raise ValueError(message)
        found = read_representation(adata, use_rep)
        values = adata.obsm[use_rep]
        if isinstance(values, pd.DataFrame):
            return [str(name) for name in values.columns], found
        return [f"{use_rep} {k + 1}" for k in range(found.shape[1])], found
    values = expression_of(adata, layer)
    if genes is None:
        return [str(name) for name in adata.var_names], _as_table(values)
    wanted = [genes] if isinstance(genes, str) else list(genes)
    missing = [gene for gene in wanted if gene not in adata.var_names]
    if missing:
        message = f"{len(missing)} of {len(wanted)} genes are not in var_names: {missing[:5]}."
        raise KeyError(message)
    chosen = adata.var_names.get_indexer(wanted)
    if isinstance(values, MatrixOnDisk):
        return wanted, values.columns(chosen)
    return wanted, _as_table(values[:, chosen])


def _as_table(values: Any) -> Any:
    if isinstance(values, MatrixOnDisk):
        return values
    return csr_matrix(values) if issparse(values) else np.asarray(values)


def _connected(graph: Any, cells: NDArray[np.intp]) -> csr_matrix:
    graph = open_matrix(graph)
    graph = graph[cells] if isinstance(graph, MatrixOnDisk) else csr_matrix(graph)[cells]
    return csr_matrix(graph[:, cells])


def _nearest(places: NDArray[np.float64], n_neighbors: int) -> csr_matrix:
    from sklearn.neighbors import NearestNeighbors

    check_whole(n_neighbors, "n_neighbors")
    finder = NearestNeighbors(n_neighbors=min(n_neighbors, len(places) - 1))
    return finder.fit(places).kneighbors_graph()


def _columns(
    name: str, statistics: Sequence[SpatialStatistic]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    p_randomization = np.concatenate([part.p_randomization for part in statistics])
    yield name, np.concatenate([part.value for part in statistics])
    yield f"{name}_p", p_randomization
    yield f"{name}_fdr", false_discovery_rate(p_randomization)
    p_permutation = [part.p_permutation for part in statistics if part.p_permutation is not None]
    if p_permutation:
        yield f"{name}_p_permutation", np.concatenate(p_permutation)
