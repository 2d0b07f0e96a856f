"""The training plan."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import torch
from scipy.sparse import csr_matrix
from scvi.module.base import BaseModuleClass, LossOutput
from scvi.train import TrainingPlan
from torch import Tensor
from torch.nn import ModuleList
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR

from dpvae.model.training.epoch_means import EpochMeans
from dpvae.module.distance_preserving import FAR_SHARE
from dpvae.module.latent_alignment import AlignmentKind, LatentAlignment
from dpvae.module.loss_term import LossTerm

LEARNING_RATE = 3e-3


class DistancePreservingPlan(TrainingPlan):
    """:class:`scvi.train.TrainingPlan` with the defaults that a distance-preserving model needs.

    Every argument of scvi-tools' plan works; what differs are the defaults. Weights decay, λ does
    not. Means over the cells of an epoch are logged once, at its end; with ``on_step=True`` every
    step is logged, which takes as long as a step of a small model does.

    Parameters
    ----------
    module
        The module to train.
    optimizer
        Name of the optimiser. By default ``"AdamW"``, Adam with decoupled weight decay.
    weight_decay
        How strongly the weights decay: in every step by this number times the learning rate. λ does
        not.
    eps
        Small number that the optimiser adds to the denominator of a step, against division by 0.
    lr
        Learning rate. By default 0.003 at the start, falling along a cosine; a rate that is given
        stays as it is, unless ``lr_schedule`` says otherwise.
    n_epochs_kl_warmup
        β rises from ``min_kl_weight`` to ``max_kl_weight`` over this many epochs. By default steps
        are counted instead.
    n_steps_kl_warmup
        The same in steps, which is used if no number of epochs is given.
    lr_schedule
        ``"cosine"``: the learning rate falls to 0 over the whole training, step by step;
        ``"constant"``: it stays (or follows ``reduce_lr_on_plateau``).
    far_share
        With a pair mask, the share of the distance term that is taken over all pairs of the
        minibatch, whether masked or not, from 0 to 1. 0 is equation 5 of :cite:t:`Zhou24`: right
        if the mask leaves out pairs that mislead and what it holds still spans the tissue; a
        mask of near pairs alone lets the layout fold. Without a mask it has no effect.
    alignment
        A further term that makes the latents of different sections alike: ``"kernel"``, the maximum
        mean discrepancy (:func:`~dpvae.module.mean_discrepancy`), or ``"adversarial"``, a network
        that tells sections apart and against which the encoder is trained
        (:class:`~dpvae.module.SectionDiscriminator`). By default nothing.
    alignment_weight
        What a difference of 1 between sections costs, in nats per gene, the unit of ``dp_weight``.
        By default 3 for ``"kernel"`` and 0.3 for ``"adversarial"``.
    n_sections, pair_graph
        Number of sections, and the pair mask; ``train`` of a model fills them in.
    **kwargs
        See :class:`scvi.train.TrainingPlan`.
    """

    def __init__(
        self,
        module: BaseModuleClass,
        *,
        optimizer: str = "AdamW",
        lr: float | None = None,
        weight_decay: float = 0.3,
        eps: float = 1e-8,
        n_epochs_kl_warmup: int | None = None,
        n_steps_kl_warmup: int | None = 300,
        lr_schedule: Literal["cosine", "constant"] | None = None,
        far_share: float = FAR_SHARE,
        alignment: AlignmentKind | None = None,
        alignment_weight: float | None = None,
        n_sections: int = 1,
        pair_graph: csr_matrix | None = None,
        **kwargs: Any,
    ) -> None:
        if lr_schedule is None:
            lr_schedule = "cosine" if lr is None else "constant"
        if lr_schedule not in ("cosine", "constant"):
            message = f"lr_schedule is {lr_schedule!r}: choose 'cosine' or 'constant'."
            raise ValueError(message)
        if not 0 <= far_share <= 1:
            message = f"far_share is {far_share}: choose a share from 0 to 1."
            raise ValueError(message)
        further_terms: list[LossTerm] = []
        if alignment is not None:
            sizes = {"n_latent": module.n_latent, "n_sections": n_sections}
            further_terms = [LatentAlignment(alignment, alignment_weight, **sizes)]
        super().__init__(
            module,
            optimizer=optimizer,
            lr=LEARNING_RATE if lr is None else lr,
            weight_decay=weight_decay,
            eps=eps,
            n_epochs_kl_warmup=n_epochs_kl_warmup,
            n_steps_kl_warmup=n_steps_kl_warmup,
            far_share=far_share,
            pair_graph=pair_graph,
            further_terms=further_terms,
            **kwargs,
        )
        self.lr_schedule = lr_schedule
        self.further_terms = ModuleList(further_terms)
        self._is_fused = True
        self._random_state = torch.get_rng_state()
        self._logs_by_epoch = bool(self.on_epoch) and not self.on_step
        self._means = {"train": EpochMeans(), "validation": EpochMeans()}

    def setup(self, stage: str) -> None:
        """Do without a fused optimiser where gradients of mixed precision are clipped.

        Lightning refuses it there: a fused optimiser brings gradients to scale after clipping.
        """
        super().setup(stage)
        is_clipped = (self.trainer.gradient_clip_val or 0) > 0
        self._is_fused = not (is_clipped and "mixed" in str(self.trainer.precision))

    def get_optimizer_creator(self) -> Callable[..., Optimizer]:
        """Create Adam and AdamW fused, which takes a quarter of the time of their loops."""
        optimizer = {"Adam": Adam, "AdamW": AdamW}.get(self.optimizer_name)
        if optimizer is None:
            creator: Callable[..., Optimizer] = super().get_optimizer_creator()
            return creator
        create = partial(optimizer, lr=self.lr, eps=self.eps, weight_decay=self.weight_decay)
        return partial(fused_where_possible, create) if self._is_fused else create

    def configure_optimizers(self) -> dict[str, Any]:
        """Spare some parameters from decay, and let the learning rate fall along a cosine."""
        config: dict[str, Any] = super().configure_optimizers()
        decayed = config["optimizer"].param_groups[0]
        spared = {id(parameter) for parameter in self.module.undecayed()}
        is_spared = [id(parameter) in spared for parameter in decayed["params"]]
        if any(is_spared):
            kept = [p for p, spare in zip(decayed["params"], is_spared, strict=True) if spare]
            decayed["params"] = [p for p in decayed["params"] if id(p) not in spared]
            config["optimizer"].add_param_group({"params": kept, "weight_decay": 0.0})
        of_terms = list(self.further_terms.parameters())
        if of_terms:
            config["optimizer"].add_param_group({"params": of_terms})
        if self.lr_schedule == "cosine" and "lr_scheduler" not in config:
            n_steps = int(self.trainer.estimated_stepping_batches)
            cosine = CosineAnnealingLR(config["optimizer"], T_max=max(n_steps, 1))
            config["lr_scheduler"] = {"scheduler": cosine, "interval": "step"}
        return config

    def on_train_end(self) -> None:
        """Give every process the statistics of batch normalisation of the first one."""
        if self.trainer.world_size > 1:
            for buffer in self.module.buffers():
                torch.distributed.broadcast(buffer, 0)

    def on_train_batch_end(self, *_: Any) -> None:
        """Log the epoch; remember the random numbers, so that a look at validation takes none."""
        self._random_state = torch.get_rng_state()
        if self.trainer.is_last_batch:
            self._log_epoch()

    def on_validation_end(self) -> None:
        """Go on with the random numbers as if the validation part had not been looked at."""
        torch.set_rng_state(self._random_state)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """Compute the loss of a minibatch; what is logged of it waits for the end of the epoch."""
        if not self._logs_by_epoch:
            loss: Tensor = super().training_step(batch, batch_idx)
            return loss
        if "kl_weight" in self.loss_kwargs:
            self.loss_kwargs["kl_weight"] = self.kl_weight
        output = self.forward(batch, loss_kwargs=self.loss_kwargs)[2]
        self._means["train"].add(output)
        return torch.as_tensor(output.loss)

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """Compute the loss of a minibatch of the validation part."""
        if not self._logs_by_epoch:
            super().validation_step(batch, batch_idx)
            return
        self._means["validation"].add(self.forward(batch, loss_kwargs=self.loss_kwargs)[2])

    def on_train_epoch_end(self) -> None:
        """Log the means of an epoch that ended before its last minibatch."""
        self._log_epoch()

    def _log_epoch(self) -> None:
        """Log the means of the epoch, and β as it was last."""
        means = self._take_means("train", self.n_obs_training)
        if means and "kl_weight" in self.loss_kwargs:
            means["kl_weight"] = float(self.loss_kwargs["kl_weight"])
        self._log_means(means)

    def on_validation_epoch_end(self) -> None:
        """Log the means of the validation part."""
        self._log_means(self._take_means("validation", self.n_obs_validation))

    def _take_means(self, part: str, n_total: int | None) -> dict[str, float]:
        add_up = partial(self.trainer.strategy.reduce, reduce_op="sum")
        means = self._means[part].take(n_total, add_up)
        return {
            f"{part}_loss" if name == "loss" else f"{name}_{part}": mean
            for name, mean in means.items()
        }

    def _log_means(self, means: dict[str, float]) -> None:
        """Tell loggers, callbacks and the progress bar, at a tenth of the price of ``self.log``."""
        self.trainer.callback_metrics.update({k: torch.tensor(v) for k, v in means.items()})
        if "train_loss" in means:
            self.trainer.progress_bar_metrics["train_loss"] = means["train_loss"]
        for logger in self.loggers if means else ():
            logger.log_metrics({"epoch": self.current_epoch, **means}, step=self.global_step)

    def compute_and_log_metrics(
        self, loss_output: LossOutput, metrics: dict[str, Any], mode: str
    ) -> None:
        """Log the ELBO as scvi-tools does, and the extra metrics outside inference mode."""
        super().compute_and_log_metrics(replace(loss_output, extra_metrics={}), metrics, mode)
        for name, value in (loss_output.extra_metrics or {}).items():
            if isinstance(value, Tensor) and value.dim() == 0:
                self.log(
                    f"{name}_{mode}",
                    value,
                    on_step=self.on_step,
                    on_epoch=self.on_epoch,
                    batch_size=loss_output.n_obs_minibatch,
                    sync_dist=self.use_sync_dist,
                )


def fused_where_possible(
    create: Callable[..., Optimizer], parameters: Iterable[Tensor]
) -> Optimizer:
    """Create an optimiser, fused unless the device, or an older torch on it, has no such one.

    Parameters
    ----------
    create
        Creates the optimiser of parameters; takes ``fused``.
    parameters
        What is optimised.
    """
    parameters = list(parameters)
    try:
        return create(parameters, fused=True)
    except RuntimeError:
        return create(parameters)
