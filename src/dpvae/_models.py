"""The models of the package: the one table that loading, command line and tests read."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple


class ModelEntry(NamedTuple):
    """A model, by where its class is; nothing is imported before it is used.

    Parameters
    ----------
    path
        Module and class.
    description
        What it takes, for the help of the command line.
    joins
        Whether its reference is of several technologies, put together by :func:`dpvae.tl.join`.
    """

    path: str
    description: str
    joins: bool = False

    @property
    def class_name(self) -> str:
        """Name of the class."""
        return self.path.rpartition(".")[2]

    def load(self) -> Any:
        """Import the class."""
        module, _, name = self.path.rpartition(".")
        return getattr(import_module(module), name)


MODELS: Final[Mapping[str, ModelEntry]] = {
    "dpvae": ModelEntry(
        "dpvae.model.backbones.dpvae.DPVAE",
        "log-normalised expression (counts are normalised for you)",
    ),
    "dphvae": ModelEntry(
        "dpvae.model.backbones.dphvae.DPHVAE",
        "log-normalised expression, through two levels of latents",
    ),
    "dpscvi": ModelEntry("dpvae.model.backbones.dpscvi.DPSCVI", "raw counts, through scVI"),
    "spavae": ModelEntry(
        "dpvae.model.backbones.spavae.SPAVAE", "raw counts, through latents that follow the tissue"
    ),
    "spaldvae": ModelEntry(
        "dpvae.model.backbones.spaldvae.SPALDVAE", "the same, with a linear decoder"
    ),
    "dpvgae": ModelEntry(
        "dpvae.model.backbones.dpvgae.DPVGAE",
        "dissociated cells and imaged tissue, joined by dpvae.tl.join",
        joins=True,
    ),
    "surfaces": ModelEntry(
        "dpvae.model.backbones.surfaces.Surfaces",
        "log-normalised expression, without training a network, in seconds",
    ),
}
