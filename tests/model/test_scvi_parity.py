"""What SCVI's own tests ask of SCVI, asked of DPSCVI."""

import subprocess
import sys

import anndata
import numpy as np
import pytest
import scvi
from anndata.experimental import AnnCollection
from lightning.pytorch.callbacks import ModelCheckpoint
from scvi.dataloaders import CollectionAdapter
from scvi.external import SOLO
from tests.conftest import QUICK, QUIET

from dpvae.model import DPSCVI, DPVAE


def set_up(counts, **options):
    counts.obs["donor"] = ["one", "two"] * 120
    counts.obs["age"] = np.linspace(0, 1, 240)
    DPSCVI.setup_anndata(
        counts, batch_key="donor", sample_key="section", continuous_covariate_keys=["age"]
    )
    return DPSCVI(counts, **QUICK, **options)


@pytest.fixture
def with_section(counts):
    counts.obs["section"] = "a"
    return counts


@pytest.mark.trains
@pytest.mark.parametrize("options", [{}, {"log_variational": False}, {"least_depth": 0.3}])
def test_batches_are_embedded_and_seen_by_the_encoder(with_section, options):
    model = set_up(
        with_section, batch_representation="embedding", encode_covariates=True, **options
    )
    before = model.get_batch_representation().copy()
    model.train(max_epochs=2, **QUIET)
    assert np.abs(model.get_batch_representation() - before).max() > 0
    assert np.isfinite(model.predict_coordinates()).all()
    query = with_section[:30].copy()
    del query.obsm["spatial"]
    query.obs["donor"] = "three"
    tuned = DPSCVI.load_query_data(query, model)
    tuned.train(max_epochs=1, **QUIET)
    assert np.isfinite(tuned.get_latent_representation()).all()


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")
@pytest.mark.parametrize("cls", [DPSCVI, DPVAE])
def test_training_goes_on_from_a_checkpoint_of_lightning(
    counts, expression, tmp_path, monkeypatch, cls
):
    monkeypatch.setattr(scvi.settings, "logging_dir", tmp_path / "log")
    adata = {DPSCVI: counts, DPVAE: expression}[cls]
    cls.setup_anndata(adata)
    keep = ModelCheckpoint(dirpath=tmp_path, filename="state", monitor="train_loss")
    first = cls(adata, **QUICK)
    first.train(max_epochs=3, callbacks=[keep], enable_checkpointing=True, **QUIET)
    with pytest.raises(ValueError, match="ModelCheckpoint wrote is given as ckpt_path"):
        cls(adata, **QUICK).train(resume_from=tmp_path / "state.ckpt", **QUIET)
    second = cls(adata, **QUICK)
    second.train(max_epochs=5, ckpt_path=str(tmp_path / "state.ckpt"), **QUIET)
    epochs = list(second.history["train_loss"].index)
    assert epochs == list(range(epochs[0], 5))
    assert epochs[0] in (1, 2, 3)
    assert second.history["train_loss"].iloc[-1, 0] < first.history["train_loss"].iloc[0, 0]
    assert np.isfinite(second.predict_coordinates()).all()


@pytest.mark.trains
def test_genes_of_a_query_are_brought_into_order_in_place(counts, tmp_path):
    reference = counts[:180, 5:].copy()
    DPSCVI.setup_anndata(reference)
    model = DPSCVI(reference, **QUICK)
    model.train(max_epochs=1, **QUIET)
    model.save(str(tmp_path / "model"))
    query = counts[180:, ::-1].copy()
    del query.obsm["spatial"]
    with pytest.raises(ValueError, match="in another order or with further genes"):
        DPSCVI.load_query_data(query, model)
    few = query[:, 10:].copy()
    with pytest.raises(ValueError, match="The query lacks 10 of the reference's 35 genes"):
        DPSCVI.load_query_data(few, model, inplace_subset_query_vars=True)
    scaled = query.copy()
    scaled.X = scaled.X * 0.5
    with pytest.raises(ValueError, match="not integers"):
        DPSCVI.load_query_data(scaled, model, inplace_subset_query_vars=True)
    assert (few.n_vars, scaled.n_vars) == (30, 40)
    query.write_h5ad(tmp_path / "query.h5ad")
    on_disk = anndata.read_h5ad(tmp_path / "query.h5ad", backed="r")
    with pytest.raises(ValueError, match="on disk, where its genes cannot"):
        DPSCVI.load_query_data(on_disk, model, inplace_subset_query_vars=True)
    assert on_disk.var_names.equals(query.var_names)
    on_disk.file.close()
    expected = model.get_latent_representation(query)
    for source in (model, tmp_path / "model"):
        cells = query.copy()
        tuned = DPSCVI.load_query_data(cells, source, inplace_subset_query_vars=True)
        assert cells.var_names.equals(reference.var_names)
        np.testing.assert_array_equal(cells.X.toarray(), query[:, cells.var_names].X.toarray())
        tuned.train(max_epochs=1, plan_kwargs={"lr": 0.0}, **QUIET)
        np.testing.assert_allclose(tuned.get_latent_representation(), expected, atol=1e-3)


