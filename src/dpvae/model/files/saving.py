"""Saving and copying of models."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from lightning.pytorch.utilities import rank_zero_only


class WholeSaving:
    """Saves a model so that a file is either the old one or the new one, never half of one.

    Copies of it, by pickle or :func:`copy.deepcopy`, work like the original.
    """

    id: str

    def save(
        self,
        dir_path: str | Path,
        prefix: str | None = None,
        overwrite: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> None:
        """Save the model; of several processes that train together, one does.

        Files are written beside the directory first and moved into it when they are whole: where
        the disk is full, what was saved before survives.

        Parameters
        ----------
        dir_path
            Directory that is made for the model.
        prefix
            Put in front of file names.
        overwrite
            Whether files of an earlier model may be replaced.
        **kwargs
            ``save_anndata`` and others, see :meth:`scvi.model.SCVI.save`.

        Raises
        ------
        ValueError
            If the directory exists and ``overwrite`` is not set.
        OSError
            If the files cannot be written.
        """
        path = Path(dir_path)
        if getattr(rank_zero_only, "rank", 0):
            return
        if path.exists() and not overwrite:
            message = f"{path} exists already: choose another name, or pass overwrite=True."
            raise ValueError(message)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as scratch:
                super().save(scratch, prefix=prefix, overwrite=True, **kwargs)  # type: ignore[misc]
                path.mkdir(exist_ok=True)
                for file in Path(scratch).iterdir():
                    file.replace(path / file.name)
        except (OSError, RuntimeError) as error:
            message = (
                f"The model could not be saved to {path}: {error}. See whether the disk is full or "
                "the folder cannot be written into. A model that was saved there before is left as "
                "it was."
            )
            raise OSError(message) from error

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the last query where a model is copied, by pickle or ``copy.deepcopy``."""
        return {name: value for name, value in self.__dict__.items() if name != "_query"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Register a copied model and its cells with scvi-tools under a name of their own."""
        self.__dict__.update(state)
        self.id = str(uuid4())
        if state["_adata"] is not None:
            register = self._register_manager_for_instance  # type: ignore[attr-defined]
            register(state["_adata_manager"])
