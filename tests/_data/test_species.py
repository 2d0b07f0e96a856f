import pandas as pd
import pytest

from dpvae._data.species import species_question

NAMES = {
    "mouse": [
        "Acss1",
        "Cck",
        "H19",
        "mt-Nd1",
        "Gad1",
        "Rbfox3",
        "Snap25",
        "Mbp",
        "1700001C19Rik",
        "H2-K1",
    ],
    "mouse, Ensembl": [f"ENSMUSG{number:011}" for number in range(6)],
    "human": ["ACSS1", "FO538757.1", "C1orf112", "MT-ND1", "GAD1", "HLA-A", "H19"],
    "human, Ensembl": [f"ENSG{number:011}.3" for number in range(6)],
    "rat, Ensembl": [f"ENSRNOG{number:011}" for number in range(6)],
    "zebrafish": ["gad1b", "slc17a6a", "mbpa"],
    "numbers": ["gene_0", "gene_1"],
    "nothing": [],
}


@pytest.mark.parametrize("reference", NAMES)
@pytest.mark.parametrize("query", NAMES)
def test_only_mouse_and_human_are_taken_for_two_species(reference, query):
    found = species_question(pd.Index(NAMES[reference]), pd.Index(NAMES[query]))
    species = {reference.split(",")[0], query.split(",")[0]}
    assert ("another species?" in found) == (species == {"mouse", "human"})
