"""Make a virtual environment for each peer: python -m benchmarks.accuracy.peers FOLDER."""

import argparse
import subprocess
import venv
from pathlib import Path

from benchmarks.accuracy.peers import REQUIREMENTS, TORCH, VARIABLE, python_of


def install(name, folder, requirements):
    """Make one environment. torch comes first, so that nothing else chooses its build."""
    venv.create(folder / name, with_pip=True, clear=True)
    pip = [python_of(name, folder), "-m", "pip", "install", "--quiet", "--progress-bar", "off"]
    subprocess.run([*pip, TORCH], check=True)
    subprocess.run([*pip, *requirements], check=True)


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.peers", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="gets one environment for each peer")
    parser.add_argument("--only", nargs="+", default=list(REQUIREMENTS), choices=REQUIREMENTS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        install(name, options.folder.resolve(), REQUIREMENTS[name])
        print(f"{name} is installed", flush=True)
    print(f"export {VARIABLE}={options.folder.resolve()}")


if __name__ == "__main__":
    main()
