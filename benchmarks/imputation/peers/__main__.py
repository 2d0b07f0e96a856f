"""Make an environment for each peer: python -m benchmarks.imputation.peers FOLDER.

Environments have the Python that this runs with. gimVI's needs Python 3.12 or newer.
"""

import argparse
from pathlib import Path

from benchmarks.accuracy.peers import VARIABLE
from benchmarks.accuracy.peers.__main__ import install
from benchmarks.imputation.peers import REQUIREMENTS


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.imputation.peers", description=__doc__
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
