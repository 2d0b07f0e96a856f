"""The command line as ``python -m dpvae``."""

import subprocess
import sys
from importlib.metadata import version


def run(*arguments):
    command = [sys.executable, "-m", "dpvae", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_is_the_command_of_the_same_name():
    assert run("--version").stdout == f"dpvae {version('dpvae')}\n"
    wrong = run("predict")
    assert wrong.returncode == 2
    assert "Usage: dpvae predict" in wrong.stderr
