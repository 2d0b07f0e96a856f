"""All places where each cell of a query could be, written into its file."""

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section, section_names
from dpvae._keys import OBSM, params_key
from dpvae.model.base import SpatialModel
from dpvae.tl import posterior as write_posterior


def add_posterior(
    model: SpatialModel,
    query: AnnData,
    cells: AnnData,
    seen: NDArray[np.bool_],
    section: str | None,
) -> None:
    """Add what :func:`dpvae.tl.posterior` writes, section by section.

    Parameters
    ----------
    model
        The model.
    query
        Is written to.
    cells
        Those of its cells in which genes of the model were seen.
    seen
        Which these are, shape ``(n_cells,)``.
    section
        Section of the reference in whose frame they are placed.
    """
    rows = np.flatnonzero(seen)
    params = {}
    for _, mine in cells_per_section(section_names(cells, model.setup.section_key)):
        part = cells[mine].copy()
        found = AnnData(obs=part.obs[[]].copy())
        write_posterior(found, model.predict_posterior(part, section=section))
        for key, values in found.obsm.items():
            whole = query.obsm.setdefault(key, np.full((len(seen), values.shape[1]), np.nan))
            whole[rows[mine]] = values
        for name in found.obs:
            if name not in query.obs:
                query.obs[name] = np.nan
            query.obs.iloc[rows[mine], query.obs.columns.get_loc(name)] = found.obs[name].to_numpy()
        params = found.uns[params_key(OBSM.posterior)]
    query.uns[params_key(OBSM.posterior)] = params
