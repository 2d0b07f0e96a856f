import torch

from dpvae.module.joint_decoder import JointDecoder

SIZES = {"n_technologies": 2, "n_batch": 2, "n_layers": 2, "n_hidden": 8}


def decoder(n_numbers, **options):
    torch.manual_seed(0)
    return JointDecoder(4, 5, n_numbers=n_numbers, **SIZES, **options).eval()


def codes(*values):
    return torch.tensor(values)[:, None]


def test_numbers_of_a_gene_are_a_block_each():
    network = decoder(2)
    z, code = torch.randn(3, 4), codes(0, 1, 0)
    first, second = network(z, code, code).split(5, dim=-1)
    hidden = network.layers(z, code, code)
    torch.testing.assert_close(first, network.heads[0](hidden))
    torch.testing.assert_close(second, network.heads[1](hidden))


def test_technology_and_batch_both_count_and_samples_are_decoded_alike():
    network, z = decoder(1), torch.randn(2, 3, 4)
    plain = network(z, codes(0, 0, 0), codes(0, 0, 0))
    torch.testing.assert_close(plain[1], network(z[1], codes(0, 0, 0), codes(0, 0, 0)))
    for changed in ((codes(1, 0, 0), codes(0, 0, 0)), (codes(0, 0, 0), codes(1, 0, 0))):
        found = network(z, *changed)
        assert not torch.allclose(found[:, 0], plain[:, 0])
        torch.testing.assert_close(found[:, 1:], plain[:, 1:])


def test_dispersions_are_of_technology_and_gene_alone():
    network, z = decoder(2, dispersion=True), torch.randn(2, 3, 4)
    found = network(z, codes(0, 1, 0), codes(0, 0, 1))
    torch.testing.assert_close(found[..., :10], decoder(2)(z, codes(0, 1, 0), codes(0, 0, 1)))
    expected = network.log_dispersion[[0, 1, 0]].expand(2, 3, 5)
    torch.testing.assert_close(found[..., 10:], expected)
