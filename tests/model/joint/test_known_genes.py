"""The genes by which others are read."""

import numpy as np
import pytest

from dpvae.model.joint.known_genes import known_genes


def by_gene(shared, chosen):
    return {
        int(chosen[place]): known.tolist()
        for places, known in known_genes(shared, chosen)
        for place in places
    }


@pytest.mark.parametrize("n_shared", [10, 11, 40])
def test_each_gene_is_read_by_others_and_always_by_the_same(n_shared):
    rng = np.random.default_rng(0)
    shared = rng.permutation(np.arange(60) < n_shared)
    every = by_gene(shared, rng.permutation(60))
    assert sorted(every) == list(range(60))
    for gene, known in every.items():
        assert gene not in known
        assert shared[known].all()
        assert len(known) >= (0.8 * n_shared - 1 if shared[gene] else n_shared)
        assert by_gene(shared, np.array([gene])) == {gene: known}
