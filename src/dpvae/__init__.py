"""Give cells their place back: distance-preserving VAEs for spatial transcriptomics."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from dpvae import datasets, geometry, io, metrics, model, module, pl, pp, tl

__all__ = ["datasets", "geometry", "io", "metrics", "model", "module", "pl", "pp", "tl"]
__version__ = version("dpvae")
OF_MODELS = ("DPSCVI", "DPVAE", "load")


def __getattr__(name: str) -> "ModuleType":
    """Import a part of the package when it is first used: torch and scvi-tools are heavy."""
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    message = f"module {__name__!r} has no attribute {name!r}"
    if name in OF_MODELS:
        message += f": use dpvae.model.{name}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
