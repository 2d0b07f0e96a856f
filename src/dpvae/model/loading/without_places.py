"""Minibatches whose cells have no places."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from dpvae._keys import REGISTRY


def without_places(minibatches: Iterable[dict[str, Tensor]]) -> Iterator[dict[str, Tensor]]:
    """Take coordinates and neighbourhoods out, so that no latent can depend on them.

    The layout of the reference and queries are encoded in the same way, whatever the posterior of a
    model looks at in training.

    Parameters
    ----------
    minibatches
        Tensors by their names in the registry. They are left as they are.
    """
    for tensors in minibatches:
        hidden = dict(tensors)
        for key in (REGISTRY.coordinates, REGISTRY.neighborhood):
            if key in hidden:
                hidden[key] = torch.full_like(tensors[key], torch.nan)
        yield hidden
