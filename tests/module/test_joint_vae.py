import pytest
import torch
from scvi import REGISTRY_KEYS

from dpvae._keys import REGISTRY
from dpvae.module import mean_discrepancy
from dpvae.module.joint_vae import DPJointVAE, JointVAE, gene_weights
from dpvae.module.latent_alignment import LatentAlignment
from dpvae.module.technology_input import TechnologyInput

N_GENES = 30
SIZES = {
    "n_batch": 1,
    "n_hidden": 8,
    "n_latent": 4,
    "n_layers": 1,
    "dropout_rate": 0.0,
    "n_neighborhood": 3,
}


def seen():
    measured = torch.ones(2, N_GENES, dtype=torch.bool)
    measured[1, 10:] = False
    shown = torch.arange(N_GENES) < 8
    return TechnologyInput(measured, shown, are_counts=True)


def module_of(cls=JointVAE, **options):
    torch.manual_seed(0)
    return cls(seen(), **(SIZES | options))


def minibatch(n=16):
    torch.manual_seed(1)
    code = (torch.arange(n) % 2)[:, None]
    counts = torch.poisson(torch.full((n, N_GENES), 2.0)) + 1
    counts[code.ravel() == 1, 10:] = 0
    places = torch.randn(n, 2)
    places[code.ravel() == 0] = torch.nan
    around = torch.randn(n, 3)
    around[code.ravel() == 0] = torch.nan
    return {
        REGISTRY_KEYS.X_KEY: counts,
        REGISTRY_KEYS.BATCH_KEY: torch.zeros(n, 1),
        REGISTRY.technology: code.float(),
        REGISTRY.section: code.float(),
        REGISTRY.coordinates: places,
        REGISTRY.neighborhood: around,
    }


def loss_of(module, tensors):
    torch.manual_seed(2)
    return module(tensors, loss_kwargs={"kl_weight": 1.0})[2]


def test_genes_that_are_not_shown_weigh_together_at_most_a_part_of_those_that_are():
    weight = gene_weights(seen())
    assert (weight[:, :8] == 1).all()
    assert weight[0, 8:].sum().item() == pytest.approx(0.3 * 8)
    assert weight[1, 8:10].tolist() == [1.0, 1.0]
    assert not weight[1, 10:].any()


@pytest.mark.parametrize("likelihood", ["normal", "nb", "zinb"])
def test_what_a_technology_did_not_measure_has_no_part(likelihood):
    module, tensors = module_of(gene_likelihood=likelihood).eval(), minibatch()
    expected = loss_of(module, tensors)
    changed = {**tensors, REGISTRY_KEYS.X_KEY: tensors[REGISTRY_KEYS.X_KEY].clone()}
    changed[REGISTRY_KEYS.X_KEY][1::2, 10:] = 7.0
    torch.testing.assert_close(loss_of(module, changed).loss, expected.loss)
    assert expected.loss.isfinite()
    expected.loss.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all(), name


def test_technologies_count_alike_if_they_are_weighed_by_their_number():
    module, tensors = module_of().eval(), minibatch(12)
    few = torch.tensor([0, 1, 3, 5, 7])  # one dissociated cell, four of the tissue
    module.technology_weight.copy_(torch.tensor([5 / 2, 5 / 8]))
    output = loss_of(module, {key: value[few] for key, value in tensors.items()})
    costs = output.reconstruction_loss["reconstruction_loss"] + output.kl_local["kl_local"]
    expected = 0.5 * (costs[0] + costs[1:].mean())
    torch.testing.assert_close(output.loss, expected)


def test_counts_are_expected_in_proportion_to_what_was_counted_of_measured_genes():
    module, tensors = module_of(gene_likelihood="nb").eval(), minibatch()
    px = module(tensors, compute_loss=False)[1]["px"]
    counts = tensors[REGISTRY_KEYS.X_KEY]
    torch.testing.assert_close(px.mu.sum(dim=1), counts.sum(dim=1), rtol=1e-4, atol=1e-3)
    assert not px.mu[1::2, 10:].any()


def test_distances_are_of_the_first_dimensions_alone():
    module = module_of(DPJointVAE, dp_weight=1.0, distance_dims=2).eval()
    tensors = minibatch()
    found = []
    for changed in ([], [0], [3]):
        inference = module.inference(**module._get_inference_input(tensors))
        inference["qz"].loc = inference["qz"].loc.detach().clone()
        inference["qz"].loc[::2] += 1.0
        for dimension in changed:
            inference["qz"].loc[:, dimension] *= 3.0
        generative = module.generative(**module._get_generative_input(tensors, inference))
        output = module.loss(tensors, inference, generative)
        found.append(output.extra_metrics["distance_loss"].item())
    assert found[2] == pytest.approx(found[0])
    assert found[1] != pytest.approx(found[0])


@pytest.mark.parametrize("kind", ["kernel", "adversarial"])
def test_technologies_are_aligned_and_not_sections(kind):
    torch.manual_seed(0)
    module, tensors = module_of(DPJointVAE, dp_weight=0.0).eval(), minibatch()
    tensors[REGISTRY.section] = torch.arange(16.0)[:, None]
    term = LatentAlignment(kind, None, n_latent=4, n_sections=16)
    inference = module.inference(**module._get_inference_input(tensors))
    generative = module.generative(**module._get_generative_input(tensors, inference))
    output = module.loss(tensors, inference, generative, further_terms=[term])
    code = tensors[REGISTRY.technology]
    expected = (
        mean_discrepancy(inference["qz"].loc, code)
        if kind == "kernel"
        else term.difference(inference["z"], code)
    )
    torch.testing.assert_close(output.extra_metrics["alignment_loss"], expected.detach())


def test_the_tissue_can_have_networks_of_its_own():
    module = module_of(own_tissue=torch.tensor([False, True]), gene_likelihood="zinb").eval()
    tensors = minibatch()
    before = module.inference(**module._get_inference_input(tensors))["qz"].loc
    loss_of(module, tensors).loss.backward()
    assert module.z_encoder.mean_encoder.weight.grad.any()
    with torch.no_grad():
        module.z_encoder.mean_encoder.weight.zero_()
        module.decoder.heads[0].weight.add_(1.0)
    after = module.inference(**module._get_inference_input(tensors))["qz"].loc
    torch.testing.assert_close(after[1::2], before[1::2])
    assert not torch.allclose(after[::2], before[::2])


def test_networks_of_its_own_decode_the_tissue_alone():
    module, tensors = module_of(own_tissue=torch.tensor([False, True])).eval(), minibatch()
    inference = module.inference(**module._get_inference_input(tensors))
    inputs = module._get_generative_input(tensors, inference)
    genes = module.generative(**inputs)["px"].loc
    with torch.no_grad():
        module.tissue_decoder.heads[0].bias.add_(1.0)
    changed = module.generative(**inputs)["px"].loc
    torch.testing.assert_close(changed[1::2], genes[1::2] + 1.0)
    torch.testing.assert_close(changed[::2], genes[::2])


def test_the_weight_of_the_divergence_multiplies_beta():
    losses = {}
    for weight in (0.0, 0.5, 1.0):
        module, tensors = module_of(kl_weight=weight).eval(), minibatch()
        losses[weight] = loss_of(module, tensors)
    kl = losses[0.0].kl_local["kl_local"].mean()
    torch.testing.assert_close(losses[1.0].loss - losses[0.0].loss, kl)
    torch.testing.assert_close(losses[0.5].loss - losses[0.0].loss, 0.5 * kl)
