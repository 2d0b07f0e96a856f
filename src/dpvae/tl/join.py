"""One AnnData of dissociated cells and imaged tissue."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.counted import counted
from dpvae._data.culprit import obsm_name
from dpvae._data.expression import is_expression_on_disk
from dpvae._data.names import as_text
from dpvae._data.section import cells_per_section, check_column
from dpvae._keys import OBS, OBSM, UNS, VARM
from dpvae.geometry import known_rows
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.joint_matrix import JointMatrix, write_joint
from dpvae.tl.joint_obs import joint_obs
from dpvae.tl.shared_genes import check_cells, check_not_given_twice, joint_genes
from dpvae.tl.technology import Technology, check_names_differ, check_one_kind, technologies_of

FEWEST_CELLS = 20


def join(
    cells: AnnData | Mapping[str, AnnData],
    tissue: AnnData | Mapping[str, AnnData],
    *,
    layer: str | None = None,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    filename: str | PathLike[str] | None = None,
) -> AnnData:
    """Put dissociated cells and imaged tissue into one AnnData.

    Dissociated cells have all genes and no places, imaged tissue has places and few genes. A joint
    model learns from both. It needs to know who measured what: a gene that a technology did not
    measure is 0 for its cells, and so is a gene that it measured and did not find.

    Parameters
    ----------
    cells
        The dissociated cells, or several of them: a mapping from names of technologies to AnnData.
        Coordinates that they bring along are not taken. The default name is ``"cells"``.
    tissue
        The imaged tissue, in the same forms. The default name is ``"tissue"``.
    layer
        Layer of the expression of all. By default ``X``. All hold raw counts, or none does.
    spatial_key
        Key of the coordinates in ``obsm`` of the tissue. Rows of NaN are unknown places.
    sample_key
        Column of ``obs`` of the tissue that names the section. By default each technology is one
        section.
    filename
        The h5ad file to write the result to; an existing one is replaced. It is needed if any
        expression is on disk: rows are then copied a few thousand at a time.

    Returns
    -------
    A new AnnData, backed by ``filename`` if that is given, with

    - all cells, dissociated ones first. If two technologies share a name of a cell, all names get
      the beginning ``"<technology>-"``;
    - all genes: first those that every technology measured, in the order of the first tissue,
      then the others as they appear;
    - ``X``: the expression, 0 if a gene was not measured; CSR, or an array if all are arrays;
    - ``obs``: the columns of all, missing if a technology lacks one, and as text if they mix kinds
      of values or hold what h5ad does not, such as dates; ``obs["technology"]``; and
      ``obs["section"]``, which of dissociated cells is the technology, and of tissue begins with
      the technology if two have sections of the same name. A column ``"section"`` of theirs that
      names a single one is replaced;
    - ``obsm[spatial_key]``: coordinates in their unit, NaN for dissociated cells;
    - ``varm["measured"]``: genes × technologies, whether it was measured;
    - ``uns["dpvae_join"]``: ``n_shared``, the number of genes that all measured, and the names of
      ``technologies`` and of the ``imaged`` ones among them.

    No more is taken from ``cells`` and ``tissue``, and neither is changed.

    Raises
    ------
    KeyError
        If there are no coordinates in the tissue, or no such layer or column.
    ValueError
        If fewer than 10 genes are shared; if some hold counts and others logarithms; if names of
        genes, cells, sections or technologies are not unique, or a technology has no name; if fewer
        than 20 cells are dissociated, or of known place in a section; if coordinates differ in
        their number of dimensions; if the same cells are given twice; if values are not finite; if
        a column of ``obs`` would be overwritten or occurs twice; or if expression is on disk and
        there is no ``filename``.

    Warns
    -----
    UserWarning
        If genes are shared under other names (see :func:`dpvae.tl.match_genes`), or cells have no
        value in any shared gene.

    Examples
    --------
    >>> import dpvae
    >>> section = dpvae.datasets.simulated_tissue(600, 60)
    >>> cells, tissue = section[:300].copy(), section[300:, :20].copy()
    >>> joint = dpvae.tl.join(cells, tissue)
    >>> joint.shape
    (600, 60)
    >>> joint.varm["measured"].sum().to_dict()
    {'cells': 60, 'tissue': 20}
    """
    technologies = [
        *technologies_of(cells, "cells", layer=layer),
        *technologies_of(tissue, "tissue", layer=layer),
    ]
    path = _checked_path(technologies, filename)
    check_names_differ(technologies)
    places = _places(technologies, spatial_key)
    sections = _sections(technologies, sample_key)
    _check_enough(technologies, places, sections, spatial_key)
    genes = joint_genes(technologies)
    check_not_given_twice(technologies, genes)
    for each in technologies:
        check_cells(each, genes)
    check_one_kind(technologies)
    joint = AnnData(
        obs=joint_obs(technologies, sections),
        var=pd.DataFrame(index=genes.names),
        obsm={spatial_key: np.concatenate(places)},
        varm={VARM.measured: _measured(technologies, genes.names)},
    )
    joint.uns[UNS.join] = {
        "n_shared": genes.n_shared,
        "technologies": np.array([each.name for each in technologies], dtype=object),
        "imaged": np.array([each.name for each in technologies if each.is_imaged], dtype=object),
    }
    parts = [(each.expression, genes.columns_of(each)) for each in technologies]
    matrix = JointMatrix(parts, len(genes.names))
    if path is not None:
        return write_joint(joint, matrix, path)
    joint.X = matrix.read()
    return joint


def _checked_path(
    technologies: list[Technology], filename: str | PathLike[str] | None
) -> Path | None:
    on_disk = [each.where for each in technologies if is_expression_on_disk(each.adata, each.layer)]
    if filename is None:
        if on_disk:
            message = (
                f"{on_disk[0]} is on disk: name the h5ad file to write the result to with "
                "filename=…, or read all into memory with .to_memory()."
            )
            raise ValueError(message)
        return None
    path = Path(filename)
    if not path.parent.is_dir():
        message = f"There is no folder {path.parent} for filename={str(path)!r}: make it first."
        raise FileNotFoundError(message)
    for each in technologies:
        source = each.adata.filename
        if source is not None and Path(source).resolve() == path.resolve():
            message = f"filename={str(path)!r} is the file of {each.call}: give another one."
            raise ValueError(message)
    return path


def _places(technologies: list[Technology], spatial_key: str) -> list[NDArray[np.float64]]:
    """Coordinates of the cells of each technology, NaN if they were dissociated."""
    found = {
        each: read_coordinates(each.adata, spatial_key, name=each.call)
        for each in technologies
        if each.is_imaged
    }
    n_dims = {each.call: places.shape[1] for each, places in found.items()}
    if len(set(n_dims.values())) > 1:
        listed = ", ".join(f"{call} {number}" for call, number in n_dims.items())
        message = f"Coordinates differ in their number of dimensions: {listed}. Give 2 or 3 to all."
        raise ValueError(message)
    unknown = next(iter(n_dims.values()))
    return [
        found[each] if each.is_imaged else np.full((each.adata.n_obs, unknown), np.nan)
        for each in technologies
    ]


def _sections(technologies: list[Technology], sample_key: str | None) -> list[NDArray[np.str_]]:
    """Name of the section of each cell, the technology's if there is none."""
    found = []
    for each in technologies:
        names = pd.Series(each.name, index=each.adata.obs_names, dtype=object)
        is_named = each.is_imaged and sample_key is not None
        if not (is_named and sample_key == OBS.section):
            _check_one_section(each)
        if is_named and sample_key is not None:
            check_column(each.adata, sample_key, name=each.call, argument="sample_key")
            names = as_text(each.adata.obs[sample_key])
        found.append(np.asarray(names, dtype=np.str_))
    if not _of_several(found):
        return found
    found = [
        np.char.add(f"{each.name}-", names) if each.is_imaged else names
        for each, names in zip(technologies, found, strict=True)
    ]
    same = _of_several(found)
    if same:
        message = (
            f"Two sections would be called {same[0]!r}, after their technology and their own name: "
            "give technologies other names."
        )
        raise ValueError(message)
    return found


