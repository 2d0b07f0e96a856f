"""The file that the state of a training is kept in."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from scvi.train import SaveCheckpoint

logger = logging.getLogger(__name__)


class WholeFileIO(TorchCheckpointIO):
    """Writes a file so that it is either the old one or the new one; warns of errors.

    Of several processes one writes, and all wait for it afterwards. A raised error would leave
    the others waiting for ever.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write next to the old file, and replace it once the new one is complete."""
        path = Path(path)
        half_written = path.with_name(f".{path.name}.part")
        try:
            super().save_checkpoint(checkpoint, half_written, storage_options)
            half_written.replace(path)
        except (OSError, RuntimeError) as error:
            logger.warning("The state of the training could not be kept in %s: %s", path, error)
            try:
                half_written.unlink(missing_ok=True)
            except OSError:
                logger.warning("%s is left of it: delete it.", half_written)


@contextmanager
def whole_files(trainer: Any) -> Iterator[dict[str, Any]]:
    """Let a trainer write states with :class:`WholeFileIO`, and no models next to them.

    ``SaveCheckpoint`` of scvi-tools would save the model with every state, so it waits outside.

    Yields
    ------
    The states of these callbacks, by their keys.
    """
    io, callbacks = trainer.strategy.checkpoint_io, trainer.callbacks
    savers = [callback for callback in callbacks if isinstance(callback, SaveCheckpoint)]
    trainer.strategy.checkpoint_io = WholeFileIO()
    trainer.callbacks = [callback for callback in callbacks if callback not in savers]
    try:
        yield {saver.state_key: saver.state_dict() for saver in savers}
    finally:
        trainer.strategy.checkpoint_io, trainer.callbacks = io, callbacks


def check_state_path(path: str | Path) -> Path:
    """Make the folder of a file; raise if the file cannot be written, before hours of training.

    Raises
    ------
    ValueError
        If the path is empty or a folder.
    OSError
        If its folder cannot be made or written into.
    """
    if not str(path) or Path(path).is_dir():
        found = f"the folder {path}" if str(path) else "empty"
        message = f"checkpoint is {found}: name a file, such as 'training.ckpt'."
        raise ValueError(message)
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"checkpoint={str(path)!r}: its folder cannot be made ({error}). Name another."
        raise OSError(message) from error
    if not os.access(path.parent, os.W_OK):
        message = f"checkpoint={str(path)!r}: its folder cannot be written into. Name another."
        raise OSError(message)
    return path
