import numpy as np
import pytest
import torch
from tests.conftest import QUICK

from dpvae.model import DPVAE
from dpvae.model.training.fingerprint import fingerprint, first_difference


@pytest.fixture
def model(sections):
    DPVAE.setup_anndata(sections, sample_key="section")
    return DPVAE(sections, **QUICK)


def indices(n_cells):
    return {"datasplitter_kwargs": {"external_indexing": [np.arange(n_cells), np.arange(2)]}}


def plan(**arguments):
    return {"plan_kwargs": arguments}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, plan(max_kl_weight=0.1), "its max_kl_weight is None, here it is 0.1"),
        (plan(optimizer="Adam"), {}, "its optimizer is Adam, here it is None"),
        ({}, {"limit_train_batches": 0.5}, "its limit_train_batches is None, here it is 0.5"),
        ({"early_stopping": True}, {}, "its early_stopping is True, here it is None"),
        ({}, {"datasplitter_kwargs": {"drop_last": True}}, "its drop_last is None, here it is"),
        (indices(5), indices(6), r"its external_indexing is \[an array of 5 .* \[an array of 6 "),
    ],
)
def test_other_arguments_are_named(model, one, other, expected):
    difference = first_difference(fingerprint(model, one), fingerprint(model, other))
    with pytest.raises(ValueError, match=expected):
        raise ValueError(difference)


def test_arguments_that_mean_the_same_are_no_difference(model):
    def optimizer(parameters):
        return torch.optim.SGD(parameters, lr=0.1)

    one = {"early_stopping": False, "batch_size": 128, **plan(optimizer_creator=optimizer)}
    one |= {"enable_progress_bar": False, "callbacks": [object()]}
    other = plan(optimizer_creator=optimizer)
    found = fingerprint(model, one)
    assert "0x" not in str(found)
    assert first_difference(found, fingerprint(model, other)) is None


def test_columns_and_what_is_trained_are_named(model):
    origin = fingerprint(model, {})
    assert origin["sample_key"] == "section"
    model.module.distance_term.log_scale.requires_grad = False
    difference = first_difference(origin, fingerprint(model, {}))
    assert difference.startswith("its number of weights that are trained is")
    model.is_query_with_places_ = True
    model.module.distance_term.log_scale.requires_grad = True
    difference = first_difference(origin, fingerprint(model, {}))
    assert difference == "its fine-tuning is None, here it is True"
