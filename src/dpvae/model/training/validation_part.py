"""The validation part: what needs it, and how many cells are in it."""

from collections.abc import Mapping
from math import ceil, floor
from typing import Any

from dpvae._data.counted import counted
from dpvae.module.number import is_number

BATCH_SIZE = 128
DEFAULT_TRAIN_SIZE = 0.9
OWN = {"train_size", "validation_size", "batch_size", "shuffle_set_split", "load_sparse_tensor"}


def with_default_split(arguments: Mapping[str, Any], n_cells: int) -> dict[str, Any]:
    """Let every cell train, unless a validation part is requested or needed.

    It is needed by what monitors it (:func:`needs_validation`). It is requested by the size or the
    cells of either part, or by how often to look at it. A last minibatch of one or two
    cells, which batch normalisation cannot use, is left out; its cells differ from epoch to epoch.

    Parameters
    ----------
    arguments
        Arguments of ``train``.
    n_cells
        Number of cells.

    Returns
    -------
    The arguments, completed.

    Raises
    ------
    ValueError
        If shares of cells are not possible, or a validation part is needed and no cell is in it.
    """
    splitter = dict(arguments.get("datasplitter_kwargs") or {})
    asking = {"train_size", "validation_size", "check_val_every_n_epoch"}
    asked = asking & set(arguments) or "external_indexing" in splitter
    check_split(arguments, n_cells)
    if asked or needs_validation(arguments) is not None:
        return dict(arguments)
    batch_size = arguments.get("batch_size", BATCH_SIZE)
    if n_cells > batch_size and 0 < n_cells % batch_size <= 2:
        splitter.setdefault("drop_last", True)
    return {**arguments, "train_size": 1.0, "datasplitter_kwargs": splitter}


def needs_validation(arguments: Mapping[str, Any]) -> str | None:
    """Name the argument of ``train`` that looks at a validation part, if there is one."""
    plan = {**_mapping(arguments.get("plan_config")), **(arguments.get("plan_kwargs") or {})}
    metric = plan.get("lr_scheduler_metric", "validation")
    if arguments.get("early_stopping"):
        return "early_stopping"
    if plan.get("reduce_lr_on_plateau") and "validation" in metric:
        return "reduce_lr_on_plateau"
    if arguments.get("enable_checkpointing"):
        monitor = arguments.get("checkpointing_monitor", "validation_loss")
        return "enable_checkpointing" if "validation" in monitor else None
    watching = (getattr(callback, "monitor", None) for callback in arguments.get("callbacks") or ())
    return "a callback" if any("validation" in (metric or "") for metric in watching) else None


def has_validation(arguments: Mapping[str, Any], n_cells: int) -> bool:
    """Whether the arguments of ``train`` leave cells for a validation part."""
    return why_no_validation(arguments, n_cells) is None


def why_no_validation(arguments: Mapping[str, Any], n_cells: int) -> str | None:
    """Say which argument of ``train`` leaves the validation part empty; ``None`` if none does.

    Parameters
    ----------
    arguments
        Arguments of ``train``, checked by :func:`check_split`.
    n_cells
        Number of cells.
    """
    indexing = (arguments.get("datasplitter_kwargs") or {}).get("external_indexing")
    if arguments.get("limit_val_batches", 1) == 0:
        return "limit_val_batches is 0"
    if indexing is not None:
        part = indexing[1] if len(indexing) > 1 else None
        return "external_indexing has no second part" if part is None or len(part) == 0 else None
    train_size, size = arguments.get("train_size"), arguments.get("validation_size")
    n_train = ceil(n_cells * (DEFAULT_TRAIN_SIZE if train_size is None else train_size))
    if size is None and n_train == n_cells:
        return (
            "all cells train"
            if train_size == 1
            else f"{counted(n_cells, 'cell leaves', 'cells leave')} none for it"
        )
    if size is not None and floor(n_cells * size) == 0:
        return f"validation_size is {size}"
    return None


def check_split(arguments: Mapping[str, Any], n_cells: int) -> None:
    """Raise if cells cannot be split as the arguments of ``train`` say.

    Parameters
    ----------
    arguments
        Arguments of ``train``.
    n_cells
        Number of cells.

    Raises
    ------
    ValueError
        If shares of cells are not possible, or an argument looks at a validation part in which
        there is no cell.
    """
    doubled = sorted(OWN & set(arguments.get("datasplitter_kwargs") or {}))
    if doubled:
        message = f"datasplitter_kwargs holds {doubled[0]}: give it to train itself."
        raise ValueError(message)
    train_size, size = arguments.get("train_size"), arguments.get("validation_size")
    if train_size is not None and not (is_number(train_size) and 0 < train_size <= 1):
        message = f"train_size is {train_size!r}: give a share above 0 and at most 1."
        raise ValueError(message)
    if size is not None and not (is_number(size) and 0 <= size < 1):
        message = f"validation_size is {size!r}: give a share that is at least 0 and below 1."
        raise ValueError(message)
    need, why = needs_validation(arguments), why_no_validation(arguments, n_cells)
    if need is not None and why is not None:
        message = (
            f"{need} looks at a validation part, but {why}: leave cells for it, such as by "
            f"train_size=0.9, or leave out {need}."
        )
        raise ValueError(message)


def _mapping(config: Any) -> Mapping[str, Any]:
    return config if isinstance(config, Mapping) else {}
