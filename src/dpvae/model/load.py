"""Loading a model without knowing its class."""

from pathlib import Path

from dpvae._models import MODELS
from dpvae.model.base import SpatialModel
from dpvae.model.files.directory import saved_cells
from dpvae.model.files.saved_model import read_model


def load(dir_path: str | Path, *, allow_pickle: bool = False) -> SpatialModel:
    """Load a saved model of whatever class, ready to place queries.

    Nothing in its file can run, unless a pickle is allowed.

    Parameters
    ----------
    dir_path
        Directory that ``model.save()`` wrote.
    allow_pickle
        Whether the pickle of scvi-tools is read if there is nothing else. A pickle can run any
        code: allow it only if you trust where it comes from.

    Returns
    -------
    A model of the class that was saved.

    Raises
    ------
    FileNotFoundError
        If the directory holds no model.
    ValueError
        If the file of the model is damaged; the model is of another package; or it is a pickle
        and that is not allowed.

    Examples
    --------
    >>> import dpvae
    >>> model = dpvae.model.load("model/")  # doctest: +SKIP
    """
    saved = read_model(dir_path, allow_pickle=allow_pickle)
    for entry in MODELS.values():
        if entry.class_name == saved.class_name:
            model: SpatialModel = entry.load()._from_saved(saved, saved_cells(dir_path))
            return model
    message = (
        f"{dir_path} holds a {saved.class_name}, not a model of dpvae: load it with its own "
        "package."
    )
    raise ValueError(message)
