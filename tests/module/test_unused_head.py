import torch
from scvi.nn import DecoderSCVI
from torch import nn

from dpvae.module.unused_head import UnusedHead


def test_its_parameters_keep_their_names_and_values():
    decoder = DecoderSCVI(2, 5)
    saved = {name: value.clone() for name, value in decoder.state_dict().items()}
    decoder.px_dropout_decoder = UnusedHead(decoder.px_dropout_decoder)
    assert list(decoder.state_dict()) == list(saved)
    for name, value in decoder.state_dict().items():
        assert torch.equal(value, saved[name])
    decoder.load_state_dict(saved)


def test_it_gives_nothing():
    assert UnusedHead(nn.Linear(3, 4))(torch.ones(2, 3)) is None
