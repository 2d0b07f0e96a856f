import pytest
import torch
from scvi.distributions import NegativeBinomial, ZeroInflatedNegativeBinomial
from scvi.module import VAE

from dpvae.module import DPCountVAE

ARGUMENTS = {"n_input": 6, "n_batch": 2, "n_labels": 2, "n_hidden": 8, "n_latent": 2, "n_layers": 1}
WITHOUT_OURS = {"dp_weight": 0.0, "coordinate_unit": 1.0}
DISPERSIONS = ["gene", "gene-batch", "gene-label", "gene-cell"]


def minibatch():
    generator = torch.Generator().manual_seed(0)
    half = torch.arange(10).unsqueeze(1) % 2
    return {
        "X": torch.poisson(torch.full((10, 6), 1.0), generator=generator) + torch.eye(10, 6),
        "batch": half,
        "labels": half.flip(0),
        "section": torch.zeros(10, 1),
        "coordinates": torch.randn(10, 2, generator=generator),
    }


def seeded(cls, **kwargs):
    torch.manual_seed(0)
    module = cls(**ARGUMENTS, **kwargs).train()
    torch.manual_seed(1)
    return module


def trained(cls, n_steps=5, **kwargs):
    """Losses of some steps, and the parameters after them."""
    module, tensors = seeded(cls, **kwargs), minibatch()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2, eps=0.01)
    losses = []
    for _ in range(n_steps):
        optimizer.zero_grad()
        loss = module(tensors)[2].loss
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses), module.state_dict()


