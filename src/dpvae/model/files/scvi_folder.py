"""A folder of our own that scvi-tools reads a model from: its pickle is written here, by us."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import HIGHEST_PROTOCOL
from tempfile import TemporaryDirectory

import torch

from dpvae.model.files.directory import PICKLE_FILE
from dpvae.model.files.saved_model import SavedModel


@contextmanager
def scvi_folder(model: SavedModel) -> Iterator[str]:
    """Write a model into a folder that only we can write into, and delete it afterwards."""
    with TemporaryDirectory() as folder:
        stored = {
            "model_state_dict": model.weights,
            "var_names": model.genes,
            "attr_dict": model.attributes,
        }
        torch.save(stored, Path(folder) / PICKLE_FILE, pickle_protocol=HIGHEST_PROTOCOL)
        logger = logging.getLogger("scvi")  # which tells of this file
        level = logger.level
        logger.setLevel(max(level, logging.WARNING))
        try:
            yield folder
        finally:
            logger.setLevel(level)