@pytest.mark.trains
@pytest.mark.parametrize(
    ("arguments", "fused"),
    [
        ({}, True),
        ({"gradient_clip_val": 1.0}, True),
        ({"precision": "bf16-mixed"}, True),
        ({"precision": "bf16-mixed", "gradient_clip_val": 0}, True),
        ({"precision": "bf16-mixed", "gradient_clip_val": 1.0}, False),
        (
            {
                "precision": "bf16-mixed",
                "gradient_clip_val": 0.1,
                "gradient_clip_algorithm": "value",
                "plan_kwargs": {"optimizer": "Adam"},
            },
            False,
        ),
    ],
)
def test_gradients_are_clipped_in_every_precision(counts, arguments, fused):
    class Plan(DPSCVI._training_plan_cls):
        def on_train_start(self):
            found.append(self.optimizers().optimizer.defaults["fused"])

    found = []
    DPSCVI.setup_anndata(counts)
    model = DPSCVI(counts, **QUICK)
    model._training_plan_cls = Plan
    model.train(max_epochs=2, **arguments, **QUIET)
    assert np.isfinite(model.get_latent_representation()).all()
    assert bool(found[0]) == fused


@pytest.mark.parametrize("layer", ["counts", None])
def test_a_collection_is_refused_with_what_takes_its_place(counts, layer):
    counts.layers["counts"] = counts.X
    cells = CollectionAdapter(AnnCollection([counts[:120].copy(), counts[120:].copy()]))
    with pytest.raises(TypeError, match=r"is a CollectionAdapter.*anndata.concat.*backed='r'"):
        DPSCVI.setup_anndata(cells, layer=layer)


@pytest.mark.trains
def test_the_setup_is_shown_in_a_plain_interpreter():
    code = """
from dpvae.datasets import simulated_tissue
from dpvae.model import DPSCVI
cells = simulated_tissue(30, 5)
DPSCVI.setup_anndata(cells)
DPSCVI(cells, n_hidden=4, n_layers=1).view_anndata_setup()
"""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "spatial_key" in run.stdout


@pytest.mark.trains
def test_another_anndata_is_attached_after_its_own_setup(counts):
    DPSCVI.setup_anndata(counts)
    model = DPSCVI(counts, **QUICK)
    model.train(max_epochs=1, **QUIET)
    other = counts.copy()
    DPSCVI.setup_anndata(other)
    model.adata = other
    assert model.adata is other
    assert model.get_latent_representation().shape == (240, 10)


@pytest.mark.trains
def test_labels_are_not_learned_by_scanvi(counts):
    DPSCVI.setup_anndata(counts, labels_key="cell_type")
    model = DPSCVI(counts, **QUICK)
    model.train(max_epochs=1, **QUIET)
    before = model.get_latent_representation()
    with pytest.raises(TypeError, match="spatial_key"):
        scvi.model.SCANVI.from_scvi_model(model, unlabeled_category="unknown")
    np.testing.assert_array_equal(model.get_latent_representation(), before)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")
def test_doublets_are_looked_for_by_solo(counts):
    DPSCVI.setup_anndata(counts)
    model = DPSCVI(counts, **QUICK)
    model.train(max_epochs=1, **QUIET)
    solo = SOLO.from_scvi_model(model)
    solo.train(max_epochs=1, **QUIET)
    assert set(solo.predict().columns) == {"doublet", "singlet"}


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dispersion", ["gene", "gene-batch", "gene-label", "gene-cell"])
@pytest.mark.parametrize("likelihood", ["nb", "zinb", "poisson"])
def test_every_likelihood_and_dispersion_trains(with_section, likelihood, dispersion):
    model = set_up(with_section, gene_likelihood=likelihood, dispersion=dispersion)
    model.train(max_epochs=1, **QUIET)
    assert np.isfinite(model.get_elbo())
    assert np.isfinite(model.get_marginal_ll(n_mc_samples=3))
    assert model.posterior_predictive_sample(n_samples=2).shape == (240, 40, 2)
    assert np.isfinite(
        model.differential_expression(groupby="donor", silent=True)["proba_m1"]
    ).all()
