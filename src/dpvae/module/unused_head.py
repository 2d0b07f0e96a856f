"""A head of a decoder that the likelihood has no use for."""

from torch import Tensor, nn


class UnusedHead(nn.Module):
    """Keeps the parameters of a linear layer, under their names, and computes nothing.

    A model is saved and loaded, and started from a seed, as if the layer were there.

    Parameters
    ----------
    layer
        The layer to take the place of.
    """

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight = layer.weight
        self.bias = layer.bias

    def forward(self, _: Tensor) -> None:
        """Give nothing."""
