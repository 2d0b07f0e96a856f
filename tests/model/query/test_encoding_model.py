import numpy as np
import pytest
import torch
from tests.conftest import QUICK, QUIET

from dpvae.model import DPSCVI, DPVAE
from dpvae.module import DPGaussianVAE


class PeekingModule(DPGaussianVAE):
    """Its posterior is moved by coordinates wherever it is shown any."""

    def _get_inference_input(self, tensors, full_forward_pass=False):
        inputs = super()._get_inference_input(tensors, full_forward_pass)
        places = torch.nan_to_num(tensors["coordinates"]).sum(1, keepdim=True)
        return {**inputs, "x": inputs["x"] + places.to(inputs["x"])}


class Peeking(DPVAE):
    _module_cls = PeekingModule


@pytest.mark.trains
def test_latents_of_reference_and_queries_do_not_look_at_coordinates(expression):
    """A posterior that knows places would place the reference well and queries by chance."""
    Peeking.setup_anndata(expression)
    model = Peeking(expression, **QUICK)
    model.train(max_epochs=1, **QUIET)
    query = expression.copy()
    del query.obsm["spatial"]
    latent = model.get_latent_representation(query)
    np.testing.assert_allclose(model.get_latent_representation(), latent, atol=1e-5)
    np.testing.assert_allclose(model.atlas_.layout.latent, latent, atol=1e-5)
    tensors = next(iter(model._make_data_loader(expression, batch_size=240)))
    inputs = model.module._get_inference_input(tensors)
    assert not np.allclose(model.module.inference(**inputs)["qz"].loc.detach(), latent, atol=1e-2)


@pytest.mark.trains
@pytest.mark.parametrize("standardize", ["reference", "section"])
def test_queries_after_one_another_leave_nothing_behind(sections, standardize):
    names = sections.obs["section"].unique()
    reference = sections[sections.obs["section"] != names[2]].copy()
    DPVAE.setup_anndata(reference, sample_key="section")
    model = DPVAE(reference, **QUICK, standardize=standardize)
    model.train(max_epochs=1, **QUIET)
    first = sections[sections.obs["section"] == names[2]].copy()
    second = sections[sections.obs["section"] == names[0]].copy()
    second.X = second.X[::-1].copy()
    second.obs["section"] = "another"
    latent, places = model.get_latent_representation(first), model.predict_coordinates(first)
    model.predict_coordinates(second)
    np.testing.assert_array_equal(model.get_latent_representation(first), latent)
    np.testing.assert_array_equal(model.predict_coordinates(first), places)


@pytest.mark.trains
@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
def test_a_query_is_registered_and_encoded_once_for_its_posterior(
    model_class, expression, counts, monkeypatch
):
    cells = expression if model_class is DPVAE else counts
    reference = cells[:180].copy()
    model_class.setup_anndata(reference)
    model = model_class(reference, **QUICK)
    model.train(max_epochs=1, **QUIET)
    other = cells[180:220].copy()
    n_encoded, n_registered = [], []
    inference, register = model.module.inference, model_class._register_query

    def counted(*args, **kwargs):
        n_encoded.append(len(kwargs["x"]))
        return inference(*args, **kwargs)

    def counting(self, *args, **kwargs):
        n_registered.append(1)
        return register(self, *args, **kwargs)

    monkeypatch.setattr(model.module, "inference", counted)
    monkeypatch.setattr(model_class, "_register_query", counting)
    model.predict_posterior(other)
    assert sum(n_encoded) == 40
    assert len(n_registered) == 1


@pytest.mark.trains
def test_a_query_of_raw_counts_is_called_query_and_keeps_the_model(trained, counts):
    with pytest.raises(
        ValueError, match=r"query\.X holds raw counts .* as the reference was"
    ) as found:
        DPVAE.load(trained).predict_coordinates(counts[180:].copy())
    assert "DPSCVI" not in str(found.value)
