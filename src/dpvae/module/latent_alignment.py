"""What makes the latents of several sections alike in training."""

from dataclasses import replace
from typing import Literal

from scvi.module.base import LossOutput
from torch import Tensor, nn

from dpvae._keys import HISTORY
from dpvae.module.discrepancy import mean_discrepancy
from dpvae.module.section_discriminator import SectionDiscriminator

AlignmentKind = Literal["adversarial", "kernel"]
DEFAULT_WEIGHT = {"adversarial": 0.3, "kernel": 3.0}


def check_alignment(kind: str, weight: float | None, n_sections: int) -> None:
    """Raise where sections cannot be aligned as it is asked for; see :class:`LatentAlignment`."""
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


class LatentAlignment(nn.Module):
    """Adds the difference between the latents of sections to the loss.

    Parameters
    ----------
    kind
        ``"kernel"``: the maximum mean discrepancy (:func:`~dpvae.module.mean_discrepancy`);
        ``"adversarial"``: as a network sees it that is trained to tell sections apart
        (:class:`~dpvae.module.SectionDiscriminator`), to be used on samples of z, without whose
        noise encoder and network chase each other and the sections stay apart.
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

    def add(self, output: LossOutput, latent: Tensor, section: Tensor, n_genes: int) -> LossOutput:
        """Add the term to the loss of a minibatch, and record it among the extra metrics.

        Parameters
        ----------
        output
            The loss so far.
        latent
            z, shape ``(n_cells, n_latent)``.
        section
            Code of each cell's section, shape ``(n_cells,)`` or ``(n_cells, 1)``.
        n_genes
            Number of genes, by which the weight is multiplied as that of the distance term is.
        """
        difference: Tensor = (self.difference or mean_discrepancy)(latent, section)
        return replace(
            output,
            loss=output.loss + self.weight * n_genes * difference,
            extra_metrics={
                **output.extra_metrics,
                HISTORY.alignment_loss: difference.detach(),
            },
        )
