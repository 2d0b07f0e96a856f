import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy.sparse import csr_matrix

from dpvae.metrics.join_counts import join_counts


def graph_and_codes(n_cells=30, seed=0):
    """Weighted edges that have a direction, and three labels."""
    rng = np.random.default_rng(seed)
    graph = (rng.uniform(size=(n_cells, n_cells)) < 0.15) * rng.uniform(size=(n_cells, n_cells))
    np.fill_diagonal(graph, 0.0)
    return csr_matrix(graph), rng.integers(3, size=n_cells)


def test_counts_are_sums_over_edges():
    graph, codes = graph_and_codes()
    expected = [
        [graph.toarray()[np.ix_(codes == one, codes == other)].sum() for other in range(3)]
        for one in range(3)
    ]
    np.testing.assert_allclose(join_counts(graph, codes, 3).count, expected)


def test_mean_and_deviation_are_those_of_shuffled_labels():
    graph, codes = graph_and_codes()
    found = join_counts(graph, codes, 3)
    rng = np.random.default_rng(1)
    dense, member = graph.toarray(), np.eye(3)
    shuffled = np.stack(
        [
            member[mixed].T @ dense @ member[mixed]
            for mixed in (rng.permutation(codes) for _ in range(8000))
        ]
    )
    np.testing.assert_allclose(found.expected, shuffled.mean(axis=0), atol=0.1)
    deviation = (found.count - found.expected) / found.z_score
    np.testing.assert_allclose(deviation, shuffled.std(axis=0), rtol=0.04)


def test_what_shuffling_cannot_change_has_no_score():
    complete = csr_matrix(1.0 - np.eye(6))
    assert np.isnan(join_counts(complete, np.array([0, 0, 1, 1, 1, 1]), 2).z_score).all()


def test_the_order_of_cells_and_a_label_of_no_cell_do_not_count():
    graph, codes = graph_and_codes()
    order = np.random.default_rng(0).permutation(30)
    mixed = join_counts(graph[order][:, order], codes[order], 4)
    np.testing.assert_allclose(mixed.z_score[:3, :3], join_counts(graph, codes, 3).z_score)
    assert np.isnan(mixed.z_score[3]).all()


@pytest.mark.slow
def test_scores_are_those_of_squidpy_with_many_permutations():
    squidpy = pytest.importorskip("squidpy")
    graph, codes = graph_and_codes(200)
    graph = csr_matrix((graph > 0).astype(float))
    adata = AnnData(
        np.zeros((200, 1)),
        obs=pd.DataFrame(
            {"label": pd.Categorical(codes.astype(str))}, index=np.arange(200).astype(str)
        ),
    )
    adata.obsp["spatial_connectivities"] = graph
    squidpy.gr.nhood_enrichment(adata, "label", n_perms=3000, seed=0, show_progress_bar=False)
    found = join_counts(graph, codes, 3)
    np.testing.assert_array_equal(adata.uns["label_nhood_enrichment"]["count"], found.count)
    np.testing.assert_allclose(
        adata.uns["label_nhood_enrichment"]["zscore"], found.z_score, atol=0.12
    )
