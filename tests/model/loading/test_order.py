import numpy as np
import pytest
import scanpy as sc
import scvi
import torch
from scipy.sparse import csr_matrix

from dpvae._keys import REGISTRY
from dpvae.datasets import simulated_tissue
from dpvae.geometry import place_free
from dpvae.metrics import procrustes_disparity
from dpvae.model import DPSCVI, DPVAE
from dpvae.model.loading.order import OrderedRows, PatchOrder, patch_order
from dpvae.module.distance_preserving import masked_pairs
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


def test_over_many_epochs_all_pairs_meet_about_equally_often(masked):
    graph = masked.obsp["dpvae_pair_mask"].tocoo()
    rng = np.random.default_rng(0)
    met = np.zeros(graph.nnz)
    for _ in range(400):
        minibatch = np.empty(240, dtype=int)
        minibatch[patch_order(graph.tocsr(), rng)] = np.arange(240) // 32
        met += minibatch[graph.row] == minibatch[graph.col]
    assert met.min() > 0.5 * met.mean()
    assert np.quantile(met, 0.95) < 1.5 * met.mean()


def test_orders_follow_the_seed_and_differ_between_epochs(masked):
    graph = masked.obsp["dpvae_pair_mask"]
    everyone = np.arange(240)
    sampler = OrderedRows(240, PatchOrder(graph).of_rows(everyone))
    torch.manual_seed(0)
    first, second = list(sampler), list(sampler)
    torch.manual_seed(0)
    assert first == list(OrderedRows(240, PatchOrder(graph).of_rows(everyone)))
    assert first != second
    assert len(sampler) == 240


def test_cells_without_pairs_come_too():
    order = patch_order(csr_matrix((9, 9)), np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(order), np.arange(9))


@pytest.mark.parametrize("batch_size", [16, 100])
def test_the_mask_of_a_minibatch_is_that_of_its_cells(masked, batch_size):
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    model = DPVAE(masked, **QUICK)
    cells = np.random.default_rng(0).permutation(240)[:100]
    expected = masked.obsp["dpvae_pair_mask"].toarray()
    begin = 0
    for tensors in model._make_data_loader(adata=masked, indices=cells, batch_size=batch_size):
        rows = cells[begin : begin + batch_size]
        pairs = masked_pairs(masked.obsp["dpvae_pair_mask"], tensors)
        found = np.zeros((len(rows), len(rows)))
        found[pairs.first.numpy(), pairs.second.numpy()] = pairs.weight.numpy()
        np.testing.assert_array_equal(found, np.triu(expected[np.ix_(rows, rows)], 1))
        begin += batch_size


@pytest.mark.trains
def test_training_uses_the_mask_only_while_it_runs(masked, monkeypatch):
    seen = []
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    model = DPVAE(masked, **QUICK)
    forward = model.module.distance_term.forward

    def spy(latent, coordinates, section, pairs, *, far_share):
        seen.append((pairs is not None and len(pairs.first) > 0, far_share))
        return forward(latent, coordinates, section, pairs, far_share=far_share)

    monkeypatch.setattr(model.module.distance_term, "forward", spy)
    model.train(max_epochs=2, batch_size=32, **QUIET)
    assert sum(has_pairs for has_pairs, _ in seen) > 0.8 * len(seen)
    assert {share for _, share in seen} == {0.8}
    assert "pair_graph" not in vars(model.module)
    assert "_data_splitter_cls" not in vars(model)


@pytest.mark.trains
def test_the_same_seed_trains_the_same_model(masked):
    latents = []
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    for _ in range(2):
        scvi.settings.seed = 3
        model = DPVAE(masked, **QUICK)
        model.train(max_epochs=3, batch_size=64, **QUIET)
        latents.append(model.get_latent_representation())
    np.testing.assert_array_equal(*latents)


@pytest.mark.trains
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


