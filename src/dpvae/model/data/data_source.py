"""Where a model takes its cells from: an AnnData, or the registry of a saved model."""

from collections.abc import Mapping
from typing import Any

from anndata import AnnData

from dpvae._data.arguments import check_is_anndata
from dpvae._data.expression import is_expression_on_disk
from dpvae._keys import REGISTRY
from dpvae.model.data.minified import is_minified
from dpvae.model.data.own_cells import check_as_set_up
from dpvae.model.data.setup import Setup


def check_data_source(
    model_class: Any, adata: AnnData | None, registry: Mapping[str, Any] | None
) -> None:
    """Raise if a model would have neither cells nor the registry of a saved model.

    Parameters
    ----------
    model_class
        The class of the model.
    adata
        The AnnData, or ``None``.
    registry
        The registry, or ``None``. The registry of a data module of scvi-tools holds no coordinates.

    Raises
    ------
    ValueError
        If there is no AnnData, and no registry with coordinates; or if the AnnData has changed
        since ``setup_anndata``.
    """
    if adata is not None:
        check_is_anndata(adata)
        manager = model_class._get_most_recent_anndata_manager(adata, required=True)
        manager.validate()
        setup = Setup.of(manager.registry)
        check_as_set_up(adata, setup)
        if not (is_minified(adata) or is_expression_on_disk(adata, setup.layer)):
            model_class.values.check(adata, setup.layer)
        return
    model_name = model_class.__name__
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
