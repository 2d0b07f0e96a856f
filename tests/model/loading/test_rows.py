import os

import numpy as np
import pytest
import scvi
import torch
from lightning.pytorch import Callback
from scipy.sparse import diags
from scvi.dataloaders import DataSplitter
from sklearn.neighbors import kneighbors_graph

from dpvae._data import matrix_on_disk
from dpvae._data.matrix_on_disk import open_matrix
from dpvae.model import DPSCVI, DPVAE
from dpvae.model.loading import rows as row_loading
from dpvae.model.loading.order import PatchOrder
from dpvae.model.loading.rows import RowSplitter, row_loader

SMALL = {"n_hidden": 16, "n_layers": 1}
QUIET = {"enable_progress_bar": False}
MODELS = pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])


@pytest.fixture
def section(expression, counts):
    """The section in the form that a model takes."""
    return lambda model_class: (expression if model_class is DPVAE else counts).copy()


@pytest.fixture
def buffered(monkeypatch):
    """Let data in memory be loaded as if they were on disk."""
    monkeypatch.setattr(row_loading, "reads_from_disk", lambda _: True)


@pytest.fixture
def small_buffers(monkeypatch):
    """Buffers of four minibatches."""
    monkeypatch.setattr(row_loading, "BUFFER_BYTES", 1)


def untrained(model_class, adata, **kwargs):
    scvi.settings.seed = 0
    model_class.setup_anndata(adata, **kwargs)
    return model_class(adata, **SMALL)


def trained(model_class, adata, **kwargs):
    model = untrained(model_class, adata)
    kwargs = {"max_epochs": 2, "batch_size": 32, **QUIET} | kwargs
    model.train(**kwargs)
    return model


def assert_same_weights(model, other, **tolerance):
    expected = other.module.state_dict()
    for name, values in model.module.state_dict().items():
        torch.testing.assert_close(values, expected[name], msg=name, **tolerance)


@pytest.mark.slow
@MODELS
def test_models_of_data_on_disk_start_as_those_of_data_in_memory(model_class, section, on_disk):
    expected = untrained(model_class, section(model_class))
    model = untrained(model_class, on_disk(section(model_class)))
    assert_same_weights(model, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.trains
@MODELS
@pytest.mark.usefixtures("small_buffers")
def test_the_same_minibatches_train_the_same_model_and_place_alike(
    model_class, section, on_disk, monkeypatch
):
    adata = on_disk(section(model_class))
    model = trained(model_class, adata)
    monkeypatch.setattr(row_loading, "reads_from_disk", lambda _: True)
    monkeypatch.setattr(row_loading, "_rows_per_buffer", lambda *_: 4 * 32)
    in_memory = section(model_class)
    in_memory.X = open_matrix(adata.X)[:]
    expected = trained(model_class, in_memory)
    assert_same_weights(model, expected, rtol=0, atol=0)
    places = expected.predict_coordinates()
    np.testing.assert_allclose(model.predict_coordinates(), places, rtol=1e-5)


@pytest.mark.trains
@MODELS
def test_weights_place_cells_on_disk_as_in_memory(
    model_class, section, on_disk, tmp_path, monkeypatch
):
    monkeypatch.setattr("dpvae.model.query.chunks.CELLS_AT_A_TIME", 100)
    reference = section(model_class)
    trained(model_class, reference).save(tmp_path / "model")
    in_memory = model_class.load(tmp_path / "model", adata=reference)
    from_disk = model_class.load(tmp_path / "model", adata=on_disk(reference))
    rows = np.array([200, 3, 77, 4])
    for arguments in ({}, {"indices": rows, "batch_size": 3}, {"return_dist": True}):
        np.testing.assert_allclose(
            from_disk.get_latent_representation(**arguments),
            in_memory.get_latent_representation(**arguments),
            rtol=1e-5,
            atol=1e-5,
        )
    np.testing.assert_allclose(
        from_disk.predict_coordinates(), in_memory.predict_coordinates(), rtol=1e-5
    )


@pytest.mark.trains
def test_data_in_memory_train_as_with_the_splitter_of_scvi_tools(expression, monkeypatch):
    model = trained(DPVAE, expression.copy(), train_size=0.9)
    monkeypatch.setattr(DPVAE, "_data_splitter_cls", DataSplitter)
    expected = trained(DPVAE, expression.copy(), train_size=0.9)
    assert_same_weights(model, expected, rtol=0, atol=0)


@pytest.mark.slow
def test_minibatches_hold_the_rows_that_were_asked_for_in_their_order(expression, on_disk):
    adata = on_disk(expression)
    DPVAE.setup_anndata(adata)
    manager = DPVAE(adata, **SMALL).adata_manager
    rows = np.random.default_rng(0).permutation(240)[:100]
    loader = row_loader(manager, indices=rows, batch_size=32)
    found = torch.cat([tensors["X"] for tensors in loader])
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found, expression.X[rows].toarray())
    mask = np.isin(np.arange(240), rows)
    [tensors] = row_loader(manager, indices=mask, batch_size=240)
    np.testing.assert_array_equal(tensors["X"], expression.X[mask].toarray())


