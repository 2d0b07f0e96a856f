import pytest

from dpvae.tl.label_columns import label_columns, say_renamed


def test_columns_are_labels_without_a_slash():
    assert label_columns(["L1", "L2/3", 4, "a/b/c"]) == ["L1", "L2_3", "4", "a_b_c"]


def test_only_renamed_columns_are_named(caplog):
    say_renamed(["L1", "L2/3", "L5/6", "WM"], "layers", "layer")
    (record,) = caplog.records
    assert record.getMessage() == (
        "Columns of adata.obsm['layers'] have other names than their labels, since files cannot "
        "hold a slash there: 'L2/3' is 'L2_3', 'L5/6' is 'L5_6'. The labels in the order of the "
        "columns are adata.uns['layer_params']['labels']."
    )


@pytest.mark.parametrize("labels", [[], ["L1", "L2_3"]])
def test_nothing_is_said_where_nothing_is_renamed(caplog, labels):
    say_renamed(labels, "layers", "layer")
    assert not caplog.records
