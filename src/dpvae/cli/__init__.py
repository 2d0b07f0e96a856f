"""The command line."""

from dpvae.cli.commands import app

__all__ = ["app"]
