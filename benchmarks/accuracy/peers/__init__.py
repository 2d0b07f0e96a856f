"""Runners of other tools that place cells; benchmarks/peers.py makes their environments."""

from pathlib import Path

NAMES = ("CeLEry", "Tangram", "novoSpaRc", "moscot")


def runner_of(name):
    return Path(__file__).with_name(f"run_{name.lower()}.py")
