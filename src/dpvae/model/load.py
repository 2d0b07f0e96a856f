"""Loading a model without knowing its class."""

from pathlib import Path

from dpvae._models import MODELS
from dpvae.model.base import SpatialModel
from dpvae.model.files.directory import saved_class_name


def load(dir_path: str | Path) -> SpatialModel:
    """Load a saved model of whatever class, ready to place queries.

    A saved model is a pickle, which can run code: load only what you trust.

    Parameters
    ----------
    dir_path
        Directory that ``model.save()`` wrote.

    Raises
    ------
    FileNotFoundError
        If the directory holds no model.
    ValueError
        If the file of the model is damaged, or the model is of another package.

    Examples
    --------
    >>> import dpvae
    >>> model = dpvae.model.load("model/")  # doctest: +SKIP
    """
    name = saved_class_name(dir_path)
    for entry in MODELS.values():
        if entry.class_name == name:
            model: SpatialModel = entry.load().load(dir_path)
            return model
    message = f"{dir_path} holds a {name}, not a model of dpvae: load it with its own package."
    raise ValueError(message)
