"""Fetching of a saved model that is not on disk."""

from pathlib import Path
from tempfile import TemporaryDirectory

from torch.hub import download_url_to_file

from dpvae.model.files.array_file import is_pickle
from dpvae.model.files.directory import MODEL_FILE, PICKLE_FILE


def download_model(url: str, dir_path: Path, prefix: str = "") -> None:
    """Download the file of a model, unless there is one; it is not read.

    Parameters
    ----------
    url
        Where the file is.
    dir_path
        Directory that it is written to, and that is made if it does not exist.
    prefix
        Put in front of file names.
    """
    if any((dir_path / f"{prefix}{name}").exists() for name in (MODEL_FILE, PICKLE_FILE)):
        return
    dir_path.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=dir_path) as scratch:
        file = Path(scratch) / MODEL_FILE
        download_url_to_file(url, str(file), progress=False)
        name = PICKLE_FILE if is_pickle(file) else MODEL_FILE
        file.replace(dir_path / f"{prefix}{name}")
