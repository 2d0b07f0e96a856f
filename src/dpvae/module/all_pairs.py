"""The distance term over all pairs of a minibatch, in one compiled pass."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from dpvae.module.distance_error import distance_error

PRECISIONS = (torch.float32, torch.float64)


class AllPairsError(Function):
    """Mean error over all pairs of cells of one section, value and gradient in one pass.

    For tensors of a CPU in single or double precision, see :meth:`takes`. Memory grows with the
    number of cells. It can be differentiated once.
    """

    @staticmethod
    def takes(latent: Tensor) -> bool:
        """Whether the compiled pass can read this tensor."""
        return latent.device.type == "cpu" and latent.dtype in PRECISIONS

    @staticmethod
    def forward(
        ctx: Any,
        latent: Tensor,
        log_scale: Tensor,
        places: Tensor,
        section: Tensor,
        known: Tensor,
        squared: bool,  # noqa: FBT001
    ) -> Tensor:
        """Compute :func:`dpvae.module.distance_error.distance_error` of a minibatch.

        Parameters
        ----------
        ctx
            Keeps the gradients.
        latent
            z, shape ``(n_cells, n_latent)``.
        log_scale
            Logarithm of λ, latent distance per unit of ``places``, shape ``()``.
        places
            s, in units of the tissue's size, shape ``(n_cells, n_dims)``.
        section
            Code of each cell's section, shape ``(n_cells,)``.
        known
            Whether the place of a cell is known, shape ``(n_cells,)``.
        squared
            Whether errors are squared.
        """
        cells = np.flatnonzero(known.numpy())
        code = section.numpy()[cells]
        by_section = np.argsort(code, kind="stable")
        cells, code = cells[by_section], code[by_section]
        bounds = np.concatenate([[0], np.flatnonzero(np.diff(code)) + 1, [len(code)]])
        z = latent.detach().numpy()
        error, pulled, slope = distance_error(
            np.ascontiguousarray(z[cells].T),
            np.ascontiguousarray(places.numpy()[cells].T.astype(z.dtype, copy=False)),
            bounds.astype(np.intp),
            float(log_scale.detach().exp()),
            squared,
        )
        gradient = np.zeros_like(z)
        gradient[cells] = pulled.T
        ctx.save_for_backward(torch.from_numpy(gradient), log_scale.new_tensor(slope))
        return latent.new_tensor(error)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor | None, ...]:
        """Weigh the gradients for ``latent`` and ``log_scale``."""
        gradient, slope = ctx.saved_tensors
        return weight * gradient, weight * slope, None, None, None, None
