"""Other tools that place cells: what each needs, where its environment is, and its runner."""

import os
from pathlib import Path

VARIABLE = "DPVAE_PEERS"
TORCH = "torch==2.13.0"
REQUIREMENTS = {
    "CeLEry": ("CeLEryPy==1.2.1", TORCH),
    "Tangram": ("tangram-sc==1.0.4", TORCH),
    "novoSpaRc": ("novosparc==0.4.4", TORCH),
    "moscot": ("moscot==0.5.2", TORCH),
}


def folder_of_environments():
    """The folder that holds an environment for each peer, or None where the variable is not set."""
    folder = os.environ.get(VARIABLE)
    return Path(folder).resolve() if folder else None


def python_of(name, folder):
    return folder / name / "bin" / "python"


def runner_of(name):
    return Path(__file__).with_name(f"run_{name.lower()}.py")
