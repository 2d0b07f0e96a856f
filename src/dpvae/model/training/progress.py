"""What a training shows while it runs, and says at its end."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.utilities import rank_zero_only
from tqdm.auto import tqdm

from dpvae._keys import HISTORY

N_LINES = 10
LONG = 100
TERM = f"{HISTORY.distance_loss}_train"
GUIDE = "“How good is it?” in the user guide"
UNITS = {"absolute": "tissue radii", "squared": "squared tissue radii"}


class TrainingProgress(ProgressBar):
    """Shows the epoch, the distance term, if it counts, and the time left.

    In a terminal and in a notebook it is a bar. Elsewhere, as in the log file of a cluster, it is
    ten lines. It writes to standard error.

    Parameters
    ----------
    distance_unit
        Unit of the distance term.
    """

    def __init__(self, distance_unit: str) -> None:
        super().__init__()
        self.distance_unit = distance_unit
        self._is_enabled = True
        self._bar: Any = None
        self._start = (0.0, 0)

    def disable(self) -> None:
        """Show nothing: of several processes, one shows how far they are."""
        self._is_enabled = False

    def enable(self) -> None:
        """Show what there is to show."""
        self._is_enabled = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin with the epoch that training begins with."""
        super().on_train_start(trainer, pl_module)
        self._start = (time.monotonic(), trainer.current_epoch)
        if self._is_enabled and _is_redrawn():
            self._bar = tqdm(
                total=trainer.max_epochs,
                initial=trainer.current_epoch,
                desc="Training",
                unit="epoch",
                file=sys.stderr,
            )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the bar anew, or write a line if a tenth of the epochs is done."""
        done, total = trainer.current_epoch + 1, trainer.max_epochs or 0
        module: Any = pl_module.module
        counts = module.distance_term.weight > 0
        term = trainer.callback_metrics.get(TERM) if counts else None
        shown = "" if term is None else f"distance term {float(term):.3g} {self.distance_unit}"
        if self._bar is not None:
            self._bar.set_postfix_str(shown, refresh=False)
            self._bar.update()
        elif self._is_enabled and _is_time_for_line(done, total):
            began, first = self._start
            left = (time.monotonic() - began) / (done - first) * (total - done)
            parts = (f"Epoch {done}/{total}", shown, f"{tqdm.format_interval(left)} left")
            tell(", ".join(filter(None, parts)))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the bar as it is."""
        del trainer, pl_module
        self._close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leave the bar as it is."""
        del trainer, pl_module, exception
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def with_progress(arguments: Mapping[str, Any], distance_error: str) -> dict[str, Any]:
    """Show progress in our way, unless it is silenced or another bar is given.

    Parameters
    ----------
    arguments
        Arguments of ``train``.
    distance_error
        Kind of the distance term, ``"absolute"`` or ``"squared"``.

    Returns
    -------
    The arguments, completed.
    """
    if is_silent(arguments) or "simple_progress_bar" in arguments:
        return dict(arguments)
    bar = TrainingProgress(UNITS[distance_error])
    callbacks = [*(arguments.get("callbacks") or ()), bar]
    return {**arguments, "callbacks": callbacks, "simple_progress_bar": False}


def is_silent(arguments: Mapping[str, Any]) -> bool:
    """Whether the arguments of ``train`` ask for no progress to be shown."""
    shown = arguments.get("enable_progress_bar", True)
    return not (shown and arguments.get("progress_bar_refresh_rate", 1))


def end_of_training(model: Any) -> str:
    """Say how well a training kept distances, and that new cells may be placed less well.

    Parameters
    ----------
    model
        The model, which has just been trained.
    """
    terms = (getattr(model, "history", None) or {}).get(TERM)
    if terms is None or not len(terms):
        return "The model is trained."
    term, n_epochs = float(terms.iloc[-1, 0]), len(terms)
    sentence = f"The model is trained ({n_epochs} epoch{'s' * (n_epochs > 1)})"
    distance_term = model.module.distance_term
    if not (distance_term.weight > 0 and term > 0):
        return f"{sentence}."
    if distance_term.error == "squared":
        term **= 0.5
    length = term * float(distance_term.unit)
    return (
        f"{sentence}: distances between the cells that it learned from are off by {term:.2g} "
        f"tissue radii, {_in_words(length)} in the unit of the coordinates, on average. Only cells "
        f"that were held out show how well it places new ones: {GUIDE}."
    )


@rank_zero_only
def tell(sentence: str) -> None:
    """Write a line to standard error, where progress is shown."""
    tqdm.write(sentence, file=sys.stderr)


def _in_words(length: float) -> str:
    return f"{length:.3g}" if length < LONG else f"{length:,.0f}"


def _is_time_for_line(done: int, total: int) -> bool:
    return done * N_LINES // total > (done - 1) * N_LINES // total if total > 0 else False


def _is_redrawn() -> bool:
    """Whether what is written can be drawn over: by a terminal, or by a notebook."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel")
