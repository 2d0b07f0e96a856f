import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.planted import Planted

from dpvae.model.files.array_file import read_arrays, write_arrays
from dpvae.model.files.saved_model import FORMAT, SavedModel, read_model, write_model

REGISTRY = {"model_name": "DPVAE", "setup_method_name": "setup_anndata", "setup_args": {}}
PARTS = {
    "weights": {"layer.weight": torch.arange(6.0).reshape(2, 3)},
    "genes": np.array(["a", "b"], dtype=object),
    "attributes": {"registry_": REGISTRY, "init_params_": {}, "atlas_": np.eye(2)},
}
GENERAL = r"model\.safetensors cannot be read as a saved model; it may be of another kind"


@pytest.fixture
def model():
    return SavedModel(**PARTS)


@pytest.fixture
def path(model, tmp_path):
    write_model(model, tmp_path / "model.safetensors")
    return tmp_path


def test_a_model_is_read_as_it_was_written(path):
    found = read_model(path)
    assert torch.equal(found.weights["layer.weight"], PARTS["weights"]["layer.weight"])
    assert found.genes.tolist() == ["a", "b"]
    assert found.registry == REGISTRY
    assert found.class_name == "DPVAE"
    assert list(found.attributes) == ["registry_", "init_params_", "atlas_"]
    np.testing.assert_array_equal(found.attributes["atlas_"], np.eye(2))


def test_a_prefix_stands_before_the_name(model, tmp_path):
    write_model(model, tmp_path / "first_model.safetensors")
    assert read_model(tmp_path, "first_").class_name == "DPVAE"
    with pytest.raises(FileNotFoundError, match=r"no file model\.safetensors"):
        read_model(tmp_path)


def test_an_attribute_that_only_a_pickle_holds_is_named(model, tmp_path):
    model.attributes["atlas_"] = {"inside": [len]}
    named = r"attributes\.atlas_\.inside\.0 is of the type builtin_.*save\(…, as_pickle=True\)"
    try:
        with pytest.raises(TypeError, match=named):
            write_model(model, tmp_path / "model.safetensors")
    finally:
        model.attributes["atlas_"] = np.eye(2)
    assert not list(tmp_path.iterdir())


def rewritten(path, change):
    """Write the file of a model anew, with a checksum that fits, after a change of its content."""
    file = path / "model.safetensors"
    document, arrays = read_arrays(file)
    change(document, arrays)
    write_arrays(file, document, arrays)


def of_registry(name, value):
    return lambda document, _: document["attributes"]["registry_"].update({name: value})


FOREIGN = {
    "no weights": lambda document, _: document.pop("weights"),
    "no arrays": lambda _, arrays: arrays.clear(),
    "no registry": lambda document, _: document["attributes"].pop("registry_"),
    "something more": lambda document, _: document.update(more=1),
    "no name of a class": of_registry("model_name", None),
    "no arguments": of_registry("setup_args", 3),
    "weights that are text": lambda document, _: document["weights"].update({"layer.weight": "x"}),
    "no genes": lambda document, _: document.update(genes=None),
    "one number too few": lambda _, arrays: arrays.update(
        {name: array.ravel()[:-1] for name, array in arrays.items()}
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_kind_is_named(name, path):
    rewritten(path, FOREIGN[name])
    with pytest.raises(ValueError, match=GENERAL):
        read_model(path)


REFUSED = {
    "a class": (
        lambda document, _: document.update(genes={"$": "object", "class": "Popen", "of": {}}),
        "it holds a Popen, which this version does not know",
    ),
    "a call": (of_registry("setup_args", {"$": "call"}), "it holds a call"),
    "another method": (
        of_registry("setup_method_name", "load_query_data"),
        "it would call 'load_query_data' to register cells",
    ),
    "a method as attribute": (
        lambda document, _: document["attributes"].update(save=1),
        "it would set 'save', which is no attribute of a saved model",
    ),
    "a hidden attribute": (
        lambda document, _: document["attributes"].update(__class__=1),
        "it would set '__class__'",
    ),
    "another version": (
        lambda document, _: document.update(format=FORMAT - 1),
        "another version of dpvae wrote it. Use that version, or train the model anew.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_done_for_a_file_is_said(name, path):
    change, reason = REFUSED[name]
    rewritten(path, change)
    with pytest.raises(ValueError, match=f"cannot be read as a saved model: {re.escape(reason)}"):
        read_model(path)


def pickled(path, attributes=None, weights=None):
    """Write what scvi-tools would write."""
    weights = PARTS["weights"] | {"pyro_param_store": {}} if weights is None else weights
    attributes = PARTS["attributes"] if attributes is None else attributes
    stored = {"model_state_dict": weights, "var_names": PARTS["genes"], "attr_dict": attributes}
    torch.save(stored, path)


def test_a_pickle_is_read_if_that_is_allowed(tmp_path):
    pickled(tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"holds only a pickle \(model\.pt\), which can run any"):
        read_model(tmp_path)
    found = read_model(tmp_path, allow_pickle=True)
    assert list(found.weights) == ["layer.weight"]
    assert found.class_name == "DPVAE"


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "first_model.safetensors"])
def test_a_pickle_that_was_planted_runs_nothing(name, tmp_path):
    ran = tmp_path / "ran"
    pickled(tmp_path / name, {**PARTS["attributes"], "planted_": Planted(ran)})
    prefix = "first_" if name.startswith("first_") else None
    reason = "holds only a pickle" if name == "model.pt" else "it is a pickle with another name"
    with pytest.raises(ValueError, match=reason):
        read_model(tmp_path, prefix)
    if name != "model.pt":
        with pytest.raises(ValueError, match=reason):
            read_model(tmp_path, prefix, allow_pickle=True)
    assert not ran.exists()


def test_a_pickle_next_to_a_model_is_left_alone(path, tmp_path):
    ran = tmp_path / "ran"
    pickled(path / "model.pt", {**PARTS["attributes"], "planted_": Planted(ran)})
    for allow_pickle in (False, True):
        assert "planted_" not in read_model(path, allow_pickle=allow_pickle).attributes
    assert not ran.exists()


def test_the_pickle_that_is_planted_in_these_tests_does_run(tmp_path):
    ran = tmp_path / "ran"
    pickled(tmp_path / "model.pt", {**PARTS["attributes"], "planted_": Planted(ran)})
    read_model(tmp_path, allow_pickle=True)
    assert ran.exists()


def test_a_damaged_pickle_is_named_before_it_is_read(tmp_path):
    ran, file = tmp_path / "ran", tmp_path / "model.pt"
    pickled(file, {**PARTS["attributes"], "planted_": Planted(ran), "long_": np.zeros(1000)})
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt cannot be read as a saved model; it may be"):
        read_model(tmp_path, allow_pickle=True)
    assert not ran.exists()


@pytest.mark.parametrize(
    "earlier",
    [{"layout_": {}}, {"atlas_": SimpleNamespace(surfaces=SimpleNamespace(loadings=np.ones(3)))}],
)
def test_a_pickle_of_an_earlier_version_is_named(earlier, tmp_path):
    pickled(tmp_path / "model.pt", {**PARTS["attributes"], **earlier})
    with pytest.raises(ValueError, match="an earlier version of dpvae wrote it"):
        read_model(tmp_path, allow_pickle=True)


def test_only_public_attributes_make_a_model(model):
    with pytest.raises(ValueError, match="it would set '_adata_'"):
        replace(model, attributes={**PARTS["attributes"], "_adata_": 1})