def _of_several(sections: list[NDArray[np.str_]]) -> list[str]:
    """Names that sections of several technologies have."""
    every = [name for names in sections for name in np.unique(names).tolist()]
    return [name for name in every if every.count(name) > 1]


def _check_one_section(technology: Technology) -> None:
    """Raise if a column of sections would be lost; one that names a single section may be."""
    obs = technology.adata.obs
    if OBS.section in obs and obs[OBS.section].nunique(dropna=False) > 1:
        message = (
            f"{technology.call}.obs[{OBS.section!r}] would be overwritten: rename or delete that "
            "column"
        )
        remedy = f", or give sample_key={OBS.section!r}." if technology.is_imaged else "."
        raise ValueError(message + remedy)


def _check_enough(
    technologies: list[Technology],
    places: list[NDArray[np.float64]],
    sections: list[NDArray[np.str_]],
    spatial_key: str,
) -> None:
    for each, where, names in zip(technologies, places, sections, strict=True):
        if not each.is_imaged and each.adata.n_obs < FEWEST_CELLS:
            message = (
                f"{each.call} has {counted(each.adata.n_obs, 'cell')}, at least {FEWEST_CELLS} "
                "are needed."
            )
            raise ValueError(message)
        is_known = known_rows(where)
        for section, mask in cells_per_section(names):
            n_known = int(is_known[mask].sum())
            if each.is_imaged and n_known < FEWEST_CELLS:
                message = (
                    f"Section {section!r} of {each.call} has {counted(n_known, 'cell')} of known "
                    "place, in "
                    f"{obsm_name(spatial_key, name=each.call)}; at least {FEWEST_CELLS} are needed."
                )
                raise ValueError(message)


def _measured(technologies: list[Technology], genes: pd.Index) -> pd.DataFrame:
    columns = {each.name: genes.isin(each.genes) for each in technologies}
    return pd.DataFrame(columns, index=genes)
