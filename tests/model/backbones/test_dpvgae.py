import anndata
import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist
from tests.conftest import QUIET, log_normalized, seed_everything

import dpvae
from dpvae.geometry import place_free, place_on_layout
from dpvae.model import DPVGAE
from dpvae.module import mean_discrepancy

N_CELLS, N_GENES, N_IMAGED = 240, 60, 40
HIDDEN = [f"gene_{number + 1}" for number in range(N_IMAGED, N_GENES)]
SMALL = {"n_hidden": 32, "n_layers": 1, "n_latent": 8, "n_distance": 4}


@pytest.fixture(scope="module")
def parts():
    """Dissociated cells of all genes, and imaged tissue of some, cut from one section."""
    section = dpvae.datasets.simulated_tissue(2 * N_CELLS, N_GENES, seed=0)
    section.obs_names = [f"cell {number}" for number in range(section.n_obs)]
    order = np.random.default_rng(0).permutation(section.n_obs)
    return section[order[:N_CELLS]].copy(), section[order[N_CELLS:]].copy()


def joined(parts, change=lambda adata: adata):
    cells, tissue = parts
    return dpvae.tl.join(change(cells), change(tissue)[:, :N_IMAGED].copy())


def fitted(joint, *, epochs=60, **options):
    seed_everything()
    DPVGAE.setup_anndata(joint)
    model = DPVGAE(joint, **(SMALL | options))
    model.train(max_epochs=epochs, batch_size=64, **QUIET)
    return model


@pytest.fixture(scope="module")
def saved(parts, trains, tmp_path_factory):  # noqa: ARG001
    path = tmp_path_factory.mktemp("joint") / "model"
    fitted(joined(parts)).save(path)
    return path


@pytest.fixture
def model(saved, parts):
    return DPVGAE.load(saved, adata=joined(parts))


def correlation(found, true):
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(found.T, true.T, strict=True)])


def truth(parts):
    return log_normalized(parts[1])[:, HIDDEN].X.toarray()


def test_genes_that_were_never_imaged_are_imputed_and_intervals_hold(model, parts):
    found = model.get_imputed_expression()
    assert found.var_names.tolist() == HIDDEN
    np.testing.assert_array_equal(found.obsm["spatial"], parts[1].obsm["spatial"])
    assert not [name for name in found.obs if name.startswith("_")]
    assert (found.obs_names == parts[1].obs_names).all()
    reached = correlation(found.X, truth(parts))
    shuffled = correlation(found.X[::-1], truth(parts))
    assert np.sort(reached)[-5:].mean() > 0.45
    assert reached.mean() > shuffled.mean() + 0.15
    center, scale = found.var["mean"].to_numpy(), found.var["deviation"].to_numpy()
    true = truth(parts)
    scores = (true - true.mean(axis=0)) / true.std(axis=0)
    lower, upper = ((found.layers[k] - center) / scale for k in ("lower", "upper"))
    assert 0.8 < ((scores >= lower) & (scores <= upper)).mean() < 0.97
    expected = found.var["expected_correlation"].to_numpy()
    assert abs(expected.mean() - reached.mean()) < 0.15
    assert np.corrcoef(expected, reached)[0, 1] > 0.3


def test_wider_intervals_hold_more_and_genes_do_not_depend_on_each_other(model):
    narrow, wide = (model.get_imputed_expression(HIDDEN[:3], level=x) for x in (0.5, 0.95))
    assert (wide.layers["upper"] > narrow.layers["upper"]).all()
    assert (wide.layers["lower"] < narrow.layers["lower"]).all()
    alone = model.get_imputed_expression(HIDDEN[1:2])
    np.testing.assert_allclose(alone.X[:, 0], narrow.X[:, 1], atol=1e-4)