@pytest.mark.usefixtures("small_buffers")
def test_all_that_belongs_to_a_cell_stays_together_when_shuffled(expression, backed):
    adata = backed(expression)
    DPVAE.setup_anndata(adata)
    manager = DPVAE(adata, **SMALL).adata_manager
    places = adata.obsm["_dpvae_coordinates"].astype(np.float32)
    row_at = {tuple(place): row for row, place in enumerate(places)}
    n_cells = 0
    for tensors in row_loader(manager, indices=None, batch_size=16, shuffle=True):
        rows = [row_at[tuple(place)] for place in tensors["coordinates"].numpy()]
        np.testing.assert_array_equal(tensors["X"], expression.X[rows].toarray())
        n_cells += len(rows)
    assert n_cells == 240


@pytest.mark.trains
@MODELS
def test_no_more_than_a_few_rows_are_read_at_once(model_class, section, backed, monkeypatch):
    monkeypatch.setattr(matrix_on_disk, "ROWS_AT_A_TIME", 24)
    for name in ("ROWS_AT_A_TIME", "ROWS_OF_SAMPLE"):
        monkeypatch.setattr(f"dpvae._data.expression.{name}", 24)
    monkeypatch.setattr("dpvae.model.data.depth.MOST_CELLS", 24)
    monkeypatch.setattr("dpvae.model.atlas.gene_regression.MOST_CELLS_AT_A_TIME", 24)
    monkeypatch.setattr(row_loading, "BUFFER_BYTES", 1)
    for module in ("data.gene_weights", "atlas.gene_regression"):
        monkeypatch.setattr(f"dpvae.model.{module}.MOST_CELLS", 24)
    monkeypatch.setattr("dpvae.model.atlas.gene_regression.MOST_CELLS_FOR_AXES", 24)
    for module in ("spatial_axes", "gene_surfaces", "unseen_distance", "similar_cells"):
        monkeypatch.setattr(f"dpvae.model.atlas.{module}.MOST_CELLS", 24)
    monkeypatch.setattr(scvi.settings, "batch_size", 6)
    asked, read = [], []
    original, guarded = matrix_on_disk.MatrixOnDisk.__getitem__, matrix_on_disk._guarded

    def counted(self, rows):
        found = original(self, rows)
        asked.append(found.shape[0])
        return found

    def counting(read_rows):
        def read_counted(begin, end):
            read.append(end - begin)
            return read_rows(begin, end)

        return guarded(read_counted)

    monkeypatch.setattr(matrix_on_disk.MatrixOnDisk, "__getitem__", counted)
    monkeypatch.setattr(matrix_on_disk, "_guarded", counting)
    model = untrained(model_class, backed(section(model_class)))
    model.train(max_epochs=1, batch_size=6, **QUIET)
    model.predict_coordinates(batch_size=6)
    assert max(asked) == max(read) == 24
    assert sum(read) > 5 * 240


