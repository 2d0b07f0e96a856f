"""What a saved model consists of, and how it is read and written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from dpvae.model.files.array_file import read_arrays, write_arrays
from dpvae.model.files.directory import PICKLE_FILE, model_file
from dpvae.model.files.encoding import Arrays, RefusedError, decode, encode

FORMAT = 2
PYRO = "pyro_param_store"  # of other models of the session


@dataclass(frozen=True)
class SavedModel:
    """A model as data.

    Parameters
    ----------
    weights
        Of its module, by name.
    genes
        Names of the genes, shape ``(n_genes,)``.
    attributes
        Those whose names end in an underscore, as scvi-tools saves them.

    Raises
    ------
    RefusedError
        If an attribute has another kind of name, or cells would be registered by another method
        than ``setup_anndata``: scvi-tools would call what a file names.
    TypeError, KeyError
        If it is not what a model consists of.
    """

    weights: dict[str, torch.Tensor]
    genes: NDArray[Any]
    attributes: dict[str, Any]

    def __post_init__(self) -> None:
        for name in self.attributes:
            if name.startswith("_") or not name.endswith("_"):
                message = f"it would set {name!r}, which is no attribute of a saved model."
                raise RefusedError(message)
        method = self.registry.get("setup_method_name", "setup_anndata")
        if method != "setup_anndata":
            message = f"it would call {method!r} to register cells."
            raise RefusedError(message)
        parts = (*self.weights.values(), self.genes, self.class_name, self.registry["setup_args"])
        kinds = (*[torch.Tensor] * len(self.weights), np.ndarray, str, dict)
        if not all(map(isinstance, parts, kinds)):
            message = "A part of the model is of another type."
            raise TypeError(message)

    @property
    def registry(self) -> dict[str, Any]:
        """What scvi-tools knows of the cells that the model was made for."""
        registry: dict[str, Any] = self.attributes["registry_"]
        return registry

    @property
    def class_name(self) -> str:
        """Name of the model's class."""
        name: str = self.registry["model_name"]
        return name


def write_model(model: SavedModel, path: Path) -> None:
    """Write a file that cannot run code.

    Raises
    ------
    TypeError
        If an attribute is of a type that such a file cannot hold.
    OSError
        If the file cannot be written.
    """
    arrays: Arrays = {}
    parts = {name: getattr(model, name) for name in ("weights", "genes", "attributes")}
    try:
        document = {name: encode(of, name, arrays) for name, of in parts.items()}
    except TypeError as error:
        message = (
            f"The model cannot be saved: {error}, which a file that cannot run code does not hold. "
            "Delete it, give it a name without an underscore at its end, which is not saved, or "
            "save a pickle: save(…, as_pickle=True)."
        )
        raise TypeError(message) from error
    write_arrays(path, {"format": FORMAT, **document}, arrays)


def read_model(
    dir_path: str | Path, prefix: str | None = None, *, allow_pickle: bool = False
) -> SavedModel:
    """Read a saved model. Nothing in the file is run, unless a pickle is allowed and is there.

    Parameters
    ----------
    dir_path
        Directory that the model was saved to.
    prefix
        Put in front of file names.
    allow_pickle
        Whether the pickle of scvi-tools is read if there is no other file.

    Raises
    ------
    FileNotFoundError
        If the directory holds no model.
    ValueError
        If the file is damaged or no saved model, or is a pickle and that is not allowed.
    """
    path = model_file(dir_path, prefix or "", allow_pickle=allow_pickle)
    try:
        return _unpickled(path) if path.name.endswith(PICKLE_FILE) else _read(path)
    except (MemoryError, PermissionError):
        raise
    except RefusedError as error:
        message = f"{path} cannot be read as a saved model: {error}"
        raise ValueError(message) from error
    except Exception as error:  # a damaged file can raise anything
        message = f"{path} cannot be read as a saved model; it may be of another kind or damaged."
        raise ValueError(message) from error


def _read(path: Path) -> SavedModel:
    document, arrays = read_arrays(path)
    if document.pop("format") != FORMAT:
        message = "another version of dpvae wrote it. Use that version, or train the model anew."
        raise RefusedError(message)
    return SavedModel(**decode(document, arrays))


def _unpickled(path: Path) -> SavedModel:
    with ZipFile(path) as parts:
        damaged = parts.testzip()
    if damaged is not None:
        raise ValueError(damaged)
    stored = torch.load(path, map_location="cpu", weights_only=False)
    surfaces = getattr(stored["attr_dict"].get("atlas_"), "surfaces", None)
    has_no_axes = surfaces is not None and not hasattr(surfaces, "axes")
    if "layout_" in stored["attr_dict"] or has_no_axes:
        message = "an earlier version of dpvae wrote it. Train the model anew."
        raise RefusedError(message)
    weights = {name: of for name, of in stored["model_state_dict"].items() if name != PYRO}
    return SavedModel(weights, stored["var_names"], stored["attr_dict"])
