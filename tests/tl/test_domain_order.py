import numpy as np

from dpvae.tl.domain_order import ordered_by_size


def test_the_largest_domain_is_the_first():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1.0, 3.0, 0.5, 2.0], size=200)
    domain, columns = ordered_by_size(probabilities, rng.normal(size=(200, 2)))
    sizes = np.bincount(domain)
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_array_equal(columns.argmax(axis=1), domain)
    np.testing.assert_array_equal(np.sort(columns), np.sort(probabilities))


def test_equally_likely_domains_give_way_to_the_larger():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.2, 0.8], [0.5, 0.5], [0.5, 0.5]])
    domain, columns = ordered_by_size(probabilities, np.arange(5.0)[:, None])
    assert domain.tolist() == [0, 1, 1, 0, 0]
    np.testing.assert_array_equal(columns, probabilities)


def test_domains_of_one_size_are_numbered_alike_in_any_order():
    rng = np.random.default_rng(1)
    latent = rng.normal(size=(60, 2))
    probabilities = np.eye(3)[np.repeat(np.arange(3), 20)]
    expected, _ = ordered_by_size(probabilities, latent)
    shuffle = rng.permutation(60)
    found, _ = ordered_by_size(probabilities[shuffle][:, [2, 0, 1]], latent[shuffle])
    np.testing.assert_array_equal(found, expected[shuffle])


def test_empty_domains_come_last():
    probabilities = np.array([[0.4, 0.0, 0.6], [0.4, 0.1, 0.5], [0.7, 0.0, 0.3]])
    domain, columns = ordered_by_size(probabilities, np.arange(3.0)[:, None])
    assert domain.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(columns, probabilities[:, [2, 0, 1]])
