"""The sections that a training is to make alike."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae.module.latent_alignment import check_alignment


def with_sections(
    plan: Mapping[str, Any] | None, section: NDArray[np.str_], n_codes: int
) -> dict[str, Any]:
    """Tell the training plan how many sections there are, where it is to align them.

    Parameters
    ----------
    plan
        Arguments of the plan, ``plan_kwargs`` of ``train``.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    n_codes
        Number of sections that the model knows, which may be more than have cells here.

    Returns
    -------
    The arguments, completed.

    Raises
    ------
    ValueError
        If alignment is asked for in another way than there is, or all cells are of one section.
    """
    arguments = dict(plan or {})
    kind = arguments.get("alignment")
    if kind is None:
        return arguments
    check_alignment(kind, arguments.get("alignment_weight"), len(np.unique(section)))
    return {"n_sections": n_codes, **arguments}
