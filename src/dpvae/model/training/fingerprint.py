"""The model, data and arguments of a training: it can only resume with the same."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from dpvae.model.training.processes import n_processes
from dpvae.model.training.validation_part import BATCH_SIZE

OF_TRAINER = (
    "train_size",
    "validation_size",
    "shuffle_set_split",
    "early_stopping",
    "early_stopping_monitor",
    "early_stopping_min_delta",
    "early_stopping_patience",
    "early_stopping_warmup_epochs",
    "early_stopping_mode",
    "check_val_every_n_epoch",
    "val_check_interval",
    "limit_train_batches",
    "limit_val_batches",
    "overfit_batches",
    "accumulate_grad_batches",
    "gradient_clip_val",
    "gradient_clip_algorithm",
    "precision",
    "max_steps",
    "load_sparse_tensor",
)


def fingerprint(model: Any, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Describe model, data and arguments of a training.

    Parameters
    ----------
    model
        The model.
    arguments
        Arguments of scvi-tools' ``train``.

    Returns
    -------
    The value of everything that decides on the result of a training, in words.
    """
    parameters, summary = model.init_params_, model.summary_stats
    trained = [p.numel() for p in model.module.parameters() if p.requires_grad]
    found = {
        "model": type(model).__name__,
        **parameters["non_kwargs"],
        **parameters["kwargs"],
        **model.registry_["setup_args"],
        "number of cells": model.adata.n_obs,
        "number of genes": model.adata.n_vars,
        "names of the genes (as a checksum)": _checksum("\n".join(model.get_var_names())),
        "number of batches": summary.n_batch,
        "number of sections": summary.n_section,
        "number of weights that are trained": sum(trained),
        "fine-tuning": model.is_query_with_places_,
        "max_epochs": arguments.get("max_epochs"),
        "batch_size": arguments.get("batch_size", BATCH_SIZE),
        **{name: arguments.get(name) for name in OF_TRAINER},
        **(arguments.get("datasplitter_kwargs") or {}),
        **(arguments.get("plan_kwargs") or {}),
        "processes": n_processes(arguments),
    }
    return {name: _described(value) for name, value in found.items() if _is_set(value)}


def first_difference(found: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """Say in which way a training differs from the one that is wanted; ``None`` if in none."""
    for name in {**found, **wanted}:
        if found.get(name) != wanted.get(name):
            return f"its {name} is {found.get(name)}, here it is {wanted.get(name)}"
    return None


def _is_set(value: Any) -> bool:
    return value is not None and value is not False


def _described(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray):
        return f"an array of {value.size} ({_checksum(value.tobytes())})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_described, value))}]"
    name = getattr(value, "__qualname__", None)
    return repr(value) if name is None else str(name)


def _checksum(content: str | bytes) -> str:
    content = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(content).hexdigest()[:12]
