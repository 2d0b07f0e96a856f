"""Arguments of the training plan, checked before a training begins."""

from collections.abc import Collection, Mapping
from itertools import product
from math import inf
from typing import Any

from dpvae._data.arguments import check_among
from dpvae._keys import HISTORY
from dpvae.module.number import is_number

A_NUMBER = "a finite number that is at least 0"
BOUNDS = {
    "lr": (inf, A_NUMBER),
    "lr_min": (inf, A_NUMBER),
    "lr_patience": (inf, A_NUMBER),
    "weight_decay": (inf, A_NUMBER),
    "eps": (inf, A_NUMBER),
    "max_kl_weight": (inf, A_NUMBER),
    "min_kl_weight": (inf, A_NUMBER),
    "n_epochs_kl_warmup": (inf, "a number of epochs that is at least 0, or None"),
    "n_steps_kl_warmup": (inf, "a number of steps that is at least 0, or None"),
    "lr_factor": (1.0, "a share from 0 to 1"),
    "far_share": (1.0, "a share from 0 to 1"),
}
OPTIMIZERS = ("Adam", "AdamW", "Custom")
TERMS = ("elbo", "kl_global", *HISTORY)
METRICS = (
    "train_loss",
    "validation_loss",
    *("_".join(name) for name in product(TERMS, ("train", "validation"))),
)


def check_plan(plan: Mapping[str, Any], names: Collection[str]) -> None:
    """Raise if a training with these arguments of its plan would fail, or learn nothing but NaN.

    Parameters
    ----------
    plan
        ``plan_kwargs`` of ``train``.
    names
        Names of arguments that there are.

    Raises
    ------
    TypeError
        If there is no argument of a name.
    ValueError
        If a value is not possible.
    """
    check_among("plan_kwargs", plan, names)
    for name, (most, wanted) in BOUNDS.items():
        value = plan.get(name)
        if value is None:
            continue
        if not (is_number(value) and 0 <= value <= most):
            message = f"{name} is {value!r}: give {wanted}."
            raise ValueError(message)
    if plan.get("optimizer", "AdamW") not in OPTIMIZERS:
        message = (
            f"optimizer is {plan['optimizer']!r}: choose 'Adam' or 'AdamW', or 'Custom' with "
            "optimizer_creator=…, which makes an optimiser of parameters."
        )
        raise ValueError(message)
    if plan.get("reduce_lr_on_plateau") and not plan.get("on_step"):
        check_metric("lr_scheduler_metric", plan.get("lr_scheduler_metric"))


def check_metric(name: str, metric: object) -> None:
    """Raise if an argument names a metric that training does not log; ``None`` is its default."""
    if metric is not None and metric not in METRICS:
        message = f"{name} is {metric!r}: choose one of {', '.join(METRICS)}."
        raise ValueError(message)
