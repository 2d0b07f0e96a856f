"""Registration of an AnnData, reference or query, with a model."""

from typing import Any

from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.data import AnnDataManager
from scvi.data.fields import CategoricalObsField

from dpvae._data.arguments import check_among, check_one_name
from dpvae.model.data.covariates import check_covariates
from dpvae.model.data.fields import CoordinatesField, ExpressionField, RowField, SectionField
from dpvae.model.data.minified import MINIFIED, is_minified
from dpvae.model.data.pair_mask import check_mask
from dpvae.model.data.panel import check_panel
from dpvae.model.data.reference import check_reference
from dpvae.model.data.rollback import unchanged_if_it_fails
from dpvae.model.data.setup import section_column

COLUMNS = ("sample_key", "batch_key", "labels_key", "size_factor_key", "technology_key")
ONE_NAME = ("layer", "spatial_key", *COLUMNS)
LISTS = ("categorical_covariate_keys", "continuous_covariate_keys")
WORDS = {
    "continuous_covariate_keys": ("continuous", "numeric"),
    "categorical_covariate_keys": ("categor",),
    "size_factor_key": ("size_factor", "library_size"),
    "mask_key": ("mask", "graph", "connectivit", "neighbor", "adjacency"),
    "batch_key": ("batch", "donor", "patient"),
    "labels_key": ("label", "cell_type", "celltype"),
    "sample_key": ("sample", "section", "slice", "slide", "library", "puck"),
    "spatial_key": ("spatial", "coord", "position", "location", "obsm", "basis", "xy"),
    "layer": ("layer",),
    "technology_key": ("tech", "platform", "modality"),
}


def register(
    model_class: Any, adata: AnnData, setup_method_args: dict[str, Any], **transfer: Any
) -> None:
    """Register what a model reads of an AnnData; a reference is checked first.

    Parameters
    ----------
    model_class
        The class of the model, which knows its ``values`` and further fields.
    adata
        The cells. A failed call leaves them as they were.
    setup_method_args
        The arguments of ``setup_anndata``, as scvi-tools keeps them.
    **transfer
        How the registration of a reference is carried over to a query, of scvi-tools; without it
        the cells are a reference.

    Raises
    ------
    KeyError
        If a key does not exist.
    TypeError
        If ``setup_anndata`` has no such argument.
    ValueError
        If something of a reference cannot be used.
    """
    arguments = setup_method_args["setup_args"]
    layer, spatial_key = arguments["layer"], arguments["spatial_key"]
    section_key, mask_key = section_column(arguments), arguments.get("mask_key")
    for name in ONE_NAME:
        check_one_name(arguments.get(name), name)
    if "source_registry" not in transfer:
        check_among("setup_anndata()", transfer, arguments, WORDS)
        values = model_class.values
        check_panel(adata, fewest=values.fewest_genes)
        values.check(adata, layer)
        check_reference(
            adata, spatial_key=spatial_key, section_key=section_key, obs_keys=_columns(arguments)
        )
        check_covariates(adata, arguments)
        check_mask(adata, mask_key, spatial_key=spatial_key, section_key=section_key)
        values.warn_if_doubtful(adata, layer)
    fields = [
        ExpressionField(layer),
        CategoricalObsField(REGISTRY_KEYS.BATCH_KEY, arguments["batch_key"]),
        *model_class.further_fields(arguments),
        SectionField(section_key),
        CoordinatesField(spatial_key, section_key),
    ]
    if mask_key is not None:
        fields.append(RowField())
    if is_minified(adata):
        fields += model_class._get_fields_for_adata_minification(adata.uns[MINIFIED])
    manager = AnnDataManager(fields=fields, setup_method_args=setup_method_args)
    with unchanged_if_it_fails(adata):
        manager.register_fields(adata, **transfer)
    model_class.register_manager(manager)


def _columns(arguments: dict[str, Any]) -> list[tuple[str, str]]:
    """Arguments of ``setup_anndata`` that name columns of ``obs``, each with its column."""
    single = [(name, arguments[name]) for name in COLUMNS if arguments.get(name) is not None]
    given = [(name, arguments.get(name) or ()) for name in LISTS]
    listed = [(name, [keys] if isinstance(keys, str) else list(keys)) for name, keys in given]
    return [*single, *((name, key) for name, keys in listed for key in keys)]
