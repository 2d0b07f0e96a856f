"""How evenly a decoder stretches the latent space."""

import pandas as pd
from anndata import AnnData

from dpvae._keys import OBSM, UNS
from dpvae.metrics import latent_isometry
from dpvae.tl.coordinates import read_representation
from dpvae.tl.result import check_free_uns


def isometry(
    adata: AnnData,
    *,
    metric_key: str = OBSM.decoder_metric,
    key_added: str = UNS.isometry,
    copy: bool = False,
) -> pd.DataFrame | None:
    """Measure how evenly the decoder stretches the latent space (figures 4 and 14 of the paper).

    Needs the decoder's metric: ``adata.obsm["X_dpvae_metric"] = model.decoder_metric(adata)``.

    Parameters
    ----------
    adata
        The cells.
    metric_key
        Key of the metric of each cell in ``adata.obsm``, shape ``(n_cells, d, d)``.
    key_added
        Key of the summary in ``adata.uns``, and start of the columns in ``adata.obs``.
    copy
        Whether to return the summary instead of writing.

    Returns
    -------
    ``None``, or with ``copy=True`` the summary. Written are

    - ``adata.obs[key_added + "_condition"]``: condition number of each cell, 1 for an isometry;
    - ``adata.obs[key_added + "_stretch"]``: its mean stretch relative to the median cell;
    - ``adata.uns[key_added]``: a table of one row with ``median`` and ``quantile_90`` of the
      condition numbers and ``uneven``, the spread of the logarithm of the stretch.

    Raises
    ------
    KeyError
        If there is no such metric.
    ValueError
        If it is malformed, or something would be overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> adata.obsm["X_dpvae_metric"] = np.tile(np.diag([4.0, 1.0]), (200, 1, 1))
    >>> dpvae.tl.isometry(adata)
    >>> float(adata.uns["dpvae_isometry"]["median"].iloc[0])
    2.0
    """
    result = latent_isometry(read_representation(adata, metric_key))
    row = {"median": result.median, "quantile_90": result.quantile_90, "uneven": result.uneven}
    if copy:
        return pd.DataFrame([row])
    check_free_uns(adata, key_added)
    adata.obs[f"{key_added}_condition"] = result.condition_number
    adata.obs[f"{key_added}_stretch"] = result.stretch
    adata.uns[key_added] = pd.DataFrame([row])
    return None
