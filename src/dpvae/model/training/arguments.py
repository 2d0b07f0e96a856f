"""The arguments of a training."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae.model.atlas.completion import N_STEPS, PLAN
from dpvae.model.training.argument_names import check_names, check_numbers, check_splitter
from dpvae.model.training.epochs import epochs_between_validations, suitable_epochs
from dpvae.model.training.plan_arguments import check_metric, check_plan
from dpvae.model.training.processes import for_processes, n_processes
from dpvae.model.training.validation_part import BATCH_SIZE, with_default_split
from dpvae.module.latent_alignment import check_alignment


@dataclass(frozen=True, eq=False)
class TrainingArguments:
    """Arguments of ``train``, checked and completed.

    Parameters
    ----------
    max_epochs
        Passes over the data.
    plan
        Arguments of the training plan.
    splitter
        Further arguments of the data splitter.
    further
        All other arguments of scvi-tools' ``train`` and of the Lightning trainer.
    """

    max_epochs: int
    plan: Mapping[str, Any]
    splitter: Mapping[str, Any]
    further: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        max_epochs: int | None,
        given: Mapping[str, Any],
        *,
        section: NDArray[np.str_],
        plan_names: Collection[str],
        is_fine_tuning: bool = False,
    ) -> "TrainingArguments":
        """Check what was given, and choose the rest.

        Parameters
        ----------
        max_epochs
            Passes over the data; ``None`` chooses by the number of cells.
        given
            All other arguments of ``train`` that were given.
        section
            Name of each cell's section, shape ``(n_cells,)``.
        plan_names
            Names of the arguments that the training plan takes.
        is_fine_tuning
            Whether a query is learned, of which some places are known.

        Raises
        ------
        TypeError
            If there is no argument of a name.
        ValueError
            If a value is not possible, or does not fit another one.
        """
        n_cells = len(section)
        check_names(given)
        batch_size = BATCH_SIZE if given.get("batch_size") is None else given["batch_size"]
        check_numbers(max_epochs, batch_size)
        callbacks = list(given.get("callbacks") or ())
        given = {**given, "batch_size": batch_size, "callbacks": callbacks}
        given = for_processes(with_default_split(given, n_cells), n_cells)
        plan = dict(given.pop("plan_kwargs", None) or {})
        check_plan(plan, plan_names)
        if given.get("early_stopping"):
            check_metric("early_stopping_monitor", given.get("early_stopping_monitor"))
        if plan.get("alignment") is not None:
            n_sections = len(np.unique(section))
            check_alignment(plan["alignment"], plan.get("alignment_weight"), n_sections)
        if max_epochs is None:
            max_epochs = suitable_epochs(
                n_cells,
                batch_size=batch_size,
                train_size=given.get("train_size"),
                n_steps=N_STEPS if is_fine_tuning else None,
                n_processes=n_processes(given),
            )
        interval = epochs_between_validations(max_epochs, given, n_cells)
        given.setdefault("check_val_every_n_epoch", interval)
        given.setdefault("early_stopping_monitor", "distance_loss_validation")
        splitter = dict(given.pop("datasplitter_kwargs", None) or {})
        check_splitter(splitter)
        return cls(max_epochs, {**(PLAN if is_fine_tuning else {}), **plan}, splitter, given)

    def with_further(self, further: Mapping[str, Any]) -> "TrainingArguments":
        """Replace the arguments of the trainer."""
        return replace(self, further=further)

    def for_scvi(
        self, *, plan: Mapping[str, Any] | None = None, splitter: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Give what scvi-tools' ``train`` takes.

        Parameters
        ----------
        plan, splitter
            What is handed on to plan and splitter besides what the user gave.
        """
        return {
            **self.further,
            "max_epochs": self.max_epochs,
            "plan_kwargs": {**(plan or {}), **self.plan},
            "datasplitter_kwargs": {**self.splitter, **(splitter or {})},
        }
