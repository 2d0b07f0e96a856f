"""The command line as ``python -m dpvae``."""

from dpvae.cli import app

if __name__ == "__main__":
    app(prog_name="dpvae")
