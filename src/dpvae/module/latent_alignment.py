"""What makes the latents of several sections alike in training."""

from typing import Literal

from torch import Tensor

from dpvae._keys import HISTORY
from dpvae.module.discrepancy import mean_discrepancy
from dpvae.module.loss_term import LossTerm, MinibatchLatents
from dpvae.module.section_discriminator import SectionDiscriminator

AlignmentKind = Literal["adversarial", "kernel"]
DEFAULT_WEIGHT = {"adversarial": 0.3, "kernel": 3.0}


def check_alignment(kind: str, weight: float | None, n_sections: int) -> None:
    """Raise if sections cannot be aligned in this way; see :class:`LatentAlignment`."""
    if kind not in DEFAULT_WEIGHT:
        message = f"alignment is {kind!r}: choose 'adversarial', 'kernel' or None."
        raise ValueError(message)
    if weight is not None and not weight > 0:
        message = (
            f"alignment_weight is {weight}: give a number above 0, or alignment=None for a "
            "training without."
        )
        raise ValueError(message)
    if n_sections < 2:
        message = (
            f"alignment={kind!r} makes sections alike, and there is one. Put reference and "
            "query into one AnnData, and name the column of obs that tells them apart: "
            "setup_anndata(…, sample_key=…)."
        )
        raise ValueError(message)


class LatentAlignment(LossTerm):
    """The difference between the latents of sections, as a term of the loss.

    Of a model of several technologies it is the difference between these.

    Parameters
    ----------
    kind
        ``"kernel"``: the maximum mean discrepancy (:func:`~dpvae.module.mean_discrepancy`);
        ``"adversarial"``: how well a trained network tells sections apart
        (:class:`~dpvae.module.SectionDiscriminator`). It needs samples of z: without their noise
        encoder and network chase each other, and the sections stay apart.
    weight
        What a difference of 1 costs, in nats per gene, above 0. ``None`` is 3 for ``"kernel"`` and
        0.3 for ``"adversarial"``.
    n_latent
        Dimension of z.
    n_sections
        Number of sections.

    Raises
    ------
    ValueError
        If there is no such kind, the weight is not above 0, or there is one section.
    """

    name = HISTORY.alignment_loss

    def __init__(
        self, kind: AlignmentKind, weight: float | None, *, n_latent: int, n_sections: int
    ) -> None:
        super().__init__()
        check_alignment(kind, weight, n_sections)
        self.kind = kind
        self.weight = DEFAULT_WEIGHT[kind] if weight is None else weight
        self.difference = (
            SectionDiscriminator(n_latent, n_sections) if kind == "adversarial" else None
        )

    def of_minibatch(self, cells: MinibatchLatents) -> Tensor:
        """Compute the difference between the sections of a minibatch."""
        if self.difference is None:
            return mean_discrepancy(cells.mean, cells.group)
        difference: Tensor = self.difference(cells.sample, cells.group)
        return difference
