"""Runners of other tools that impute genes; benchmarks/peers.py makes their environments."""

from pathlib import Path

NAMES = ("gimVI", "Tangram", "novoSpaRc", "ENVI")


def runner_of(name):
    return Path(__file__).with_name(f"run_{name.lower()}.py")