def test_all_genes_can_be_asked_for_and_each_is_as_if_asked_for_alone(model):
    every = model.get_imputed_expression(model.adata.var_names)
    some = ["gene_1", "gene_7", HIDDEN[0]]
    some = [name for name in (*some, *every.var_names[:4]) if name in every.var_names]
    for name in dict.fromkeys(some):
        alone = model.get_imputed_expression([name])
        for values, others in (
            (alone.X, every[:, name].X),
            *((alone.layers[k], every[:, name].layers[k]) for k in ("lower", "upper")),
        ):
            np.testing.assert_allclose(values, others, atol=1e-4)
        np.testing.assert_allclose(
            alone.var["expected_correlation"], every.var.loc[[name], "expected_correlation"]
        )


def test_cells_without_the_dissociated_ones_have_latents_but_nothing_is_imputed(saved, parts):
    whole = joined(parts)
    imaged = (whole.obs["technology"] == "tissue").to_numpy()
    expected = DPVGAE.load(saved, adata=whole).get_latent_representation()
    model = DPVGAE.load(saved, adata=whole[imaged].copy())
    np.testing.assert_allclose(model.get_latent_representation(), expected[imaged], atol=1e-5)
    of_reference = model.imputation_
    for trained in (False, True):
        if trained:
            model.train(max_epochs=1, **QUIET)
        with pytest.raises(ValueError, match=r"hold none of \['cells'\], from which genes are"):
            model.get_imputed_expression()
    assert model.imputation_ is of_reference
    model = DPVGAE.load(saved, adata=whole[~imaged].copy())
    np.testing.assert_allclose(model.get_latent_representation(), expected[~imaged], atol=1e-5)
    with pytest.raises(ValueError, match="No cell has a place"):
        model.get_imputed_expression()


@pytest.mark.trains
def test_if_all_technologies_have_places_this_is_said_and_not_that_training_lacks(parts):
    joint = joined(parts)
    joint.obsm["spatial"] = np.random.default_rng(0).normal(size=(joint.n_obs, 2))
    model = fitted(joint, epochs=1)
    with pytest.raises(RuntimeError, match="All technologies have cells of known place, and genes"):
        model.get_imputed_expression()


@pytest.mark.trains
def test_what_the_tissue_measured_of_calibration_genes_is_not_looked_at_in_training(parts):
    plain = fitted(joined(parts), epochs=3)
    cells, tissue = parts
    changed = tissue.copy()
    matrix = changed.X.toarray()
    genes = changed.var_names.get_indexer(plain.calibration_genes)
    matrix[:, genes] = matrix[::-1, genes]
    changed.X = csr_matrix(matrix)
    other = fitted(joined((cells, changed)), epochs=3)
    for name, values in plain.module.state_dict().items():
        if name in ("encoder_input.mean", "encoder_input.scale"):
            continue
        torch.testing.assert_close(values, other.module.state_dict()[name], msg=name)
    np.testing.assert_allclose(
        plain.get_latent_representation(), other.get_latent_representation(), atol=1e-6
    )


