import copy
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.trainer.states import TrainerStatus
from lightning.pytorch.utilities import rank_zero_only
from safetensors import SafetensorError
from tests.conftest import QUICK, QUIET
from tests.planted import Planted

import dpvae
from dpvae.model import DPSCVI, DPVAE
from dpvae.model.files import array_file

FILE = "model.safetensors"


def names(path):
    return {file.name for file in path.iterdir()}


def test_a_disk_that_is_full_leaves_the_model_that_was_saved_before(trained, tmp_path, monkeypatch):
    model = DPVAE.load(trained, adata=False)
    model.save(tmp_path / "model")
    before = (tmp_path / "model" / FILE).read_bytes()

    def full(*_, **__):
        message = "No space left on device"
        raise SafetensorError(message)

    monkeypatch.setattr(array_file, "save_file", full)
    named = r"could not be saved to .*model: No space left on device\. See whether the disk is full"
    with pytest.raises(OSError, match=named):
        model.save(tmp_path / "model", overwrite=True)
    assert (tmp_path / "model" / FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_is_replaced_only_when_asked_and_other_files_stay(trained, tmp_path):
    model = DPVAE.load(trained, adata=False)
    model.save(tmp_path / "model")
    (tmp_path / "model" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="exists already: choose another name"):
        model.save(tmp_path / "model")
    model.save(tmp_path / "model", overwrite=True, prefix="second_")
    assert names(tmp_path / "model") == {FILE, "notes.txt", f"second_{FILE}"}


def test_one_of_several_processes_saves(trained, tmp_path, monkeypatch):
    model = DPVAE.load(trained, adata=False)
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_model_that_was_loaded_is_saved_as_the_same_file(trained, trained_counts, tmp_path):
    for i, path in enumerate((trained, trained_counts)):
        dpvae.model.load(path).save(tmp_path / str(i))
        assert (tmp_path / str(i) / FILE).read_bytes() == (path / FILE).read_bytes()


def test_regressions_that_the_surfaces_share_are_stored_once(trained, tmp_path):
    model = DPVAE.load(trained)
    atlas = model.atlas_
    assert atlas.surfaces.regression is atlas.regression
    apart = replace(atlas.surfaces, regression=copy.deepcopy(atlas.regression))
    model.atlas_ = replace(atlas, surfaces=apart)
    model.save(tmp_path / "apart")
    again = DPVAE.load(tmp_path / "apart")
    assert again.atlas_.surfaces.regression is not again.atlas_.regression
    sizes = [(path / FILE).stat().st_size for path in (trained, tmp_path / "apart")]
    n_bytes = sum(part.nbytes for part in arrays_of(atlas.regression))
    assert sizes[1] - sizes[0] > 0.9 * n_bytes > 50_000


def arrays_of(value):
    """All arrays in an object, dense or the parts of sparse ones."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from arrays_of(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from arrays_of(getattr(value, field.name))


def everything(registry):
    """A registry without what scvi-tools makes anew for every AnnData."""
    return {name: value for name, value in registry.items() if name != "_scvi_uuid"}


def of_dpvae(sections):
    DPVAE.setup_anndata(sections, sample_key="section")
    return DPVAE(sections, **QUICK)


def of_dpscvi(sections):
    rng = np.random.default_rng(0)
    sections.X = np.round(np.expm1(sections.X.toarray()))
    sections.obs["kind"] = pd.Categorical(rng.choice(["x", "y"], sections.n_obs))
    sections.obs["day"] = rng.choice([1, 2], sections.n_obs)
    sections.obs["age"] = rng.normal(size=sections.n_obs)
    DPSCVI.setup_anndata(
        sections,
        batch_key="section",
        labels_key="kind",
        categorical_covariate_keys=["day"],
        continuous_covariate_keys=["age"],
    )
    return DPSCVI(sections, **QUICK, gene_likelihood="zinb")


@pytest.mark.trains
@pytest.mark.parametrize("make", [of_dpvae, of_dpscvi])
@pytest.mark.parametrize("options", [{}, {"as_pickle": True}])
def test_the_model_is_the_same_to_the_last_bit(make, options, sections, tmp_path):
    query = sections[:80].copy()
    model = make(sections)
    query.X, query.obs = sections[:80].X.copy(), sections.obs[:80].copy()
    model.train(max_epochs=2, **QUIET)
    model.save(tmp_path / "model", **options)
    for adata in (False, sections):
        again = type(model).load(tmp_path / "model", adata=adata, allow_pickle=bool(options))
        state = again.module.state_dict()
        for name, value in model.module.state_dict().items():
            assert state[name].numpy().tobytes() == value.numpy().tobytes()
        assert repr(everything(again.registry_)) == repr(everything(model.registry_))
        assert again.get_var_names().tolist() == model.get_var_names().tolist()
        assert again.history.keys() == model.history.keys()
        for name, table in model.history.items():
            pd.testing.assert_frame_equal(again.history[name], table, check_exact=True)
        np.testing.assert_array_equal(again.train_indices, model.train_indices)
        assert repr(again) == repr(model)
        section = model.adata.obs["section"].iloc[0]
        np.testing.assert_array_equal(
            again.predict_coordinates(query, section=section),
            model.predict_coordinates(query, section=section),
        )


def test_the_pickle_takes_the_place_of_the_file_and_the_other_way_round(trained, tmp_path):
    model = DPVAE.load(trained, adata=False)
    path = tmp_path / "model"
    model.save(path)
    model.save(path, overwrite=True, prefix="second_", as_pickle=True)
    assert names(path) == {FILE, "second_model.pt"}
    model.save(path, overwrite=True, as_pickle=True)
    assert names(path) == {"model.pt", "second_model.pt"}
    stored = torch.load(path / "model.pt", weights_only=False)
    assert list(stored["var_names"]) == list(model.get_var_names())
    model.save(path, overwrite=True)
    assert names(path) == {FILE, "second_model.pt"}


def test_the_cells_are_saved_as_well_if_asked_for(trained, expression, tmp_path):
    model = DPVAE.load(trained, adata=expression[:180].copy())
    model.save(tmp_path / "model", prefix="a_", save_anndata=True, compression="gzip")
    assert names(tmp_path / "model") == {f"a_{FILE}", "a_adata.h5ad"}
    again = DPVAE.load(tmp_path / "model", prefix="a_")
    np.testing.assert_array_equal(again.adata.X.toarray(), model.adata.X.toarray())
    assert DPVAE.load(tmp_path / "model", adata=False, prefix="a_").adata is None


def test_an_attribute_that_cannot_be_saved_is_named_and_can_be_pickled(trained, tmp_path):
    model = DPVAE.load(trained, adata=False)
    model.mine_ = [len]
    with pytest.raises(TypeError, match=r"attributes\.mine_\.0 is of the type builtin_function"):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())
    model.save(tmp_path / "model", as_pickle=True)
    assert DPVAE.load(tmp_path / "model", allow_pickle=True).mine_ == [len]


def test_parameters_of_other_models_of_the_session_are_not_saved(trained, tmp_path):
    pyro = pytest.importorskip("pyro")
    constraint = torch.distributions.constraints.positive
    pyro.param("of_another", torch.ones(2), constraint=constraint)
    try:
        DPVAE.load(trained, adata=False).save(tmp_path / "model")
    finally:
        pyro.clear_param_store()
    assert (tmp_path / "model" / FILE).read_bytes() == (trained / FILE).read_bytes()


def test_callbacks_of_scvi_that_save_during_training_find_their_pickle(trained, tmp_path):
    model = DPVAE.load(trained, adata=False)
    model.trainer = Trainer(logger=False, enable_checkpointing=False)
    model.trainer.state.status = TrainerStatus.RUNNING
    model.save(tmp_path / "model")
    assert names(tmp_path / "model") == {FILE, "model.pt"}


def test_the_registry_is_read_without_running_anything(trained, tmp_path, capsys):
    model = DPVAE.load(trained, adata=False)
    assert repr(DPVAE.load_registry(trained)) == repr(model.registry_)
    DPVAE.view_setup_args(trained)
    assert "spatial_key" in capsys.readouterr().out
    torch.save({"attr_dict": {"registry_": Planted(tmp_path / "ran")}}, tmp_path / "model.pt")
    for read in (DPVAE.load_registry, DPVAE.view_setup_args, DPSCVI.load_registry):
        with pytest.raises(ValueError, match="holds only a pickle"):
            read(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_files_of_scvi_before_0_15_are_pickles(tmp_path):
    torch.save(Planted(tmp_path / "ran"), tmp_path / "model_params.pt")
    with pytest.raises(ValueError, match=r"Such files are pickles.* pass allow_pickle=True"):
        DPVAE.convert_legacy_save(tmp_path, tmp_path / "new")
    assert not (tmp_path / "ran").exists()
    (tmp_path / "var_names.csv").write_text("a,b", encoding="utf-8")
    pd.to_pickle({"scvi_version": "0.14"}, tmp_path / "attr.pkl")
    DPVAE.convert_legacy_save(tmp_path, tmp_path / "new", allow_pickle=True)
    assert (tmp_path / "ran").exists()
    assert names(tmp_path / "new") == {"model.pt"}


def test_mudata_are_refused(tmp_path):
    with pytest.raises(NotImplementedError, match="take an AnnData"):
        DPVAE.prepare_query_mudata(None, str(tmp_path))
