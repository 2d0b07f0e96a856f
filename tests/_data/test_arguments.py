import inspect
import warnings
from pathlib import Path

import numpy as np
import pytest
from anndata.experimental import AnnCollection
from scvi.dataloaders import CollectionAdapter

from dpvae import pl, pp, tl
from dpvae._data.arguments import check_among, check_cells_and_column, check_is_anndata
from dpvae.datasets import simulated_tissue
from dpvae.model import DPSCVI, DPVAE, load


@pytest.mark.slow
def test_an_anndata_passes(expression):
    check_is_anndata(expression)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a.h5ad", r"query is a str, .*read the file first: query = anndata.read_h5ad\('a.h5ad'\)"),
        (Path("a.h5ad"), r"read the file first"),
        (None, r"query is a NoneType, not an AnnData: give the AnnData"),
        (
            CollectionAdapter(AnnCollection([simulated_tissue(20, 5)])),
            r"query is a CollectionAdapter, .*anndata.concat.*read_h5ad\(path, backed='r'\)",
        ),
        (AnnCollection([simulated_tissue(20, 5)]), r"query is a AnnCollection, .*anndata.concat"),
    ],
)
def test_something_else_is_named(given, message):
    with pytest.raises(TypeError, match=message):
        check_is_anndata(given, name="query")


def test_the_way_from_other_containers_is_named(expression, trained):
    spatialdata, mudata = (pytest.importorskip(name) for name in ("spatialdata", "mudata"))
    with warnings.catch_warnings(action="ignore"):
        several = mudata.MuData({"rna": expression})
    for job in (
        DPVAE.setup_anndata,
        DPSCVI.setup_anndata,
        DPVAE,
        load(trained).predict_coordinates,
        tl.reconstruct,
        pl.reconstruction,
        pp.spatially_variable_genes,
    ):
        with pytest.raises(TypeError, match=r"take a table with its places, \w+ = dpvae.io.table_"):
            job(spatialdata.SpatialData())
        with pytest.raises(TypeError, match=r"take a modality of it, such as \w+ = mdata\['rna'\]"):
            job(several)


def test_a_modality_that_is_there_is_named(expression):
    mudata = pytest.importorskip("mudata")
    for held, named in ((["atac", "prot"], "atac"), (["atac", "rna"], "rna")):
        with warnings.catch_warnings(action="ignore"):
            several = mudata.MuData({name: expression.copy() for name in held})
        with pytest.raises(TypeError, match=rf"such as adata = mdata\['{named}'\].copy"):
            check_is_anndata(several)


def test_whoever_is_given_a_path_says_so(trained):
    for job in (
        DPVAE.setup_anndata,
        DPSCVI.setup_anndata,
        load(trained).predict_coordinates,
        tl.reconstruct,
        tl.impute,
        tl.autocorrelation,
        tl.fold,
        pl.mirror_symmetry,
        lambda path: tl.match_genes(path, ["gene"]),
    ):
        with pytest.raises(TypeError, match="read the file first"):
            job("reference.h5ad")


def test_every_method_of_a_model_that_takes_cells_says_what_it_was_given(trained):
    model = load(trained)
    read_a_file_first = {"load", "from_saved"}
    methods = [
        (name, inspect.signature(method).parameters)
        for name, method in inspect.getmembers(model, inspect.ismethod)
        if not name.startswith("_")
        and method.__module__.startswith("dpvae.")
        and name not in read_a_file_first
    ]
    asked = [name for name, parameters in methods if "adata" in parameters]
    assert {"predict_coordinates", "predict_labels", "load_query_data"} <= set(asked)
    for name, parameters in methods:
        needed = [p.name for p in parameters.values() if p.default is p.empty and "*" not in str(p)]
        for given in ("layer", np.zeros((3, 2))):
            if name in asked:
                arguments = {**dict.fromkeys(needed, "x"), "adata": given}
                with pytest.raises(TypeError, match=r"adata is a .*, not an AnnData: "):
                    getattr(model, name)(**arguments)


def test_cells_and_column_that_are_swapped_are_named(expression):
    message = r"adata is 'layer' and label_key is an AnnData: give the AnnData first"
    with pytest.raises(TypeError, match=message):
        check_cells_and_column("layer", expression, "label_key")
    with pytest.raises(TypeError, match="adata is a str, not an AnnData"):
        check_cells_and_column("layer", "layer", "label_key")
    with pytest.raises(ValueError, match=r"label_key is \['a', 'b'\]: give one name"):
        check_cells_and_column(expression, ["a", "b"], "label_key")
    check_cells_and_column(expression, "layer", "label_key")


@pytest.mark.parametrize(
    ("name", "question"), [("spatial_keys", r" Do you mean 'spatial_key'\?"), ("zzz", "$")]
)
def test_an_argument_that_there_is_not_is_named(name, question):
    message = rf"setup_anndata\(\) has no argument '{name}'\.{question}"
    with pytest.raises(TypeError, match=message):
        check_among("setup_anndata()", ["layer", name], {"layer", "spatial_key"})


def test_an_argument_of_another_package_is_translated_before_similar_ones():
    words = {"sample_key": ("section",), "labels_key": ("label",)}
    with pytest.raises(TypeError, match=r"'section_key'. Do you mean 'sample_key'\?"):
        check_among("f()", ["section_key"], {"sample_key", "spatial_key"}, words)
    with pytest.raises(TypeError, match=r"no argument 'label_key'\.$"):  # not sample_key
        check_among("f()", ["label_key"], {"sample_key", "spatial_key"}, words)
    with pytest.raises(TypeError, match=r"Do you mean 'spatial_key'\?"):
        check_among("f()", ["spatial_keys"], {"sample_key", "spatial_key"}, words)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("numeric_covariates", "continuous_covariate_keys"),
        ("categorical_covariates", "categorical_covariate_keys"),
        ("library_size_key", "size_factor_key"),
        ("section_key", "sample_key"),
        ("library_key", "sample_key"),
        ("slice_key", "sample_key"),
        ("samples", "sample_key"),
        ("coords_key", "spatial_key"),
        ("spatial", "spatial_key"),
        ("basis", "spatial_key"),
        ("obsm_key", "spatial_key"),
        ("counts_layer", "layer"),
        ("donor_key", "batch_key"),
        ("batch", "batch_key"),
        ("pair_mask", "mask_key"),
        ("spatial_neighbors_key", "mask_key"),
        ("sample_batch_key", "batch_key"),
    ],
)
def test_setup_knows_what_other_packages_call_its_arguments(name, meant):
    with pytest.raises(TypeError, match=rf"no argument '{name}'\. Do you mean '{meant}'\?$"):
        DPSCVI.setup_anndata(simulated_tissue(60, 40), **{name: "x"})  # has most arguments


@pytest.mark.parametrize("model", [DPVAE, DPSCVI])
def test_setup_has_no_argument_of_another_name_and_changes_nothing(model):
    tissue = simulated_tissue(60, 40)
    before = (list(tissue.obs), list(tissue.obsm), list(tissue.uns))
    with pytest.raises(TypeError, match=r"setup_anndata\(\) has no argument 'spatial_keys'"):
        model.setup_anndata(tissue, spatial_keys="spatial")
    assert (list(tissue.obs), list(tissue.obsm), list(tissue.uns)) == before
