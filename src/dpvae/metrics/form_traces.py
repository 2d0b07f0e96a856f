"""Moments of a quadratic form whose noise differs between groups of cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FormTraces:
    """Traces of products of a kernel K whose cells are in groups; noise has one variance in each.

    The variances v of the groups are estimated by the same values that the form is made of. So the
    form that has to be judged is eᵀKe − Σ_k v_k t_k, in which the diagonal of K does not count any
    more, and with it neither does the kurtosis of counts.

    Attributes
    ----------
    first
        t_k, trace of K within each group, shape ``(n_groups,)``.
    second, third, fourth
        Traces of products of 2, 3 and 4 kernels between groups, shapes ``(n_groups,)`` to the
        powers 2, 3 and 4.
    freedom
        Number of cells of each group, less what a regression takes, shape ``(n_groups,)``.
    """

    first: Values
    second: Values
    third: Values
    fourth: Values
    freedom: Values

    @classmethod
    def of(cls, products: Values, freedom: Values) -> "FormTraces":
        """Multiply the kernel's parts.

        Parameters
        ----------
        products
            Ψ_kᵀΨ_k of every group, for a kernel K = ΨΨᵀ, shape
            ``(n_groups, n_functions, n_functions)``.
        freedom
            Of the groups.
        """
        n_groups = len(products)
        pairs = np.stack([one @ other for one in products for other in products])
        flat = pairs.reshape(n_groups**2, -1)
        mirrored = flat.reshape(n_groups, n_groups, -1).swapaxes(0, 1).reshape(n_groups**2, -1)
        single = products.reshape(n_groups, -1)
        return cls(
            np.trace(products, axis1=1, axis2=2),
            single @ single.T,
            (flat @ single.T).reshape((n_groups,) * 3),
            (flat @ mirrored.T).reshape((n_groups,) * 4),
            freedom,
        )

    def expected(self, variances: Values) -> Values:
        """Mean of eᵀKe for variances of shape ``(n_groups, n_variables)``."""
        return np.asarray(self.first @ variances)

    def powers(self, variances: Values) -> tuple[Values, Values, Values]:
        """Sum the squared, third and fourth powers of the form's weights.

        Parameters
        ----------
        variances
            Shape ``(n_groups, n_variables)``.

        Returns
        -------
        Three arrays of shape ``(n_variables,)``: traces of powers of (K − A)V, where A is the mean
        of K's diagonal in each group and V holds the variances.
        """
        v, f = variances, self.freedom[:, None]
        w = (self.first / self.freedom)[:, None] * v
        twice = np.einsum("kl,lg->kg", self.second, v)
        thrice = np.einsum("klm,lg,mg->kg", self.third, v, v, optimize=True)
        n_groups = len(v)
        by_two = (v[:, None] * v[None]).reshape(n_groups**2, -1)
        table = self.fourth.reshape(n_groups**2, n_groups**2)
        squares = (v * twice).sum(axis=0) - (f * w**2).sum(axis=0)
        cubes = (v * thrice - 3.0 * w * v * twice + 2.0 * f * w**3).sum(axis=0)
        fourths = (by_two * (table @ by_two)).sum(axis=0)
        fourths += (
            -4.0 * w * v * thrice
            + 4.0 * w**2 * v * twice
            + 2.0 * w * v * (self.second @ (w * v))
            - 3.0 * f * w**4
        ).sum(axis=0)
        return np.maximum(squares, 0.0), cubes, fourths
