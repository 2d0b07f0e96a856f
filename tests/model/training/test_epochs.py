import pytest

from dpvae.model.training.epochs import epochs_between_validations, suitable_epochs


@pytest.mark.parametrize(
    ("n_cells", "batch_size", "train_size", "expected"),
    [(1280, 128, 1.0, 100), (2560, 128, 0.5, 100), (50, 128, None, 1000), (10**6, 128, None, 1)],
)
def test_steps_become_whole_epochs(n_cells, batch_size, train_size, expected):
    epochs = suitable_epochs(n_cells, batch_size=batch_size, train_size=train_size, n_steps=1000)
    assert epochs == expected


@pytest.mark.parametrize(
    ("max_epochs", "arguments", "expected"),
    [
        (50, {}, 1),
        (1000, {"train_size": 0.8}, 10),
        (1000, {"train_size": 1.0}, None),
        (1000, {"datasplitter_kwargs": {"external_indexing": [[0, 1]]}}, None),
        (1000, {"datasplitter_kwargs": {"external_indexing": [[0, 1], [2]]}}, 10),
    ],
)
def test_validation_part_is_looked_at_where_there_is_one(max_epochs, arguments, expected):
    assert epochs_between_validations(max_epochs, arguments, 1000) == expected


def test_more_cells_take_more_steps_but_fewer_epochs():
    sizes = (512, 2176, 69_120)
    epochs = [suitable_epochs(n, batch_size=128, train_size=1.0) for n in sizes]
    steps = [n_epochs * n // 128 for n_epochs, n in zip(epochs, sizes, strict=True)]
    assert epochs == sorted(epochs, reverse=True)
    assert steps == pytest.approx([509, 1507, 20_000], rel=0.05)


@pytest.mark.parametrize(
    ("n_cells", "n_processes", "same"), [(4_096, 2, True), (69_120, 8, True), (512, 4, False)]
)
def test_processes_share_the_epochs_of_one_unless_steps_become_few(n_cells, n_processes, same):
    together = {"batch_size": 128, "train_size": 1.0, "n_processes": n_processes}
    alone = suitable_epochs(n_cells, batch_size=128, train_size=1.0)
    epochs = suitable_epochs(n_cells, **together)
    assert (epochs <= alone + 1) == same
    assert epochs * n_cells / (128 * n_processes) >= 500
