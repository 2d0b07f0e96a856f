"""A long run, of which only its rows are seen."""

import logging
import warnings

import torch


def run_quietly():
    """Silence warnings and notes of this process, and let it compute on one thread."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
