"""The directory that a model was saved to."""

from pathlib import Path


def check_model_directory(dir_path: str | Path, prefix: str = "") -> Path:
    """Raise where a directory holds no saved model, else return the file of the model."""
    path = Path(dir_path) / f"{prefix}model.pt"
    if not path.exists():
        message = (
            f"{dir_path} holds no saved model (no file {path.name}): give the directory that "
            "model.save() wrote."
        )
        raise FileNotFoundError(message)
    return path
