import numpy as np
import pytest
import scvi
import torch
from scipy.sparse import csr_matrix

from dpvae.geometry import place_free
from dpvae.metrics import procrustes_disparity
from dpvae.model import DPSCVI, DPVAE
from dpvae.model.pair_graph import PatchSampler, patch_order
from dpvae.tl import pair_mask

QUIET = {"enable_progress_bar": False}
QUICK = {"n_hidden": 32, "n_layers": 1}


@pytest.fixture
def masked(expression):
    pair_mask(expression, n_neighbors=6)
    return expression


def test_every_cell_comes_once_in_connected_patches(masked):
    graph = masked.obsp["dpvae_pair_mask"]
    order = patch_order(graph, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(order), np.arange(240))
    pairs = [graph[order[b : b + 32]][:, order[b : b + 32]].nnz for b in range(0, 224, 32)]
    mixed = np.random.default_rng(2).permutation(240)
    chance = [graph[mixed[b : b + 32]][:, mixed[b : b + 32]].nnz for b in range(0, 224, 32)]
    assert np.mean(pairs) > 3 * np.mean(chance)


def test_orders_follow_the_seed_and_differ_between_epochs(masked):
    graph = masked.obsp["dpvae_pair_mask"]
    one, two = PatchSampler(graph, 0), PatchSampler(graph, 0)
    first, second = list(one), list(one)
    assert first == list(two)
    assert first != second
    assert len(one) == 240


def test_cells_without_pairs_come_too():
    order = patch_order(csr_matrix((9, 9)), np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(order), np.arange(9))


@pytest.mark.parametrize("batch_size", [16, 100])
def test_the_mask_of_a_minibatch_is_that_of_its_cells(masked, batch_size):
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    model = DPVAE(masked, **QUICK)
    model.module.pair_graph = masked.obsp["dpvae_pair_mask"]
    cells = np.random.default_rng(0).permutation(240)[:100]
    expected = masked.obsp["dpvae_pair_mask"].toarray()
    begin = 0
    for tensors in model._make_data_loader(adata=masked, indices=cells, batch_size=batch_size):
        rows = cells[begin : begin + batch_size]
        found = model.module._pair_mask(tensors).numpy()
        np.testing.assert_array_equal(found, expected[np.ix_(rows, rows)])
        begin += batch_size


def test_training_uses_the_mask_only_while_it_runs(masked, monkeypatch):
    seen = []
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    model = DPVAE(masked, **QUICK)
    forward = model.module.distance_term.forward

    def spy(latent, coordinates, section, mask, *, far_share):
        seen.append((mask is not None and float(mask.sum()) > 0, far_share))
        return forward(latent, coordinates, section, mask, far_share=far_share)

    monkeypatch.setattr(model.module.distance_term, "forward", spy)
    model.train(max_epochs=2, batch_size=32, **QUIET)
    assert sum(has_pairs for has_pairs, _ in seen) > 0.8 * len(seen)
    assert {share for _, share in seen} == {0.8}
    assert model.module.pair_graph is None
    assert "_data_splitter_cls" not in vars(model)


def test_the_same_seed_trains_the_same_model(masked):
    latents = []
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    for _ in range(2):
        scvi.settings.seed = 3
        model = DPVAE(masked, **QUICK)
        model.train(max_epochs=3, batch_size=64, **QUIET)
        latents.append(model.get_latent_representation())
    np.testing.assert_array_equal(*latents)


@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
def test_saved_models_and_queries_need_no_mask(model_class, expression, counts, tmp_path):
    adata = expression if model_class is DPVAE else counts
    reference, query = adata[:180].copy(), adata[180:].copy()
    pair_mask(reference)
    model_class.setup_anndata(reference, mask_key="dpvae_pair_mask")
    model = model_class(reference, **QUICK)
    model.train(max_epochs=2, batch_size=64, **QUIET)
    expected = model.predict_coordinates(query)
    model.save(str(tmp_path / "model"))
    loaded = model_class.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_coordinates(query), expected)
    attached = model_class.load(tmp_path / "model", reference)
    np.testing.assert_array_equal(
        attached.get_latent_representation(), model.get_latent_representation()
    )
    assert "dpvae_pair_mask" not in query.obsp


def test_near_pairs_alone_would_fold_and_far_pairs_hold(masked, monkeypatch):
    disparity = {}
    for far_share in (0.0, 0.8):
        scvi.settings.seed = 0
        monkeypatch.setattr("dpvae.module.distance_preserving.FAR_SHARE", far_share)
        reference = masked[:180].copy()
        pair_mask(reference, n_neighbors=4)
        DPVAE.setup_anndata(reference, mask_key="dpvae_pair_mask")
        model = DPVAE(reference, n_hidden=64, n_layers=1)
        model.train(max_epochs=250, batch_size=60, **QUIET)
        layout = place_free(model.get_latent_representation()).coordinates
        disparity[far_share] = procrustes_disparity(reference.obsm["spatial"], layout)
    assert disparity[0.8] < 0.25
    assert disparity[0.0] > 2 * disparity[0.8]


def test_the_validation_part_is_seen_in_its_own_order(masked):
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    model = DPVAE(masked, **QUICK)
    model.train(max_epochs=1, train_size=0.5, batch_size=32, **QUIET)
    assert len(set(model.train_indices) | set(model.validation_indices)) == 240
    assert torch.isfinite(
        torch.tensor(model.history["distance_loss_validation"].to_numpy(dtype=float))
    ).all()


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (None, KeyError, r"no adata\.obsp\['G'\].*tl\.pair_mask"),
        (csr_matrix((240, 240)), ValueError, "pairs no two different cells"),
        (csr_matrix(np.eye(240, k=1)), ValueError, "not symmetric"),
        (-csr_matrix(np.eye(240, k=1)), ValueError, "negative"),
    ],
)
@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
def test_wrong_masks_change_nothing(model_class, mask, error, message, expression, counts):
    adata = expression if model_class is DPVAE else counts
    if mask is not None:
        adata.obsp["G"] = mask
    columns = set(adata.obs)
    with pytest.raises(error, match=message):
        model_class.setup_anndata(adata, mask_key="G")
    assert set(adata.obs) == columns
    assert set(adata.obsm) == {"spatial"}


def test_masks_across_sections_are_refused(sections):
    pair_mask(sections)
    with pytest.raises(ValueError, match=r"pairs across sections.*sample_key"):
        DPVAE.setup_anndata(sections, sample_key="section", mask_key="dpvae_pair_mask")
