from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.placement.stress import pair_offsets

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_BLOCK = 2**24


class DeviceComparison:
    """The comparison of distances on a device of torch, such as a GPU.

    The same mathematics as
    :class:`~dpvae.geometry.placement.target_distances.CompiledComparison`.

    Parameters
    ----------
    targets
        z/λ, transposed: shape (d, n), centred, in tissue units.
    device
        Name of the device, such as ``"cuda"``.
    """

    def __init__(self, targets: NDArray[np.float64], device: str) -> None:
        import torch

        self._torch = torch
        self._device = device
        self._targets = torch.as_tensor(np.ascontiguousarray(targets.T), device=device)
        self._single = self._targets.float()

    def all_pairs(self, layout: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Guttman transform of a layout, shape (p, n), and its residual Σ_{i<j} (δ − d)²."""
        places = self._on_device(layout)
        transform = self._torch.empty_like(places)
        residual = 0.0
        for rows in self._blocks(len(places)):
            wanted = self._distances(self._targets[rows], self._targets)
            found = self._distances(places[rows], places)
            residual += float((wanted - found).square().sum())
            ratio = self._torch.where(found > 0, wanted / found, 0.0)
            transform[rows] = ratio.sum(dim=1, keepdim=True) * places[rows] - ratio @ places
        return transform.cpu().numpy().T / len(places), residual / 2.0

    def window(self, layout: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Guttman transform of a layout, shape (p, n), estimated from some of its cells."""
        places = self._on_device(layout).float()
        chosen = self._torch.as_tensor(cells, device=self._device)
        there, targets = places[chosen], self._single[chosen]
        estimate = self._torch.empty_like(places)
        for rows in self._blocks(len(cells)):
            found = self._distances(places[rows], there)
            ratio = self._distances(self._single[rows], targets) / found
            ratio = self._torch.where(found > 0, ratio, 0.0)
            pulled = ratio.sum(dim=1, keepdim=True) * places[rows] - ratio @ there
            estimate[rows] = pulled / len(cells) + there.mean(dim=0)
        return estimate.double().cpu().numpy().T

    def sampled(self, layout: NDArray[np.float64], *, seed: int) -> float:
        """Residual of a layout, estimated from random pairs."""
        places = self._on_device(layout)
        offsets = pair_offsets(len(places), seed)
        total = 0.0
        for offset in offsets.tolist():
            wanted = (self._targets - self._targets.roll(offset, dims=0)).norm(dim=1)
            found = (places - places.roll(offset, dims=0)).norm(dim=1)
            total += float((wanted - found).square().sum())
        return total * (len(places) - 1) / (2 * len(offsets))

    def _on_device(self, layout: NDArray[np.float64]) -> "Tensor":
        return self._torch.as_tensor(np.ascontiguousarray(layout.T), device=self._device)

    def _distances(self, here: "Tensor", there: "Tensor") -> "Tensor":
        mode = "donot_use_mm_for_euclid_dist"
        return self._torch.cdist(here, there, compute_mode=mode)

    def _blocks(self, width: int) -> list[slice]:
        n_cells, height = len(self._targets), max(LARGEST_BLOCK // width, 1)
        return [slice(begin, begin + height) for begin in range(0, n_cells, height)]
