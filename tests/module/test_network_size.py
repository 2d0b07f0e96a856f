import numpy as np
import pytest

from dpvae.model import DPSCVI, DPVAE
from dpvae.module.network_size import check_choice, check_network_size

GOOD = {
    "n_hidden": 8,
    "n_latent": np.int64(2),
    "n_layers": 1,
    "dropout_rate": 0,
    "input_dropout": np.float32(0.3),
}
NAN, INFINITE = float("nan"), float("inf")
WRONG = [
    *(
        (name, value)
        for name in ("n_hidden", "n_latent", "n_layers")
        for value in (0, -1, 8.0, True)
    ),
    *(
        (name, value)
        for name in ("dropout_rate", "input_dropout")
        for value in (1, 1.0, -0.1, 1.5, NAN, "0.3", None)
    ),
]
OF_BOTH = [
    *((name, value) for name, value in WRONG if value in (0, 1, -0.1, 8.0)),
    *(("dp_weight", value) for value in (-1, NAN, INFINITE, "3", None)),
    ("distance_error", "cubic"),
    ("distance_latent", "median"),
    ("gene_weights", "moran"),
]


def test_sizes_that_there_are_pass():
    check_network_size(**GOOD)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_sizes_that_there_are_not_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name} is {value!r}: give a "):
        check_network_size(**{**GOOD, name: value})


def test_choices_are_listed():
    check_choice("colour", "red", ("red", "blue"))
    for wrong in ("green", None, 3, ["red"]):
        with pytest.raises(ValueError, match=r"^colour is .*: choose 'red', 'blue' or 'pink'."):
            check_choice("colour", wrong, ("red", "blue", "pink"))


@pytest.fixture
def nothing_allocated(monkeypatch):
    """Models that fail as soon as something is computed or allocated for them."""

    def fail(*_, **__):
        pytest.fail("allocated before it was checked")

    for model in (DPSCVI, DPVAE):
        monkeypatch.setattr(model, "_module_cls", fail)
    monkeypatch.setattr("dpvae.model.backbones.dpvae.EncoderInput", fail)


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_allocated")
@pytest.mark.parametrize(("name", "value"), OF_BOTH)
def test_both_models_check_before_they_allocate(counts, expression, name, value):
    DPSCVI.setup_anndata(counts)
    DPVAE.setup_anndata(expression)
    for model, adata in ((DPSCVI, counts), (DPVAE, expression)):
        with pytest.raises(ValueError, match=f"^{name} is {value!r}: "):
            model(adata, **{name: value})


@pytest.mark.usefixtures("nothing_allocated")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"least_depth": 0}, "least_depth is 0: give a share above 0 and at most 1"),
        ({"least_depth": 1.1}, "least_depth is 1.1"),
        ({"least_depth": NAN}, "least_depth is nan"),
        ({"gene_likelihood": "normal"}, "DPSCVI takes raw counts; dpvae.model.DPVAE has a normal"),
        ({"gene_likelihood": "gamma"}, "gene_likelihood is 'gamma': choose 'nb', 'zinb' or"),
    ],
)
def test_arguments_of_counts_are_checked_before_anything_is_allocated(counts, options, message):
    DPSCVI.setup_anndata(counts)
    with pytest.raises(ValueError, match=message):
        DPSCVI(counts, **options)
