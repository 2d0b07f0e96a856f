"""The jobs of the command line."""

import numpy as np
import pytest
from anndata import AnnData

from dpvae.cli.jobs import (
    chosen_genes,
    count_of_placed,
    has_genes,
    place_cells,
    shared_genes,
    train_model,
)


def test_shared_genes_keep_the_order_of_the_reference(counts):
    query = counts[:, ::-2].copy()
    shared = shared_genes(counts, query)
    assert shared.var_names.tolist() == [g for g in counts.var_names if g in query.var_names]
    assert shared_genes(counts, counts) is counts
    query.var_names = [f"{name}x" for name in query.var_names]
    with pytest.raises(ValueError, match="none of the reference's 40 genes"):
        shared_genes(counts, query)


def test_few_shared_genes_of_another_species_are_warned_of(counts):
    counts.var_names = [f"Gene{number}" for number in range(40)]
    query = counts.copy()
    query.var_names = [*counts.var_names[:4], *counts.var_names[4:].str.upper()]
    with pytest.warns(
        UserWarning, match=r"only 4 of the reference's 40 genes\. Or is the query of"
    ):
        assert shared_genes(counts, query).n_vars == 4
    with pytest.raises(ValueError, match=r"proposes how\. Or is the query of another species"):
        shared_genes(counts, query[:, 4:].copy())
    assert shared_genes(counts, counts[:, :4].copy()).n_vars == 4


def test_few_genes_are_all_kept(counts):
    assert chosen_genes(counts, 40) is counts
    assert chosen_genes(counts) is counts
    assert chosen_genes(counts, 7).n_vars == 7


def test_cells_without_a_gene_of_the_model_are_found(counts):
    genes = counts.var_names[[2]]
    expected = counts.X[:, 2].toarray().ravel() > 0
    assert not expected.all()
    np.testing.assert_array_equal(has_genes(counts, None, genes), expected)
    counts.layers["dense"] = counts.X.toarray()
    np.testing.assert_array_equal(has_genes(counts, "dense", genes), expected)
    assert has_genes(counts, None, ["another"]).all()


@pytest.mark.trains
@pytest.mark.parametrize("model_name", ["dpvae", "dpscvi"])
def test_cells_without_chosen_genes_are_left_out_and_get_no_place(model_name, counts):
    filled = np.ones((240, 1))
    filled[[3, 200, 201]] = 0
    counts.X = counts.X.multiply(filled).tocsr()
    with pytest.warns(UserWarning, match="1 cell of 180 has none of the chosen genes and is left"):
        model = train_model(counts[:180].copy(), model_name=model_name, epochs=1)
    with pytest.warns(UserWarning, match="Each of 2 cells of 60 has none of the model's genes"):
        latent, places = place_cells(model, counts[180:].copy())
    for values in (latent, places):
        assert np.flatnonzero(np.isnan(values).any(axis=1)).tolist() == [20, 21]
    with pytest.raises(ValueError, match="No cell of the query has any of the model's genes"):
        place_cells(model, counts[200:202].copy())


def test_passes_over_the_data_mean_nothing_without_a_network(counts):
    with pytest.warns(UserWarning, match="Surfaces takes no passes .*: --epochs has no effect"):
        train_model(counts, model_name="surfaces", epochs=3)


def test_cells_without_a_place_are_not_counted_as_placed():
    placed = AnnData(obsm={"spatial_dpvae": np.ones((1200, 2))})
    assert count_of_placed(placed) == "Cells placed: 1,200."
    placed.obsm["spatial_dpvae"][[3, 700]] = np.nan
    said = count_of_placed(placed)
    assert said.startswith("Cells placed: 1,198 of 1,200. The other 2 have none of the model's gen")
