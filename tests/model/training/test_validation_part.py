import numpy as np
import pytest
from lightning.pytorch.callbacks import EarlyStopping
from scvi.dataloaders import DataSplitter
from tests.conftest import QUICK, QUIET

from dpvae.model import DPVAE
from dpvae.model.training.validation_part import check_split, has_validation

EVERY, NONE = np.arange(240), np.arange(0)
WITHOUT = [
    ({"train_size": 1}, "all cells train"),
    ({"train_size": 1.0, "validation_size": None}, "all cells train"),
    ({"train_size": 0.999}, "240 cells leave none for it"),
    ({"validation_size": 0}, "validation_size is 0"),
    ({"train_size": 0.9, "validation_size": 0.0}, "validation_size is 0.0"),
    ({"train_size": 0.9, "validation_size": 0.004}, "validation_size is 0.004"),
    ({"limit_val_batches": 0}, "limit_val_batches is 0"),
    ({"datasplitter_kwargs": {"external_indexing": [EVERY]}}, "external_indexing has no second"),
    ({"datasplitter_kwargs": {"external_indexing": [EVERY, NONE]}}, "external_indexing has no"),
    ({"datasplitter_kwargs": {"external_indexing": [EVERY, None, NONE]}}, "external_indexing has"),
]
WATCHERS = [
    ({"early_stopping": True}, "early_stopping"),
    ({"plan_kwargs": {"reduce_lr_on_plateau": True}}, "reduce_lr_on_plateau"),
    ({"plan_config": {"reduce_lr_on_plateau": True}}, "reduce_lr_on_plateau"),
    ({"enable_checkpointing": True}, "enable_checkpointing"),
    ({"callbacks": [EarlyStopping("elbo_validation")]}, "a callback"),
]


@pytest.mark.parametrize(("arguments", "why"), WITHOUT)
def test_what_looks_at_an_empty_validation_part_is_refused(arguments, why):
    check_split(arguments, 240)
    for watcher, name in WATCHERS:
        with pytest.raises(ValueError, match=f"{name} looks at a validation part, but {why}"):
            check_split({**arguments, **watcher}, 240)


@pytest.mark.parametrize("sizes", [(None, None), (0.9, None), (0.5, 0.3), (0.999, None), (1.0, 0)])
def test_cells_are_counted_as_scvi_tools_splits_them(expression, sizes):
    DPVAE.setup_anndata(expression)
    manager = DPVAE(expression, **QUICK).adata_manager
    splitter = DataSplitter(manager, train_size=sizes[0], validation_size=sizes[1], batch_size=50)
    arguments = dict(zip(("train_size", "validation_size"), sizes, strict=True))
    assert has_validation(arguments, 240) == (splitter.n_val > 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"train_size": 0}, "train_size is 0: give a share above 0 and at most 1"),
        ({"train_size": 1.5}, "train_size is 1.5"),
        ({"train_size": float("nan")}, "train_size is nan"),
        ({"train_size": "0.9"}, "train_size is '0.9'"),
        ({"validation_size": 1.0}, "validation_size is 1.0: give a share that is at least 0"),
        ({"validation_size": -0.1}, "validation_size is -0.1"),
        ({"datasplitter_kwargs": {"train_size": 1}}, "datasplitter_kwargs holds train_size"),
    ],
)
def test_impossible_splits_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        check_split(arguments, 240)


def test_nothing_is_trained_before_it_is_refused(expression):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    before = [parameter.clone() for parameter in model.module.parameters()]
    with pytest.raises(ValueError, match="early_stopping looks at a validation part"):
        model.train(early_stopping=True, validation_size=0, **QUIET)
    assert not model.is_trained_
    assert all((a == b).all() for a, b in zip(before, model.module.parameters(), strict=True))