@pytest.mark.usefixtures("small_buffers")
def test_the_validation_part_is_read_as_it_is_stored_and_not_trained_on(expression, backed):
    adata = backed(expression)
    DPVAE.setup_anndata(adata)
    splitter = RowSplitter(DPVAE(adata, **SMALL).adata_manager, train_size=0.8, batch_size=16)
    splitter.setup()
    training = np.concatenate([d.buffer[d.chosen] for d in splitter.train_dataloader().sampler])
    validation = np.concatenate([d.buffer[d.chosen] for d in splitter.val_dataloader().sampler])
    assert (np.diff(validation) > 0).all()
    assert len(validation) == 48
    np.testing.assert_array_equal(np.sort(np.r_[training, validation]), np.arange(240))


def test_patches_of_a_mask_meet_in_minibatches_from_disk(expression, backed):
    adata = backed(expression)
    DPVAE.setup_anndata(adata)
    manager = DPVAE(adata, **SMALL).adata_manager
    graph = kneighbors_graph(adata.obsm["spatial"], 5)
    graph = graph.maximum(graph.T) @ diags(np.ones(240))
    splitter = RowSplitter(manager, train_size=0.8, batch_size=32, order=PatchOrder(graph))
    splitter.setup()
    loader = splitter.train_dataloader()
    rows = [draw.buffer[draw.chosen] for draw in loader.sampler]
    np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.sort(splitter.train_idx))
    n_pairs = sum(graph[batch][:, batch].nnz for batch in rows)
    by_chance = graph.nnz * (0.8**2) * 32 / 192
    assert n_pairs > 2 * by_chance
    tensors = next(iter(loader))
    assert tensors["X"].shape == (32, 40)


@pytest.mark.trains
def test_models_with_a_mask_train_from_disk(expression, backed):
    adata = backed(expression)
    graph = kneighbors_graph(adata.obsm["spatial"], 5)
    adata.obsp["mask"] = graph.maximum(graph.T)
    model = untrained(DPVAE, adata, mask_key="mask")
    before = model.module.distance_term.log_scale.item()
    model.train(max_epochs=2, batch_size=32, **QUIET)
    assert model.module.distance_term.log_scale.item() != before
    assert np.isfinite(model.history["distance_loss_train"].to_numpy(dtype=float)).all()


@pytest.mark.trains
@pytest.mark.usefixtures("small_buffers")
def test_a_file_that_is_cut_ends_the_training(expression, backed):
    class Cut(Callback):
        def on_train_epoch_start(self, trainer, *_):
            if trainer.current_epoch == 1:
                os.truncate(adata.filename, adata.filename.stat().st_size // 2)

    adata = backed(expression)
    with pytest.raises(OSError, match="section was changed while it was being read"):
        trained(DPVAE, adata, max_epochs=3, callbacks=[Cut()])


@pytest.mark.trains
@pytest.mark.parametrize(
    "arguments",
    [
        {"train_size": 0.9},
        {"datasplitter_kwargs": {"external_indexing": [np.arange(129), np.arange(129, 143)]}},
        {"batch_size": 142, "datasplitter_kwargs": {"drop_last": False}},
    ],
)
def test_a_last_minibatch_of_one_cell_is_left_out(expression, arguments):
    class Sizes(Callback):
        def on_train_batch_start(self, _, __, batch, ___):
            sizes.append(len(batch["X"]))

    sizes = []
    model = untrained(DPVAE, expression[:143].copy())
    model.train(**{"max_epochs": 2, "batch_size": 128, **arguments}, callbacks=[Sizes()], **QUIET)
    assert sizes == 2 * [arguments.get("batch_size", 128)]


def test_processes_leave_out_a_last_minibatch_of_one_cell(expression, monkeypatch):
    adata = expression[:195].copy()
    DPVAE.setup_anndata(adata)
    splitter = RowSplitter(DPVAE(adata, **SMALL).adata_manager, train_size=1.0, batch_size=32)
    monkeypatch.setattr(row_loading.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(row_loading.distributed, "get_world_size", lambda: 2)
    splitter.setup()
    assert splitter.drop_last


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:Training will be faster when sparse matrix")
@MODELS
def test_a_matrix_that_is_stored_gene_by_gene_gives_the_same_weights(section, model_class):
    by_gene = section(model_class)
    by_gene.X = by_gene.X.tocsc()
    of_genes, of_cells = trained(model_class, by_gene), trained(model_class, section(model_class))
    assert_same_weights(of_genes, of_cells, rtol=0, atol=0)
