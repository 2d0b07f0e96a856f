"""What is logged of an epoch, gathered while it runs."""

from collections.abc import Callable

import torch
from scvi.module.base import LossOutput
from torch import Tensor

PARTS = ("loss", "reconstruction_loss", "kl_local", "kl_global")


class EpochMeans:
    """Means of the loss and its parts over an epoch.

    What a minibatch gives stays where it was computed until the epoch is over, so that a step
    waits for nothing and logs nothing.
    """

    def __init__(self) -> None:
        self._values: list[Tensor] = []
        self._n_cells: list[int] = []
        self._extra: tuple[str, ...] = ()

    def add(self, output: LossOutput) -> None:
        """Take the loss, its parts and the scalar extra metrics of a minibatch."""
        extra = {k: v for k, v in (output.extra_metrics or {}).items() if _is_scalar(v)}
        self._extra = tuple(extra)
        parts = (
            output.loss,
            output.reconstruction_loss_sum,
            output.kl_local_sum,
            output.kl_global_sum.reshape(()),
            *extra.values(),
        )
        self._values.append(torch.stack([part.detach() for part in parts]))
        self._n_cells.append(int(output.n_obs_minibatch or 1))

    def take(
        self, n_total: int | None, add_up: Callable[[Tensor], Tensor] = lambda sums: sums
    ) -> dict[str, float]:
        """Give the means of the epoch, and begin the next.

        Parameters
        ----------
        n_total
            Number of cells of the whole part, by which the ELBO divides the global KL term.
        add_up
            Adds sums up over processes.

        Returns
        -------
        Per cell: ``loss``, ``elbo``, ``reconstruction_loss``, ``kl_local`` and the extra metrics;
        per minibatch: ``kl_global``. Empty without a minibatch.
        """
        if not self._values:
            return {}
        values = torch.stack(self._values)
        n_cells = torch.tensor(self._n_cells).to(values)
        weight = torch.ones_like(values)
        weight[:, 0] = n_cells
        weight[:, len(PARTS) :] = n_cells[:, None]
        counts = torch.stack([n_cells.sum(), torch.tensor(len(n_cells)).to(values)])
        sums = add_up(torch.cat([(weight * values).sum(0), counts])).tolist()
        self._values, self._n_cells = [], []
        *sums, all_cells, n_batches = sums
        names = (*PARTS, *self._extra)
        means = {name: part / all_cells for name, part in zip(names, sums, strict=True)}
        means["kl_global"] = means["kl_global"] * all_cells / n_batches
        elbo = means["reconstruction_loss"] + means["kl_local"]
        return {**means, "elbo": elbo + means["kl_global"] / max(n_total or 1, 1)}


def _is_scalar(value: object) -> bool:
    return isinstance(value, Tensor) and value.dim() == 0
