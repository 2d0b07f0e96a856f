"""The training plan of dissociated cells first, and then the tissue."""

from typing import Any

from scvi.module.base import BaseModuleClass

from dpvae.model.training.plan import DistancePreservingPlan
from dpvae.module.latent_alignment import AlignmentKind
from dpvae.module.loss_term import LossTerm


class CellsFirstPlan(DistancePreservingPlan):
    """Freezes the networks of dissociated cells after half of the epochs, then aligns the tissue.

    In the first half each side learns its own cells. In the second half the latents of dissociated
    cells stay where they are, and the alignment leads the tissue to them.

    Parameters
    ----------
    module
        The module to train, of which each side has networks of its own.
    alignment
        As of :class:`~dpvae.model.DistancePreservingPlan`, but not to be left out.
    **kwargs
        See there.

    Raises
    ------
    ValueError
        If nothing aligns the two sides.
    """

    def __init__(
        self,
        module: BaseModuleClass,
        *,
        alignment: AlignmentKind | None = None,
        **kwargs: Any,
    ) -> None:
        if alignment is None:
            message = (
                "order='cells_first' encodes dissociated cells and tissue by networks of their "
                "own, and nothing makes their latents alike: "
                "train(plan_kwargs={'alignment': 'adversarial'}), or order='together'."
            )
            raise ValueError(message)
        super().__init__(module, alignment=alignment, **kwargs)
        self._frozen = [module.z_encoder, module.decoder]
        self._alignments = [term for term in self.further_terms if isinstance(term, LossTerm)]
        self._weights = [term.weight for term in self._alignments]
        self._are_frozen = False

    def on_train_epoch_start(self) -> None:
        """Freeze the one side and align the other, or not yet."""
        self._are_frozen = 2 * self.current_epoch >= (self.trainer.max_epochs or 0)
        for term, weight in zip(self._alignments, self._weights, strict=True):
            term.weight = weight if self._are_frozen else 0.0
        for part in self._frozen:
            part.train(not self._are_frozen)

    def on_after_backward(self) -> None:
        """Leave out the gradients of what is frozen: the optimiser skips it, with its decay."""
        if self._are_frozen:
            for part in self._frozen:
                part.zero_grad(set_to_none=True)
