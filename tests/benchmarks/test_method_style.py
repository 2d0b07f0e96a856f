import pytest
from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.methods.variants import VARIANTS
from benchmarks.imputation.methods import ALONE
from benchmarks.imputation.peers import NAMES
from benchmarks.method_style import OTHER, STYLES, style_of

FIGURES = {
    "accuracy": [name for name in METHODS if name not in VARIANTS],
    "imputation": [*ALONE[1:], "DPVGAE", *NAMES],  # the first is not drawn
    "paper": ["VAE", "dp-VAE", "kNN", "ridge"],
    "table": ["VAE", "dp-VAE", "scVI", "dp-scVI"],
}


@pytest.mark.parametrize("figure", FIGURES)
def test_methods_of_a_figure_can_be_told_apart(figure):
    styles = [style_of(name) for name in FIGURES[figure]]
    assert OTHER not in styles
    assert len(set(styles)) == len(styles)


def test_a_method_looks_the_same_in_every_figure():
    assert style_of("kNN on components") == style_of("kNN, one reference") == STYLES["kNN"]
    assert style_of("dp-VAE, placed") == STYLES["dp-VAE"]
    assert style_of("MLP, our weights") != STYLES["MLP"]
