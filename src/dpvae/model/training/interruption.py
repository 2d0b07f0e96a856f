"""Ctrl-C while a model is trained."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

logger = logging.getLogger(__name__)


class InterruptionWatch(Callback):
    """Remembers whether training was interrupted, and in which epoch."""

    def __init__(self) -> None:
        self.epoch: int | None = None

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Take note of Ctrl-C."""
        del pl_module
        if isinstance(exception, KeyboardInterrupt):
            self.epoch = trainer.current_epoch


@contextmanager
def usable_when_interrupted(
    model: Any, max_epochs: int, keep: Callable[[], None]
) -> Iterator[InterruptionWatch]:
    """Leave a usable model behind if training is interrupted.

    Lightning turns Ctrl-C into an exit, and lets the process ignore the next ones; here it stays
    a ``KeyboardInterrupt``, and the next ones count.

    Parameters
    ----------
    model
        The model that is trained.
    max_epochs
        Number of epochs that were to be trained.
    keep
        What is to be done after a training, for the model to place cells.
    """
    watch = InterruptionWatch()
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield watch
    except (KeyboardInterrupt, SystemExit):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)
        if watch.epoch is None:
            raise
        model.module.eval()
        model.is_trained_ = True
        keep()
        logger.warning(
            "Training was interrupted in epoch %d of %d. The model can be used as it is now; "
            "it was trained for a shorter time than it should be.",
            watch.epoch + 1,
            max_epochs,
        )
        raise KeyboardInterrupt from None
