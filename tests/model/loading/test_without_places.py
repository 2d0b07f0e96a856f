import torch

from dpvae.model.loading.without_places import without_places


def test_places_are_unknown_and_nothing_else_changes():
    minibatch = {"X": torch.ones(3, 2), "coordinates": torch.ones(3, 2)}
    (found,) = without_places([minibatch])
    assert found["coordinates"].isnan().all()
    assert found["X"] is minibatch["X"]
    assert not minibatch["coordinates"].isnan().any()


def test_minibatches_without_places_are_handed_on():
    minibatch = {"X": torch.ones(3, 2)}
    assert list(without_places([minibatch])) == [minibatch]