@pytest.mark.slow
def test_near_pairs_alone_would_fold_and_far_pairs_hold_the_layout_of_unseen_cells():
    tissue = simulated_tissue(400, 100, seed=0)
    sc.pp.normalize_total(tissue)
    sc.pp.log1p(tissue)
    reference, query = tissue[:300].copy(), tissue[300:].copy()
    pair_mask(reference, n_neighbors=4)
    disparity = {}
    for name, mask_key, far_share in (
        ("no mask", None, 0.8),
        ("near alone", "dpvae_pair_mask", 0.0),
        ("near and far", "dpvae_pair_mask", 0.8),
    ):
        scvi.settings.seed = 0
        DPVAE.setup_anndata(reference, mask_key=mask_key)
        model = DPVAE(reference, n_hidden=64, n_layers=1)
        plan = {"far_share": far_share}
        model.train(max_epochs=150, batch_size=100, plan_kwargs=plan, **QUIET)
        layout = place_free(model.get_latent_representation(query)).coordinates
        disparity[name] = procrustes_disparity(query.obsm["spatial"], layout)
    assert disparity["near and far"] < disparity["no mask"] + 0.05
    assert disparity["near alone"] > 2 * disparity["near and far"]


@pytest.mark.trains
def test_the_validation_part_is_seen_in_its_own_order(masked, monkeypatch):
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    model = DPVAE(masked, **QUICK)
    seen = {True: [], False: []}

    def spy(graph, tensors):
        seen[model.module.training] += tensors[REGISTRY.row].flatten().tolist()
        return masked_pairs(graph, tensors)

    monkeypatch.setattr("dpvae.module.distance_preserving.masked_pairs", spy)
    model.train(max_epochs=1, train_size=0.5, batch_size=32, **QUIET)
    assert seen[False] == model.validation_indices.tolist()
    assert set(seen[True]) == set(model.train_indices.tolist())
    assert seen[True] != model.train_indices.tolist()


@pytest.mark.trains
@pytest.mark.parametrize("has_places", [True, False])
def test_queries_are_trained_without_the_mask(has_places, masked, monkeypatch):
    reference, query = masked[:180].copy(), masked[180:].copy()
    reference.obs["donor"], query.obs["donor"] = "one", "two"
    del query.obsp["dpvae_pair_mask"]
    if not has_places:
        del query.obsm["spatial"]
    DPVAE.setup_anndata(reference, batch_key="donor", mask_key="dpvae_pair_mask")
    model = DPVAE(reference, **QUICK)
    model.train(max_epochs=2, batch_size=64, **QUIET)
    adapted = DPVAE.load_query_data(query, model)
    masks = []
    forward = adapted.module.distance_term.forward

    def spy(latent, coordinates, section, pairs, *, far_share):
        masks.append(pairs)
        return forward(latent, coordinates, section, pairs, far_share=far_share)

    monkeypatch.setattr(adapted.module.distance_term, "forward", spy)
    adapted.train(max_epochs=1, batch_size=32, **QUIET)
    assert masks == [None, None]


def test_a_reference_that_lost_its_mask_is_not_trained_without_it(masked):
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    model = DPVAE(masked, **QUICK)
    del masked.obsp["dpvae_pair_mask"]
    with pytest.raises(KeyError, match=r"no adata\.obsp\['dpvae_pair_mask'\]"):
        model.train(max_epochs=1, **QUIET)


@pytest.mark.trains
def test_training_pairs_are_of_the_training_part(masked, monkeypatch):
    graphs = []
    monkeypatch.setattr(
        "dpvae.model.loading.order.patch_order",
        lambda graph, rng: graphs.append(graph) or rng.permutation(graph.shape[0]),
    )
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    model = DPVAE(masked, **QUICK)
    train, validation = np.arange(0, 240, 2), np.arange(1, 240, 2)
    split = {"external_indexing": [train, validation]}
    model.train(max_epochs=1, batch_size=32, datasplitter_kwargs=split, **QUIET)
    assert (graphs[0] != masked.obsp["dpvae_pair_mask"][train][:, train]).nnz == 0


@pytest.mark.parametrize("far_share", [-0.1, 1.1])
def test_shares_out_of_range_are_refused(far_share, masked):
    DPVAE.setup_anndata(masked, mask_key="dpvae_pair_mask")
    with pytest.raises(ValueError, match=r"far_share is .*from 0 to 1"):
        DPVAE(masked, **QUICK).train(max_epochs=1, plan_kwargs={"far_share": far_share}, **QUIET)
