"""The directory that a model was saved to."""

from pathlib import Path
from zipfile import ZipFile

import torch


def check_model_directory(dir_path: str | Path, prefix: str = "") -> Path:
    """Raise if a directory holds no saved model, otherwise return the file of the model."""
    path = Path(dir_path) / f"{prefix}model.pt"
    if not path.exists():
        message = (
            f"{dir_path} holds no saved model (no file {path.name}): give the directory that "
            "model.save() wrote."
        )
        raise FileNotFoundError(message)
    return path


def saved_class_name(dir_path: str | Path, prefix: str = "") -> str:
    """Read of which class a saved model is, from a file that is whole.

    The file is a pickle, which can run code.

    Parameters
    ----------
    dir_path
        Directory that the model was saved to.
    prefix
        Put in front of file names.

    Raises
    ------
    FileNotFoundError
        If the directory holds no model.
    ValueError
        If the file is damaged, or no saved model.
    """
    path = check_model_directory(dir_path, prefix)
    message = f"{path} cannot be read as a saved model; it may be of another kind or damaged."
    try:
        with ZipFile(path) as parts:
            damaged = parts.testzip()
        saved = torch.load(path, map_location="cpu", weights_only=False, mmap=True)
        name = saved["attr_dict"]["registry_"]["model_name"]
    except (MemoryError, PermissionError):
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(message) from error
    if damaged is not None or not isinstance(name, str):
        raise ValueError(message)
    return name
