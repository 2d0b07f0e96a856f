"""The pair mask of an AnnData."""

from typing import Any

from anndata import AnnData


def stored_mask(adata: AnnData, mask_key: str) -> Any:
    """Give ``adata.obsp[mask_key]`` as it is stored.

    Raises
    ------
    KeyError
        If there is no such key.
    """
    if mask_key not in adata.obsp:
        message = (
            f"There is no adata.obsp[{mask_key!r}]; obsp has {sorted(adata.obsp) or 'nothing'}. "
            "Make a mask with dpvae.tl.pair_mask(adata), and name it with mask_key=…"
        )
        raise KeyError(message)
    return adata.obsp[mask_key]