def test_latents_join_expression_and_neighbourhood(model):
    own, near, both = (
        model.get_latent_representation(given=given, return_dist=True)
        for given in ("expression", "place", "both")
    )
    imaged = (model.adata.obs["technology"] == "tissue").to_numpy()
    np.testing.assert_array_equal(own[0][~imaged], both[0][~imaged])
    precision = 1 / own[1] + 1 / near[1]
    mean = (own[0] / own[1] + near[0] / near[1]) / precision
    np.testing.assert_allclose(both[0][imaged], mean[imaged], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(both[1][imaged], 1 / precision[imaged], rtol=1e-3)
    niche = model.get_niche_representation()
    np.testing.assert_allclose(niche[imaged], near[0][imaged])
    assert np.isnan(niche[~imaged]).all()


@pytest.mark.parametrize("given", ["both", "expression"])
def test_latents_do_not_depend_on_batches_order_or_motion(model, given):
    expected = model.get_latent_representation(given=given)
    found = model.get_latent_representation(given=given, batch_size=7)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    order = np.random.default_rng(1).permutation(model.adata.n_obs)
    query = AnnData(
        model.adata.X[order],
        obs=model.adata.obs[["technology", "section"]].iloc[order],
        var=pd.DataFrame(index=model.adata.var_names),
        obsm={"spatial": model.adata.obsm["spatial"][order] @ [[0.0, -1.0], [1.0, 0.0]] + 1e4},
    )
    found = model.get_latent_representation(query[:, ::-1].copy(), given=given)
    np.testing.assert_allclose(found, expected[order], atol=1e-4)


def test_queries_of_either_kind_need_the_genes_of_their_technology_only(model, parts):
    cells, tissue = (part.copy() for part in parts)
    expected = model.get_latent_representation()
    tissue = tissue[:, :N_IMAGED].copy()
    cells.obs["technology"], tissue.obs["technology"] = "cells", "tissue"
    tissue.obs["section"], cells.obs["section"] = "tissue", "cells"
    np.testing.assert_allclose(
        model.get_latent_representation(tissue), expected[N_CELLS:], atol=1e-4
    )
    del cells.obsm["spatial"]
    np.testing.assert_allclose(
        model.get_latent_representation(cells), expected[:N_CELLS], atol=1e-4
    )
    with pytest.raises(ValueError, match=r"The query lacks 20 of the reference's 60 genes"):
        model.get_latent_representation(cells[:, :N_IMAGED].copy())
    imputed = model.get_imputed_expression(HIDDEN[:2], adata=tissue)
    own = model.get_imputed_expression(HIDDEN[:2])
    np.testing.assert_allclose(imputed.X, own.X, atol=1e-3)


def test_a_technology_that_is_not_known_is_refused(model, parts):
    query = parts[0].copy()
    with pytest.raises(KeyError, match=r"There is no obs\['technology'\]"):
        model.get_latent_representation(query)
    query.obs["technology"] = "another"
    with pytest.raises(ValueError, match="has \\['another'\\], but the model knows"):
        model.get_latent_representation(query)


def test_dissociated_cells_are_placed_better_than_by_chance(model, parts):
    cells = (model.adata.obs["technology"] == "cells").to_numpy()
    places = model.predict_coordinates()[cells]
    true = parts[0].obsm["spatial"]
    error = np.linalg.norm(places - true, axis=1)
    by_chance = np.linalg.norm(parts[1].obsm["spatial"].mean(axis=0) - true, axis=1)
    assert np.median(error) < 0.6 * np.median(by_chance)
    posterior = model.predict_posterior(model.adata[cells].copy(), section="tissue")
    assert np.median(np.linalg.norm(posterior.mean() - true, axis=1)) < 0.6 * np.median(by_chance)


def test_genes_of_the_models_own_cells_are_found_by_name(model):
    query = model.adata[N_CELLS:].copy()
    expected = [model.get_imputed_expression(HIDDEN[:2], adata=x) for x in (None, query)]
    model.adata._inplace_subset_var(model.adata.var_names[::-1])
    found = [model.get_imputed_expression(HIDDEN[:2], adata=x) for x in (None, query)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.X, other.X, atol=1e-5)
        np.testing.assert_allclose(one.layers["lower"], other.layers["lower"], atol=1e-5)


def test_labels_are_carried_over_between_technologies(model, parts):
    true = pd.concat([part.obs["domain"] for part in parts]).astype(str)
    cells = (model.adata.obs["technology"] == "cells").to_numpy()
    model.adata.obs["known"] = true.where(cells).to_numpy()
    found = model.transfer_labels("known")
    assert found[cells].isna().all(axis=None)
    guessed = found[~cells].idxmax(axis=1).to_numpy()
    most = true[~cells].value_counts(normalize=True).iloc[0]
    assert (guessed == true[~cells]).mean() > most + 0.1
    with pytest.raises(KeyError, match="nothing"):
        model.transfer_labels("nothing")


def test_distances_that_place_are_those_of_the_compared_dimensions(model):
    imaged = (model.adata.obs["technology"] == "tissue").to_numpy()
    latent = model.get_latent_representation(given="expression")[imaged]
    query = model.adata[imaged].copy()
    found = model.predict_coordinates(query, anchors=None)
    expected = place_free(latent[:, :4], n_dims=2, distance_scale=model.distance_scale)
    np.testing.assert_allclose(
        pdist(found), pdist(expected.coordinates), rtol=1e-2, atol=1e-2 * pdist(found).max()
    )
    landmarks = model.predict_coordinates(query, method="landmarks")
    layout = model.atlas_.layout
    placed = place_on_layout(
        latent[:, :4],
        layout.latent[:, :4],
        layout.coordinates,
        distance_scale=model.distance_scale,
        weighting="uniform",
    )
    np.testing.assert_allclose(landmarks, placed.coordinates, rtol=1e-3, atol=1e-2)


def test_a_saved_model_imputes_the_same(model, tmp_path):
    expected = model.get_imputed_expression(HIDDEN[:2])
    model.save(tmp_path / "model", save_anndata=True)
    again = dpvae.model.load(tmp_path / "model")
    found = again.get_imputed_expression(HIDDEN[:2])
    np.testing.assert_allclose(found.X, expected.X, atol=1e-5)
    np.testing.assert_allclose(found.layers["lower"], expected.layers["lower"], atol=1e-5)


@pytest.mark.filterwarnings("ignore:The expression of the model's own cells is gone")
def test_minified_cells_have_the_same_latents_and_keep_their_neighbourhoods(model, tmp_path):
    given = ("expression", "place", "both")
    expected = [model.get_latent_representation(given=what) for what in given]
    model.minify_adata()
    assert not [key for key in model.adata.obsm if key.startswith("_dpvae_expression")]
    model.save(tmp_path / "minified", save_anndata=True)
    again = dpvae.model.load(tmp_path / "minified")
    for some in (model, again):
        for what, values in zip(given, expected, strict=True):
            found = some.get_latent_representation(given=what)
            np.testing.assert_allclose(found, values, atol=1e-4)
        assert np.isfinite(some.predict_coordinates()).all()
        with pytest.raises(ValueError, match="was left out"):
            some.get_imputed_expression()


@pytest.mark.trains
@pytest.mark.parametrize("likelihood", ["nb", "zinb"])
def test_likelihoods_of_counts_impute_as_well(parts, likelihood):
    model = fitted(joined(parts), gene_likelihood=likelihood)
    reached = correlation(model.get_imputed_expression().X, truth(parts))
    assert np.sort(reached)[-5:].mean() > 0.4


@pytest.mark.trains
def test_logarithms_are_taken_as_they_are(parts):
    model = fitted(joined(parts, log_normalized))
    imputed = model.get_imputed_expression()
    reached = correlation(imputed.X, truth(parts))
    assert np.sort(reached)[-5:].mean() > 0.45
    assert not imputed.uns  # depth is of counts


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*are farther from all")
def test_a_kernel_makes_technologies_alike(parts):
    """One of them is changed so that its latents are apart, unless they are aligned."""
    cells, tissue = parts
    shifted = cells.copy()
    shifted.X = csr_matrix(shifted.X.toarray()[:, np.roll(np.arange(N_GENES), 5)])

    def gap(plan):
        seed_everything()
        joint = joined((shifted, tissue))
        DPVGAE.setup_anndata(joint)
        model = DPVGAE(joint, standardize="reference", **SMALL)
        model.train(max_epochs=40, batch_size=64, plan_kwargs=plan, **QUIET)
        assert ("alignment_loss_train" in model.history) == (plan is not None)
        latent = torch.as_tensor(model.get_latent_representation())
        code = torch.arange(len(latent)) < N_CELLS
        return float(mean_discrepancy(latent, code.long()))

    assert gap({"alignment": "kernel"}) < 0.7 * gap(None)


def test_bad_references_are_refused(parts):
    joint = joined(parts)
    del joint.varm["measured"]
    with pytest.raises(KeyError, match="which says which technology measured which gene"):
        DPVGAE.setup_anndata(joint)
    joint = joined(parts)[N_CELLS:].copy()
    with pytest.raises(ValueError, match="adata has one technology"):
        DPVGAE.setup_anndata(joint)
    joint = joined(parts)[N_CELLS - 5 :].copy()
    with pytest.raises(ValueError, match="Technology 'cells' has 5 cells"):
        DPVGAE.setup_anndata(joint)
    assert not [key for key in joint.obsm if key.startswith("_")]
    joint = joined(parts)
    joint.varm["measured"] = joint.varm["measured"].assign(tissue=np.arange(N_GENES) < 9)
    with pytest.raises(ValueError, match="9 genes were measured by all"):
        DPVGAE.setup_anndata(joint)


@pytest.mark.parametrize("missing", [float("nan"), "False", 2, None])
def test_a_table_of_measured_genes_holds_true_and_false_only(parts, missing):
    joint = joined(parts)
    measured = joint.varm["measured"].astype(object)
    joint.varm["measured"] = measured.where(joint.varm["measured"].to_numpy(), missing)
    with pytest.raises(ValueError, match="other values than True and False"):
        DPVGAE.setup_anndata(joint)
    joint.varm["measured"] = measured.astype(int)
    DPVGAE.setup_anndata(joint)


def test_a_category_without_cells_is_no_technology(parts):
    joint = joined(parts)
    joint.obs["technology"] = joint.obs["technology"].cat.add_categories("lost")
    with pytest.raises(ValueError, match=r"category 'lost' of .*cat.remove_unused_categories\(\)"):
        DPVGAE.setup_anndata(joint)


def test_genes_that_no_cell_has_are_refused(model):
    with pytest.raises(ValueError, match="The model has no gene 'nothing'"):
        model.get_imputed_expression(["nothing"])
    with pytest.raises(ValueError, match=r"level is 1\.5"):
        model.get_imputed_expression(HIDDEN[:1], level=1.5)


def test_without_its_cells_a_model_cannot_impute(saved, parts, tmp_path):
    path = tmp_path / "alone"
    model = DPVGAE.load(saved, adata=joined(parts))
    model.save(path)
    alone = DPVGAE.load(path, adata=False)
    with pytest.raises(RuntimeError, match="was loaded without its cells"):
        alone.get_imputed_expression()


@pytest.mark.trains
def test_a_reference_on_disk_trains_as_one_in_memory(parts, tmp_path):
    expected = fitted(joined(parts), epochs=2)
    joined(parts).write_h5ad(tmp_path / "joint.h5ad")
    joint = anndata.read_h5ad(tmp_path / "joint.h5ad", backed="r")
    model = fitted(joint, epochs=2)
    np.testing.assert_allclose(
        model.module.encoder_input.mean, expected.module.encoder_input.mean, atol=1e-6
    )
    found = model.get_imputed_expression(HIDDEN[:2])
    assert np.isfinite(found.X).all()
    joint.file.close()


@pytest.mark.trains
def test_what_surrounds_cells_is_not_asked_of_a_model_that_does_not_look(parts):
    model = fitted(joined(parts), epochs=1, neighborhood=False)
    with pytest.raises(ValueError, match="learns nothing of what surrounds cells"):
        model.get_niche_representation()


@pytest.mark.trains
def test_cells_with_counts_in_calibration_genes_only_change_little(parts):
    cells, tissue = parts
    model = fitted(joined(parts), epochs=1)
    before = model.get_imputed_expression(HIDDEN[:5])
    odd = cells.copy()
    values = odd.X.toarray() if hasattr(odd.X, "toarray") else np.array(odd.X)
    is_shown = np.isin(odd.var_names, tissue.var_names[:N_IMAGED])
    is_shown &= ~odd.var_names.isin(model.calibration_genes)
    values[:10, is_shown] = 0
    values[:10, odd.var_names.isin(model.calibration_genes)] = 3
    odd.X = values
    found = fitted(joined((odd, tissue)), epochs=1).get_imputed_expression(HIDDEN[:5])
    for name in ("mean", "deviation"):
        np.testing.assert_allclose(found.var[name], before.var[name], rtol=0.3)
