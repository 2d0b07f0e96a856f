"""Where a model takes its cells from: an AnnData, or the registry of a saved model."""

from collections.abc import Mapping
from typing import Any

from dpvae._keys import REGISTRY


def check_data_source(adata: object, registry: Mapping[str, Any] | None, model_name: str) -> None:
    """Raise if a model would have neither cells nor the registry of a saved model.

    Parameters
    ----------
    adata
        The AnnData, or ``None``.
    registry
        The registry, or ``None``. That of a data module of scvi-tools holds no coordinates.
    model_name
        Name of the class of the model.

    Raises
    ------
    ValueError
        If there is no AnnData, and no registry with coordinates.
    """
    if adata is not None:
        return
    found = "no data" if registry is None else "a registry without coordinates"
    if registry is None or REGISTRY.coordinates not in registry.get("field_registries", {}):
        message = (
            f"{model_name} was given {found}, but it needs an AnnData: call "
            f"{model_name}.setup_anndata(adata), then {model_name}(adata). Data modules of "
            "scvi-tools (annbatch, lamin, census) are not supported, since they bring no "
            "coordinates; expression that is larger than memory can stay on disk, in an AnnData "
            "that anndata.read_h5ad(path, backed='r') opens, or in zarr or dask arrays."
        )
        raise ValueError(message)
