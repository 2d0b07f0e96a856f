import logging
import warnings

import pytest

from dpvae.model.data.quiet import without_noise


def test_only_the_noise_is_silenced():
    with without_noise():
        warnings.warn("The 'train_dataloader' does not have many workers", stacklevel=1)
        with pytest.warns(UserWarning, match="something else"):
            warnings.warn("something else", stacklevel=1)


def test_lightning_is_silent_for_a_while_only():
    for name, level in (("lightning.pytorch", logging.INFO), ("lightning.fabric", logging.ERROR)):
        logger = logging.getLogger(name)
        before = logger.level
        logger.setLevel(level)
        with without_noise():
            assert logger.level == max(level, logging.WARNING)
        assert logger.level == level
        logger.setLevel(before)
