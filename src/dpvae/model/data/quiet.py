"""Messages of the libraries below that users of this one do not need."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

NOISE = (
    r".*has fewer than 3 cells",
    r".*does not have many workers",
    r".*smaller than the logging interval",
    r"Last batch will have a small size",
    r"Total length of `list` across ranks is zero",
    r".*isinstance\(treespec, LeafSpec\)",
    r"early_stopping was automatically disabled",
    r"(GPU|TPU|MPS) available but not used",
)
LOUD_LOGGERS = ("lightning.pytorch", "lightning.fabric")


@contextmanager
def without_noise() -> Iterator[None]:
    """Silence messages of the libraries below that users of this one do not need."""
    loggers = [logging.getLogger(name) for name in LOUD_LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for message in NOISE:
            warnings.filterwarnings("ignore", message=message)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(max(level, logging.WARNING))
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
