"""The directory that a model was saved to."""

from pathlib import Path
from typing import Literal

from anndata import AnnData, read_h5ad

MODEL_FILE = "model.safetensors"
PICKLE_FILE = "model.pt"
CELLS_FILE = "adata.h5ad"


def model_file(dir_path: str | Path, prefix: str = "", *, allow_pickle: bool = False) -> Path:
    """Find the file of a saved model.

    Parameters
    ----------
    dir_path
        Directory that the model was saved to.
    prefix
        Put in front of file names.
    allow_pickle
        Whether it may be the pickle of scvi-tools if there is no other one.

    Raises
    ------
    FileNotFoundError
        If the directory holds no model.
    ValueError
        If it holds only a pickle and that is not allowed.
    """
    file, pickle = (Path(dir_path) / f"{prefix}{name}" for name in (MODEL_FILE, PICKLE_FILE))
    if file.exists():
        return file
    if not pickle.exists():
        found = "is a file" if Path(dir_path).is_file() else f"has no file {file.name}"
        message = (
            f"{dir_path} holds no saved model (it {found}): give the directory that model.save() "
            "wrote."
        )
        raise FileNotFoundError(message)
    if not allow_pickle:
        options = f", prefix={prefix!r}" if prefix else ""
        message = (
            f"{dir_path} holds only a pickle ({pickle.name}), which can run any code that somebody "
            "put into it, and is not read. If you trust where it comes from, use "
            f"load({str(dir_path)!r}{options}, allow_pickle=True); saved again, the model is a "
            "file that cannot run code."
        )
        raise ValueError(message)
    return pickle


def saved_cells(dir_path: str | Path, prefix: str = "") -> AnnData | Literal[False]:
    """Read the cells that were saved with a model; ``False`` if there are none."""
    file = Path(dir_path) / f"{prefix}{CELLS_FILE}"
    return read_h5ad(file) if file.exists() else False
