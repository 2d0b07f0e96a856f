import pytest

from dpvae.model.training.argument_names import check_names, check_splitter


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("epochs", "The number of passes over the data is max_epochs=…"),
        ("n_epochs", "The number of passes over the data is max_epochs=…"),
        ("lr", r"Give it as plan_kwargs=\{'lr': …\}"),
        ("weight_decay", r"Give it as plan_kwargs=\{'weight_decay': …\}"),
        ("alignment", r"Give it as plan_kwargs=\{'alignment': …\}"),
        ("batchsize", "Do you mean batch_size?"),
        ("xyz", "$"),
    ],
)
def test_an_argument_that_train_does_not_have_is_named(name, advice):
    with pytest.raises(TypeError, match=rf"train\(\) has no argument '{name}'.*{advice}"):
        check_names({"batch_size": 5, name: 3})


def test_what_scvi_tools_and_lightning_take_is_taken():
    check_names(dict.fromkeys(["accelerator", "ckpt_path", "plan_kwargs", "train_size", "logger"]))
    check_names(dict.fromkeys(["gradient_clip_val", "precision", "strategy", "fast_dev_run"]))
    check_names(dict.fromkeys(["simple_progress_bar", "log_save_dir", "trainer_config"]))
    check_names(dict.fromkeys(["early_stopping", "datasplitter_kwargs", "load_sparse_tensor"]))


@pytest.mark.parametrize(
    ("name", "advice"),
    [("num_worker", "Do you mean 'num_workers'?"), ("nonsense", "$"), ("adata_manager", "$")],
)
def test_an_argument_that_the_splitter_does_not_have_is_named(name, advice):
    with pytest.raises(TypeError, match=rf"datasplitter_kwargs has no argument '{name}'.*{advice}"):
        check_splitter([name, "num_workers"])


def test_what_splitter_and_loaders_take_is_taken():
    check_splitter(["shuffle_set_split", "external_indexing", "drop_last", "pin_memory"])
