"""Options of a prior that follows the tissue, checked before anything is made."""

from typing import Any

from dpvae._data.whole_number import is_whole
from dpvae.module.network_size import check_choice
from dpvae.module.number import is_number
from dpvae.module.spectra import DENSITIES

FEWEST_COSINES = 9


def check_prior(
    n_latent: int, n_spatial: Any, spatial_share: Any, kernel: Any, n_cosines: Any
) -> None:
    """Raise if there is no such prior.

    Raises
    ------
    ValueError
        If ``n_spatial`` is not a whole number from 0 to ``n_latent``, the share not above 0 and
        below 1, the kernel none of the three, or the number of cosines not whole or below 9.
    """
    check_choice("kernel", kernel, DENSITIES)
    if not (is_whole(n_spatial) and 0 <= n_spatial <= n_latent):
        message = f"n_spatial is {n_spatial!r}: give a whole number from 0 to n_latent={n_latent}."
        raise ValueError(message)
    if not (spatial_share is None or (is_number(spatial_share) and 0 < spatial_share < 1)):
        message = (
            f"spatial_share is {spatial_share!r}: give a share above 0 and below 1, or None, which "
            "learns one for each dimension."
        )
        raise ValueError(message)
    if not (is_whole(n_cosines) and n_cosines >= FEWEST_COSINES):
        message = (
            f"n_cosines is {n_cosines!r}: give a whole number of at least {FEWEST_COSINES}, such "
            "as 256."
        )
        raise ValueError(message)


def check_beta(kl_weight: Any, kl_target: Any, kl_range: Any) -> None:
    """Raise if β cannot be set, or steered, like this.

    Raises
    ------
    ValueError
        If ``kl_weight`` is negative, ``kl_target`` not positive, ``kl_range`` not two numbers that
        increase, or ``kl_weight`` not between them if there is a target.
    """
    if not (is_number(kl_weight) and kl_weight >= 0):
        message = f"kl_weight is {kl_weight!r}: give a number that is at least 0."
        raise ValueError(message)
    if kl_target is None:
        return
    if not (is_number(kl_target) and kl_target > 0):
        message = f"kl_target is {kl_target!r}: give a number above 0, or None, which keeps β."
        raise ValueError(message)
    is_pair = isinstance(kl_range, tuple | list) and len(kl_range) == 2
    if not (is_pair and all(map(is_number, kl_range)) and 0 <= kl_range[0] < kl_range[1]):
        message = f"kl_range is {kl_range!r}: give the lowest and the highest β, such as (4, 25)."
        raise ValueError(message)
    if not kl_range[0] <= kl_weight <= kl_range[1]:
        message = (
            f"kl_weight is {kl_weight}, outside of kl_range={tuple(kl_range)}, in which it is "
            "steered: choose one inside."
        )
        raise ValueError(message)
