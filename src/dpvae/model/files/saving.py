"""Saving and copying of models."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from lightning.pytorch.trainer.states import TrainerStatus
from lightning.pytorch.utilities import rank_zero_only
from scvi.data import AnnDataManager

from dpvae.model.files.directory import CELLS_FILE, MODEL_FILE, PICKLE_FILE
from dpvae.model.files.saved_model import SavedModel, read_model, write_model
from dpvae.model.query.encoding_model import EncodingModel


class SavingModel(EncodingModel):
    """Saves a model so that a file is either the old one or the new one, never half of one.

    Copies of it, by pickle or :func:`copy.deepcopy`, work like the original.
    """

    trainer: Any = None

    def save(
        self,
        dir_path: str | Path,
        prefix: str | None = None,
        overwrite: bool = False,  # noqa: FBT001, FBT002
        save_anndata: bool = False,  # noqa: FBT001, FBT002
        *,
        as_pickle: bool = False,
        **kwargs: Any,
    ) -> None:
        """Save the model; of several processes that train together, one does.

        The file ``model.safetensors`` holds numbers and text, and nothing that could run. Files are
        written next to the directory first and moved into it when complete: if the disk is full,
        what was saved before survives.

        Parameters
        ----------
        dir_path
            Directory that is made for the model.
        prefix
            Put in front of file names.
        overwrite
            Whether files of an earlier model may be replaced.
        save_anndata
            Whether the AnnData is saved as well, as ``adata.h5ad``.
        as_pickle
            Whether the pickle of scvi-tools is written in place of our file. It can run code, so
            that :meth:`load` reads it only if asked to. A callback of scvi-tools that saves the
            model during training gets both.
        **kwargs
            Of :meth:`anndata.AnnData.write_h5ad`; with ``as_pickle`` of
            :meth:`scvi.model.SCVI.save`.

        Raises
        ------
        ValueError
            If the directory exists and ``overwrite`` is not set.
        TypeError
            If an attribute of the model that ends in an underscore is of a type that only a pickle
            can hold.
        OSError
            If the files cannot be written.
        """
        path, prefix = Path(dir_path), prefix or ""
        if getattr(rank_zero_only, "rank", 0):
            return
        if path.exists() and not overwrite:
            message = f"{path} exists already: choose another name, or pass overwrite=True."
            raise ValueError(message)
        is_training = (
            self.trainer is not None and self.trainer.state.status == TrainerStatus.RUNNING
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as scratch:
                if as_pickle or is_training:
                    save = super().save
                    save(scratch, prefix, overwrite=True, save_anndata=save_anndata, **kwargs)
                elif save_anndata:
                    self.adata.write_h5ad(Path(scratch, prefix + CELLS_FILE), **kwargs)
                if not as_pickle:
                    write_model(self._as_data(), Path(scratch, prefix + MODEL_FILE))
                path.mkdir(exist_ok=True)
                new = [file.replace(path / file.name) for file in Path(scratch).iterdir()]
            for file in (path / f"{prefix}{name}" for name in (MODEL_FILE, PICKLE_FILE)):
                if file not in new:  # of an earlier model
                    file.unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:
            message = (
                f"The model could not be saved to {path}: {error}. See whether the disk is full or "
                "the folder cannot be written into. A model that was saved there before is left as "
                "it was."
            )
            raise OSError(message) from error

    @staticmethod
    def load_registry(
        dir_path: str | Path, prefix: str | None = None, *, allow_pickle: bool = False
    ) -> dict[str, Any]:
        """Read what scvi-tools knows of the cells that a saved model was made for.

        Parameters
        ----------
        dir_path
            Directory that a model of any class was saved to.
        prefix
            Put in front of file names.
        allow_pickle
            As in :meth:`load`.

        Raises
        ------
        FileNotFoundError
            If the directory holds no model.
        ValueError
            If the file of the model is damaged, or a pickle and that is not allowed.
        """
        return read_model(dir_path, prefix, allow_pickle=allow_pickle).registry

    @staticmethod
    def view_setup_args(
        dir_path: str | Path, prefix: str | None = None, *, allow_pickle: bool = False
    ) -> None:
        """Show what ``setup_anndata`` of a saved model was given; see :meth:`load_registry`."""
        registry = read_model(dir_path, prefix, allow_pickle=allow_pickle).registry
        AnnDataManager.view_setup_method_args(registry)

    @classmethod
    def convert_legacy_save(cls, *args: Any, allow_pickle: bool = False, **kwargs: Any) -> None:
        """Convert what scvi-tools before 0.15 saved, which are pickles, into one pickle.

        Parameters
        ----------
        *args, **kwargs
            See :meth:`scvi.model.SCVI.convert_legacy_save`.
        allow_pickle
            Whether you trust where the files come from: they can run any code.

        Raises
        ------
        ValueError
            If pickles are not allowed.
        """
        if not allow_pickle:
            message = (
                "Such files are pickles, which can run any code that somebody put into them. If "
                "you trust where they come from, pass allow_pickle=True."
            )
            raise ValueError(message)
        super().convert_legacy_save(*args, **kwargs)

    @staticmethod
    def prepare_query_mudata(*_args: Any, **_kwargs: Any) -> None:
        """Refuse a MuData: the models take an AnnData.

        Raises
        ------
        NotImplementedError
            Always.
        """
        message = "The models take an AnnData: run prepare_query_anndata(mdata['rna'], model)."
        raise NotImplementedError(message)

    def _as_data(self) -> SavedModel:
        attributes = {
            name: value
            for name, value in vars(self).items()
            if name.endswith("_") and not name.startswith("_")
        }
        genes = self.get_var_names()
        return SavedModel(dict(self.module.state_dict()), genes, attributes)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the last query if a model is copied, by pickle or ``copy.deepcopy``."""
        return {name: value for name, value in self.__dict__.items() if name != "_query"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Register a copied model and its cells with scvi-tools under a name of their own."""
        self.__dict__.update(state)
        self.id = str(uuid4())
        if state["_adata"] is not None:
            register = self._register_manager_for_instance
            register(state["_adata_manager"])
