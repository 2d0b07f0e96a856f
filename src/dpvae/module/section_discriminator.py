"""How different the latents of sections are, by a network that tells them apart."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import cross_entropy

N_HIDDEN = 64


class ReversedGradient(Function):
    """Hands a tensor on as it is, and its gradient back with the other sign."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ARG004
        """Give the same values."""
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ARG004
        """Turn the gradient round."""
        return -gradient


class SectionDiscriminator(nn.Module):
    r"""A network that tells the section of a cell from z, against which the encoder is trained.

    The value is how much better than a guess the network does,

    .. math:: \log K - \frac{1}{K} \sum_k \mathbb{E}_{z \sim \text{section } k} [-\log p(k \mid z)]

    over the K sections of the minibatch, which all count alike. For the best network this is the
    Jensen-Shannon divergence between them, in nats :cite:p:`Goodfellow14`, for any other less. A
    step against the gradient changes z to make the value smaller, and the weights of the network to
    make it larger :cite:p:`Ganin16`: one optimiser trains both.

    Parameters
    ----------
    n_latent
        Dimension of z.
    n_sections
        Number of sections.

    Examples
    --------
    >>> import torch
    >>> from dpvae.module import SectionDiscriminator
    >>> discriminator = SectionDiscriminator(2, 2)
    >>> latent = torch.tensor([[0.0, 0.0], [0.0, 1.0], [9.0, 0.0], [9.0, 1.0]])
    >>> discriminator(latent, torch.zeros(4)).item()
    0.0
    """

    def __init__(self, n_latent: int, n_sections: int) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(n_latent, N_HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(N_HIDDEN, N_HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(N_HIDDEN, n_sections),
        )

    def forward(self, latent: Tensor, section: Tensor) -> Tensor:
        """Compute the value for one minibatch.

        Parameters
        ----------
        latent
            z, shape ``(n_cells, n_latent)``.
        section
            Code of each cell's section, from 0 to ``n_sections - 1``, shape ``(n_cells,)`` or
            ``(n_cells, 1)``.

        Returns
        -------
        Shape ``()``, at most log K. 0 if there is one section.
        """
        present, member = torch.unique(section.reshape(-1).long(), return_inverse=True)
        logits = self.network(ReversedGradient.apply(latent))[:, present]  # type: ignore[no-untyped-call]
        weight = 1.0 / torch.bincount(member).to(logits)
        surprise = cross_entropy(logits, member, weight=weight)
        gain = weight.new_tensor(float(len(present))).log() - surprise.detach()
        return gain + surprise - surprise.detach()
