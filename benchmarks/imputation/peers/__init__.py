"""Other tools that impute genes in tissue: what each needs, and its runner."""

from pathlib import Path

from benchmarks.accuracy.peers import TORCH

REQUIREMENTS = {
    "gimVI": ("scviva-tools==0.1.7", "pooch==1.8.2", TORCH),
    "Tangram": ("tangram-sc==1.0.4", TORCH),
    "novoSpaRc": ("novosparc==0.4.4", TORCH),
    "ENVI": ("scenvi==0.4.6", "jax==0.4.38", "jaxlib==0.4.38", "flax==0.10.4"),
}


def runner_of(name):
    return Path(__file__).with_name(f"run_{name.lower()}.py")
