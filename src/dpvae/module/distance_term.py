"""The distance-preserving term of the loss."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from dpvae._keys import HISTORY
from dpvae.module.all_pairs import AllPairsError
from dpvae.module.loss_term import LossTerm, MinibatchLatents
from dpvae.module.number import is_number
from dpvae.module.pairs import CellPairs

HALF_PRECISIONS = (torch.bfloat16, torch.float16)


def check_distances(dp_weight: Any, distance_error: Any, distance_latent: Any) -> None:
    """Raise if distances cannot be preserved like this; see :class:`DistanceTerm`.

    Raises
    ------
    ValueError
        If the weight is not a number of at least 0, or there is no such error or latent.
    """
    if not (is_number(dp_weight) and dp_weight >= 0):
        message = f"dp_weight is {dp_weight!r}: give a finite number that is at least 0."
        raise ValueError(message)
    if distance_error not in ("absolute", "squared"):
        message = f"distance_error is {distance_error!r}: choose 'absolute' or 'squared'."
        raise ValueError(message)
    if distance_latent not in ("mean", "sample"):
        message = f"distance_latent is {distance_latent!r}: choose 'mean' or 'sample'."
        raise ValueError(message)


class DistanceTerm(LossTerm):
    r"""How far distances in the latent space are from being proportional to tissue distances.

    The term of equations 3 and 5 of :cite:t:`Zhou24`, as an error relative to the size of the
    tissue,

    .. math::

        L_{DP} = \frac{\sum_{i<j} G_{ij}
        \left| \frac{\lVert z_i - z_j \rVert}{\lambda}
        - \frac{\lVert s_i - s_j \rVert}{u} \right|}{\sum_{i<j} G_{ij}} ,

    over pairs of cells of the same section whose places are both known. Latent distances are
    divided by the learned scale :math:`\lambda` and tissue distances by the unit :math:`u`, so
    that the value depends neither on the unit of the coordinates nor on the scale of the latent
    space, and shrinking z and λ together gains nothing. It is a weighted mean, so it depends
    neither on the number of cells nor on the density of the mask.

    Memory grows with the number of pairs, which is at most about half a million. Latents of half
    precision are compared in single precision.

    Parameters
    ----------
    unit
        Size of the tissue in the unit of the coordinates, usually
        :func:`dpvae.geometry.coordinate_unit`.
    error
        ``"absolute"`` is the paper's :math:`|\cdot|`, ``"squared"`` its square.
    weight
        α: what a distance error of one tissue radius costs, in nats per gene, at least 0.
    latent
        Whether distances are taken between the means of the posteriors (``"mean"``) or between
        samples of them (``"sample"``), whose noise adds to every distance.
    n_dims
        How many dimensions of z, the first ones, are compared with the tissue. By default all.

    Examples
    --------
    >>> import torch
    >>> from dpvae.module import DistanceTerm
    >>> places = torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    >>> term = DistanceTerm()
    >>> term(places, places, torch.zeros(3)).item()
    0.0
    """

    name = HISTORY.distance_loss

    def __init__(
        self,
        unit: float = 1.0,
        *,
        error: Literal["absolute", "squared"] = "absolute",
        weight: float = 1.0,
        latent: Literal["mean", "sample"] = "mean",
        n_dims: int | None = None,
    ) -> None:
        super().__init__()
        check_distances(weight, error, latent)
        self.n_dims = n_dims
        self.error = error
        self.weight = weight
        self.latent = latent
        self.unit: Tensor
        self.register_buffer("unit", torch.tensor(float(unit)))
        self.log_scale = nn.Parameter(torch.zeros(()))

    @property
    def distance_scale(self) -> Tensor:
        """λ: latent distance per unit of the coordinates, shape ``()``."""
        return self.log_scale.exp() / self.unit

    @torch.no_grad()
    def set_distance_scale(self, distance_scale: float) -> None:
        """Set λ, given as latent distance per unit of the coordinates."""
        self.log_scale.copy_(torch.log(distance_scale * self.unit))

    def of_minibatch(self, cells: MinibatchLatents) -> Tensor:
        """Compute the term for the latents of a minibatch that are compared."""
        latent = (cells.mean if self.latent == "mean" else cells.sample)[:, : self.n_dims]
        term: Tensor = self(
            latent, cells.coordinates, cells.section, cells.pairs, far_share=cells.far_share
        )
        return term

    def reported(self) -> Mapping[str, Tensor]:
        """Report λ."""
        return {HISTORY.distance_scale: self.distance_scale.detach()}

    def forward(
        self,
        latent: Tensor,
        coordinates: Tensor,
        section: Tensor,
        pair_mask: Tensor | CellPairs | None = None,
        far_share: float = 0.0,
    ) -> Tensor:
        """Compute the term for one minibatch.

        Parameters
        ----------
        latent
            z, shape ``(n_cells, n_latent)``.
        coordinates
            s, shape ``(n_cells, 2)`` or ``(n_cells, 3)``; a row of NaN is a cell whose place is
            not known and which is left out.
        section
            Code of each cell's section, shape ``(n_cells,)`` or ``(n_cells, 1)``.
        pair_mask
            G, shape ``(n_cells, n_cells)``, symmetric, zero for pairs that do not count, or the
            pairs that it holds. By default every pair counts alike.
        far_share
            Share of the term that is taken over all pairs alike, from 0, the mask alone, to 1.
            If it is not 0, a minibatch without a masked pair takes the whole term from all pairs.

        Returns
        -------
        The mean error over the valid pairs, shape ``()``; 0 if no pair is valid.
        """
        if latent.dtype in HALF_PRECISIONS:
            latent = latent.float()
        known = coordinates.isfinite().all(dim=-1)
        section = section.reshape(-1)
        places = torch.where(known[:, None], coordinates, 0.0) / self.unit

        def mean_error(pairs: CellPairs) -> tuple[Tensor, Tensor]:
            first, second = pairs.first, pairs.second
            valid = known[first] & known[second] & (section[first] == section[second])
            counts = valid.to(latent.dtype) if pairs.weight is None else valid * pairs.weight
            error = pairs.distances(latent) / self.log_scale.exp() - pairs.distances(places)
            error = error.abs() if self.error == "absolute" else error.square()
            total = counts.sum()
            mean = (counts * error).sum() / torch.where(total > 0, total, torch.ones_like(total))
            return mean, total > 0

        def everywhere() -> Tensor:
            if AllPairsError.takes(latent) and CellPairs.are_all_taken(latent.shape[0]):
                squared = self.error == "squared"
                arguments = (latent, self.log_scale, places, section, known, squared)
                error: Tensor = AllPairsError.apply(*arguments)  # type: ignore[no-untyped-call]
                return error
            return mean_error(CellPairs.of(latent.shape[0], latent.device))[0]

        if pair_mask is None:
            return everywhere()
        near = CellPairs.masked(pair_mask) if isinstance(pair_mask, Tensor) else pair_mask
        masked, is_any = mean_error(near)
        if far_share == 0.0:
            return masked
        masked_share = (1.0 - far_share) * is_any
        return (masked_share * masked + far_share * everywhere()) / (masked_share + far_share)
