import numpy as np
import pytest
import torch

from dpvae.model import DPSCVI, DPVAE, load


def decoder_of(model, adata):
    """The decoder in double precision, and the posterior means of the cells."""
    tensors = next(iter(model._make_data_loader(adata=adata, batch_size=adata.n_obs)))
    inference = model.module.inference(**model.module._get_inference_input(tensors))
    inputs = model.module._get_generative_input(tensors, inference)
    inputs = {k: v.double() if torch.is_tensor(v) else v for k, v in inputs.items()}
    model.module.double()

    def decoded(latent):
        with torch.no_grad():
            px = model.module.generative(**{**inputs, "z": latent})["px"]
        return px.loc if isinstance(model, DPVAE) else 2 * px.scale.sqrt()

    return decoded, inference["qz"].loc.detach().double()


@pytest.mark.trains
@pytest.mark.parametrize("kind", ["trained", "trained_counts"])
def test_equals_finite_differences(kind, request, expression, counts):
    model = load(request.getfixturevalue(kind))
    adata = (expression if kind == "trained" else counts)[180:200].copy()
    metric = model.decoder_metric(adata, batch_size=7)
    decoded, latent = decoder_of(model, model._query)
    columns = [
        (decoded(latent + 1e-6 * s) - decoded(latent - 1e-6 * s)) / 2e-6
        for s in torch.eye(latent.shape[1], dtype=torch.double)
    ]
    jacobian = torch.stack(columns, dim=-1).numpy()
    expected = jacobian.transpose(0, 2, 1) @ jacobian
    np.testing.assert_allclose(metric, expected, atol=1e-3 * np.abs(expected).max())


def test_batches_change_nothing_and_training_mode_neither(trained, expression):
    model = load(trained)
    model.module.train()
    expected = model.decoder_metric(expression)
    np.testing.assert_allclose(
        model.decoder_metric(expression, batch_size=5), expected, rtol=1e-4, atol=1e-7
    )
    np.testing.assert_allclose(expected, expected.transpose(0, 2, 1))


def test_a_linear_decoder_has_its_own_metric(expression):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, n_latent=3, n_hidden=16, n_layers=1)
    weights = torch.linalg.qr(torch.randn(40, 3))[0]

    class Linear(torch.nn.Module):
        def forward(self, z, *_):
            return 2.0 * z @ weights.T

    model.module.decoder = Linear()
    model.module.decoder_mean = torch.nn.Identity()
    model.is_trained_ = True
    np.testing.assert_allclose(
        model.decoder_metric(), np.tile(4.0 * np.eye(3), (240, 1, 1)), atol=1e-5
    )


def test_models_of_counts_have_it_too():
    assert DPSCVI.decoder_metric is DPVAE.decoder_metric