@pytest.mark.slow
@pytest.mark.parametrize("dispersion", DISPERSIONS)
@pytest.mark.parametrize("likelihood", ["nb", "zinb", "poisson"])
def test_without_term_and_input_dropout_it_is_the_module_of_scvi(likelihood, dispersion):
    options = {"gene_likelihood": likelihood, "dispersion": dispersion}
    losses, parameters = trained(DPCountVAE, **WITHOUT_OURS, **options)
    expected, expected_parameters = trained(VAE, **options)
    torch.testing.assert_close(losses, expected, rtol=1e-5, atol=0)
    assert set(expected_parameters) <= set(parameters)
    for name, value in expected_parameters.items():
        torch.testing.assert_close(parameters[name], value, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize(
    ("likelihood", "cls"), [("nb", NegativeBinomial), ("zinb", ZeroInflatedNegativeBinomial)]
)
def test_several_samples_have_the_log_prob_of_scvi(likelihood, cls):
    module = seeded(DPCountVAE, **WITHOUT_OURS, gene_likelihood=likelihood).eval()
    tensors = minibatch()
    with torch.inference_mode():
        px = module(tensors, inference_kwargs={"n_samples": 3}, compute_loss=False)[1]["px"]
    assert isinstance(px, cls)
    expected = cls(**{name: getattr(px, name) for name in cls.arg_constraints})
    assert px.log_prob(tensors["X"]).shape == (3, 10, 6)
    torch.testing.assert_close(px.log_prob(tensors["X"]), expected.log_prob(tensors["X"]))


@pytest.mark.parametrize("likelihood", ["nb", "zinb", "poisson"])
def test_a_module_of_scvi_and_ours_hold_the_same_parameters(likelihood):
    ours = seeded(DPCountVAE, **WITHOUT_OURS, gene_likelihood=likelihood).state_dict()
    for name, value in seeded(VAE, gene_likelihood=likelihood).state_dict().items():
        assert torch.equal(ours[name], value)


def test_the_generative_process_still_takes_a_batch_to_transform_to():
    module = seeded(DPCountVAE, **WITHOUT_OURS, dispersion="gene-batch").eval()
    means = [
        module(
            minibatch(), generative_kwargs={"transform_batch": torch.tensor(k)}, compute_loss=False
        )[1]["px"].mu
        for k in (0, 1)
    ]
    assert not torch.allclose(*means)


def seen_by_the_encoder(module, tensors):
    seen = []
    hook = module.z_encoder.encoder.register_forward_pre_hook(lambda _, x: seen.append(x[0]))
    module.inference(**module._get_inference_input(tensors))
    hook.remove()
    return seen[0]


@pytest.mark.parametrize("log_variational", [True, False])
@pytest.mark.parametrize("normalize_depth", [True, False])
@pytest.mark.parametrize("covariates", [True, False])
def test_what_the_encoder_sees(log_variational, normalize_depth, covariates):
    module = seeded(
        DPCountVAE,
        **WITHOUT_OURS,
        log_variational=log_variational,
        normalize_depth=normalize_depth,
        n_continuous_cov=2 * covariates,
        encode_covariates=covariates,
    ).eval()
    module.encoder_input.depth.fill_(50.0)
    mean, weight = torch.linspace(0, 1, 6), torch.linspace(2, 3, 6)
    module.encoder_input.set_genes(mean[None], torch.ones(1, 6), weight)
    tensors = minibatch()
    tensors["extra_continuous_covs"] = torch.ones(10, 2)
    counts = tensors["X"] * 3
    tensors["X"] = counts.clone()
    seen = seen_by_the_encoder(module, tensors)
    if normalize_depth:
        counts = counts * 50 / counts.sum(dim=1, keepdim=True)
    genes = counts.log1p() if log_variational else counts
    torch.testing.assert_close(seen[:, :6], (genes - mean) * weight)
    assert seen.shape[1] == 6 + 2 * covariates
    torch.testing.assert_close(tensors["X"], minibatch()["X"] * 3, rtol=0, atol=0)


def test_input_dropout_hides_genes_from_the_encoder_but_not_from_the_likelihood():
    module = DPCountVAE(**ARGUMENTS, **WITHOUT_OURS, input_dropout=0.999).train()
    inputs = module._get_inference_input(minibatch())
    hidden = module.inference(**inputs)
    torch.testing.assert_close(hidden["library"], inputs["x"].sum(1, keepdim=True).log())
    assert hidden["qz"].loc.std(0).max() < 1e-3
    assert module.eval().inference(**inputs)["qz"].loc.std(0).max() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("least_depth", [1.0, 0.3])
@pytest.mark.parametrize("log_variational", [True, False])
@pytest.mark.parametrize("normalize_depth", [True, False])
def test_batches_are_embedded_in_what_the_encoder_sees(
    normalize_depth, log_variational, least_depth
):
    module = seeded(
        DPCountVAE,
        **WITHOUT_OURS,
        normalize_depth=normalize_depth,
        log_variational=log_variational,
        least_depth=least_depth,
        batch_representation="embedding",
        encode_covariates=True,
    )
    module(minibatch())[2].loss.backward()
    gradient = module.get_embedding("batch").weight.grad
    assert gradient.abs().max() > 0


@pytest.mark.slow
@pytest.mark.parametrize("log_variational", [True, False])
def test_latents_can_be_differentiated_by_expression(log_variational):
    options = {"normalize_depth": True, "log_variational": log_variational}
    module = seeded(DPCountVAE, **WITHOUT_OURS, **options).double().eval()
    tensors = {name: value.double() for name, value in minibatch().items()}
    tensors["X"] += 1.0
    module.encoder_input.depth.fill_(50.0)

    def latent(counts):
        inputs = module._get_inference_input({**tensors, "X": counts})
        return module.inference(**inputs)["qz"].loc

    assert torch.autograd.gradcheck(latent, tensors["X"].requires_grad_())


def test_a_gradient_changes_nothing_of_what_the_encoder_sees():
    module = seeded(DPCountVAE, **WITHOUT_OURS, normalize_depth=True).eval()
    tensors = minibatch()
    without = seen_by_the_encoder(module, tensors)
    tensors["X"].requires_grad_()
    assert torch.equal(seen_by_the_encoder(module, tensors).detach(), without)
