"""Background, rise and mixture of proteins, as they start and as they depend on latents."""

import torch

from dpvae.module.background_decoder import BackgroundDecoder, ProteinKinds


def decoder():
    torch.manual_seed(0)
    return BackgroundDecoder(3, 4, 2, n_layers=1, n_hidden=8).eval()


def test_a_decoder_that_knows_nothing_gives_what_it_started_from():
    kinds = ProteinKinds(
        torch.tensor([0.5, 1.0, 2.0, 3.0]),
        torch.tensor([0.1, 0.2, 0.4, 0.8]),
        torch.tensor([0.1, 1.0, 5.0, 200.0]),
        torch.tensor([0.01, 0.3, 0.5, 0.99]),
    )
    module = decoder()
    module.start_from(kinds)
    for head in (module.background_mean, module.background_deviation, module.rise, module.logits):
        torch.nn.init.zeros_(head.weight)
    found = module(torch.randn(5, 3), torch.zeros(5, 1))
    close = {"rtol": 1e-3, "atol": 1e-3}
    torch.testing.assert_close(found.background.loc, kinds.log_background.expand(5, -1), **close)
    torch.testing.assert_close(found.background.scale, kinds.deviation.expand(5, -1), **close)
    torch.testing.assert_close(found.rise, kinds.rise.expand(5, -1), **close)
    torch.testing.assert_close(found.logits.sigmoid(), kinds.share.expand(5, -1), **close)


def test_several_samples_of_latents_are_decoded_as_one_by_one():
    module, z, batch = decoder(), torch.randn(6, 5, 3), torch.tensor([[0], [1], [1], [0], [1]])
    together = module(z, batch)
    for sample, latents in enumerate(z):
        alone = module(latents, batch)
        torch.testing.assert_close(together.rise[sample], alone.rise)
        torch.testing.assert_close(together.logits[sample], alone.logits)
        torch.testing.assert_close(together.background.loc[sample], alone.background.loc)


def test_batches_differ():
    module, z = decoder(), torch.randn(5, 3)
    one, other = (module(z, torch.full((5, 1), code)) for code in (0, 1))
    assert (one.background.loc - other.background.loc).abs().min() > 1e-4
