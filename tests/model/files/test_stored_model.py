import shutil

import numpy as np
import pytest

from dpvae.model import DPSCVI, DPVAE


@pytest.mark.trains
def test_a_model_is_downloaded_if_it_is_not_there(trained, tmp_path, expression):
    url = (trained / "model.safetensors").as_uri()
    model = DPVAE.load(tmp_path / "new", expression[:180].copy(), backup_url=url, prefix="a_")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a_model.safetensors"]
    query = expression[180:].copy()
    expected = DPVAE.load(trained).predict_coordinates(query)
    np.testing.assert_array_equal(model.predict_coordinates(query), expected)


@pytest.mark.trains
def test_a_pickle_that_was_downloaded_is_read_only_if_allowed(trained, tmp_path):
    DPVAE.load(trained).save(tmp_path / "there", as_pickle=True)
    url, here = (tmp_path / "there" / "model.pt").as_uri(), tmp_path / "here"
    for _ in range(2):
        with pytest.raises(ValueError, match=r"holds only a pickle \(model.pt\)"):
            DPVAE.load(here, backup_url=url)
    assert DPVAE.load(here, backup_url=url, allow_pickle=True).is_trained


@pytest.mark.trains
def test_genes_of_the_cells_are_checked_with_a_prefix_too(trained, tmp_path, expression):
    tmp_path.joinpath("model").mkdir()
    shutil.copy(trained / "model.safetensors", tmp_path / "model" / "a_model.safetensors")
    with pytest.raises(ValueError, match="another order"):
        DPVAE.load(tmp_path / "model", expression[:180, ::-1].copy(), prefix="a_")
    with pytest.raises(ValueError, match=r"adata lacks 3 of the model's .*of the training"):
        DPVAE.load(tmp_path / "model", expression[:180, 3:].copy(), prefix="a_")


@pytest.mark.trains
@pytest.mark.parametrize("cls", [DPVAE, DPSCVI])
def test_a_reference_is_the_same_as_a_model_and_as_a_file(
    cls, trained, trained_counts, expression, counts
):
    path, cells = (trained, expression) if cls is DPVAE else (trained_counts, counts)
    query = cells[180:].copy()
    models = [cls.load_query_data(query.copy(), of) for of in (cls.load(path), path, str(path))]
    for model in models[1:]:
        state = model.module.state_dict()
        for name, value in models[0].module.state_dict().items():
            assert state[name].numpy().tobytes() == value.numpy().tobytes()
        assert model.is_trained_ == models[0].is_trained_
        np.testing.assert_array_equal(
            model.atlas_.layout.coordinates, models[0].atlas_.layout.coordinates
        )


@pytest.mark.trains
def test_genes_of_a_file_are_those_of_the_model(trained, expression):
    query = expression[180:, 3:].copy()
    model = DPVAE.load(trained)
    for path in (trained, str(trained)):
        names = DPVAE.prepare_query_anndata(query, path, return_reference_var_names=True)
        assert names.tolist() == model.get_var_names().tolist()
        found = DPVAE.prepare_query_anndata(query, path, inplace=False)
        expected = DPVAE.prepare_query_anndata(query, model, inplace=False)
        np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())


@pytest.mark.trains
def test_a_pickle_is_read_by_every_reader_if_it_is_allowed(trained, tmp_path, expression):
    model, path = DPVAE.load(trained), tmp_path / "pickle"
    model.save(path, as_pickle=True)
    query = expression[180:].copy()
    readers = {
        "load_query_data": lambda **options: DPVAE.load_query_data(query, path, **options),
        "prepare_query_anndata": lambda **options: DPVAE.prepare_query_anndata(
            query, path, return_reference_var_names=True, **options
        ),
        "load_registry": lambda **options: DPVAE.load_registry(path, **options),
        "view_setup_args": lambda **options: DPVAE.view_setup_args(path, **options),
    }
    found = {}
    for name, read in readers.items():
        with pytest.raises(ValueError, match=r"holds only a pickle \(model.pt\)"):
            read()
        found[name] = read(allow_pickle=True)
    assert found["prepare_query_anndata"].tolist() == model.get_var_names().tolist()
    assert found["load_registry"]["model_name"] == "DPVAE"
    expected = DPVAE.load_query_data(query.copy(), model).module.state_dict()
    for name, value in found["load_query_data"].module.state_dict().items():
        assert value.numpy().tobytes() == expected[name].numpy().tobytes()


@pytest.mark.trains
def test_a_model_of_another_class_is_refused_by_every_reader(trained_counts, expression):
    query = expression[180:].copy()
    readers = (DPVAE.load, lambda path: DPVAE.load_query_data(query, path),
               lambda path: DPVAE.prepare_query_anndata(query, path))  # fmt: skip
    for read in readers:
        with pytest.raises(ValueError, match="holds a DPSCVI, not a DPVAE: load it with"):
            read(trained_counts)
    with pytest.raises(ValueError, match="reference_model is a DPSCVI, not a DPVAE"):
        DPVAE.load_query_data(query, DPSCVI.load(trained_counts))
    with pytest.raises(ValueError, match="reference_model is a NoneType"):
        DPVAE.load_query_data(query, None)
