"""Loading a model without knowing its class."""

from pathlib import Path

from anndata import AnnData

from dpvae._models import MODELS
from dpvae.model.base import SpatialModel
from dpvae.model.files.directory import saved_cells
from dpvae.model.files.saved_model import read_model


def load(
    dir_path: str | Path, adata: AnnData | None = None, *, allow_pickle: bool = False
) -> SpatialModel:
    """Load a saved model of whatever class, ready to place queries.

    Nothing in its file can run, unless a pickle is allowed.

    Parameters
    ----------
    dir_path
        Directory that ``model.save()`` wrote.
    adata
        The cells that the model was made with. By default those that were saved with it
        (``save_anndata=True``); without them it places queries, and is not trained further.
    allow_pickle
        Whether the pickle of scvi-tools is read if there is no other file. A pickle can run any
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
            cells = saved_cells(dir_path) if adata is None else adata
            model: SpatialModel = entry.load().from_saved(saved, cells)
            return model
    message = (
        f"{dir_path} holds a {saved.class_name}, not a model of dpvae: load it with its own "
        "package."
    )
    raise ValueError(message)
