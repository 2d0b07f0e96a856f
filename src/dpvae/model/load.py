"""Loading a model without knowing its class."""

from pathlib import Path

from dpvae.model.dpscvi import DPSCVI
from dpvae.model.dpvae import DPVAE
from dpvae.model.files.directory import saved_class_name


def load(dir_path: str | Path) -> DPVAE | DPSCVI:
    """Load a saved model of either class, ready to place queries.

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
    if name == DPVAE.__name__:
        return DPVAE.load(dir_path)
    if name == DPSCVI.__name__:
        return DPSCVI.load(dir_path)
    message = f"{dir_path} holds a {name}, not a model of dpvae: load it with its own package."
    raise ValueError(message)
