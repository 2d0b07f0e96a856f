"""Sizes of networks and other choices of a model, checked before anything is allocated."""

from collections.abc import Collection
from typing import Any

import numpy as np

from dpvae.module.number import is_number


def check_network_size(
    n_hidden: Any, n_latent: Any, n_layers: Any, dropout_rate: Any, input_dropout: Any
) -> None:
    """Raise if there is no network of this size.

    Parameters
    ----------
    n_hidden, n_layers
        Units per hidden layer and number of hidden layers.
    n_latent
        Dimension of the latent space.
    dropout_rate, input_dropout
        Shares of hidden units and of genes that are hidden in training, from 0 to less than 1.

    Raises
    ------
    ValueError
        If a size is not a whole number of at least 1, or a share not from 0 to less than 1.
    """
    sizes = {"n_hidden": n_hidden, "n_latent": n_latent, "n_layers": n_layers}
    for name, size in sizes.items():
        check_dimension(name, size)
    for name, share in {"dropout_rate": dropout_rate, "input_dropout": input_dropout}.items():
        if not (is_number(share) and 0 <= share < 1):
            message = f"{name} is {share!r}: give a share that is at least 0 and less than 1."
            raise ValueError(message)


def check_dimension(name: str, size: Any) -> None:
    """Raise if an argument is not a whole number of at least 1."""
    is_whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if not (is_whole and size >= 1):
        message = f"{name} is {size!r}: give a whole number that is at least 1."
        raise ValueError(message)


def check_choice(name: str, chosen: object, choices: Collection[str]) -> None:
    """Raise if an argument is not one of the allowed words.

    Parameters
    ----------
    name
        Name of the argument.
    chosen
        Its value.
    choices
        What it can be.
    """
    if not (isinstance(chosen, str) and chosen in choices):
        *others, last = map(repr, choices)
        message = f"{name} is {chosen!r}: choose {', '.join(others)} or {last}."
        raise ValueError(message)
