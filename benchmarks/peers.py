"""Make an environment for each of the other tools: python -m benchmarks.peers FOLDER.

Environments have the Python that this runs with. gimVI, the last one, needs Python 3.12 or newer.
Their runners are in ``benchmarks/accuracy/peers`` and ``benchmarks/imputation/peers``.
"""

import argparse
import os
import subprocess
import venv
from pathlib import Path

VARIABLE = "DPVAE_PEERS"
TORCH = "torch==2.13.0"
REQUIREMENTS = {
    "CeLEry": ("CeLEryPy==1.2.1", TORCH),
    "Tangram": ("tangram-sc==1.0.4", TORCH),
    "novoSpaRc": ("novosparc==0.4.4", TORCH),
    "moscot": ("moscot==0.5.2", TORCH),
    "ENVI": ("scenvi==0.4.6", "jax==0.4.38", "jaxlib==0.4.38", "flax==0.10.4"),
    "gimVI": ("scviva-tools==0.1.7", "pooch==1.8.2", TORCH),
}
ONE_THREAD = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
    "MPLBACKEND": "Agg",
    "TQDM_DISABLE": "1",
}
REPORTED_LINES = 15


def folder_of_environments():
    """The folder that holds an environment for each peer, or None where the variable is not set."""
    folder = os.environ.get(VARIABLE)
    return Path(folder).resolve() if folder else None


def existing_python(name):
    """Python of the environment of a peer; raise if there is none."""
    folder = folder_of_environments()
    if folder is None or not _python_of(name, folder).exists():
        message = (
            f"There is no environment for {name}: make it with 'python -m benchmarks.peers FOLDER "
            f"--only {name}', and set the environment variable {VARIABLE} to that folder "
            f"(now {folder})."
        )
        raise FileNotFoundError(message)
    return _python_of(name, folder)


def run_alone(command, folder):
    """Run a command in a folder, with one thread; raise with its last lines if it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | ONE_THREAD,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-REPORTED_LINES:])
        message = f"{command[1].name} ended with status {done.returncode}:\n{last}"
        raise RuntimeError(message)


def install(name, folder):
    """Make one environment. torch comes first, so that nothing else chooses its build."""
    venv.create(folder / name, with_pip=True, clear=True)
    pip = [_python_of(name, folder), "-m", "pip", "install", "--quiet", "--progress-bar", "off"]
    subprocess.run([*pip, TORCH], check=True)
    subprocess.run([*pip, *REQUIREMENTS[name]], check=True)


def _python_of(name, folder):
    return folder / name / "bin" / "python"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("folder", type=Path, help="gets one environment for each peer")
    parser.add_argument("--only", nargs="+", default=list(REQUIREMENTS), choices=REQUIREMENTS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        install(name, options.folder.resolve())
        print(f"{name} is installed", flush=True)
    print(f"export {VARIABLE}={options.folder.resolve()}")


if __name__ == "__main__":
    main()
