import numpy as np
import pytest

from dpvae.model.atlas.anchors import check_anchors


def names(adata):
    return np.repeat(["a", "b"], adata.n_obs // 2)


def test_no_mask_is_no_mask(expression):
    assert check_anchors(None, expression, "spatial", names(expression)) is None
    assert check_anchors("reference", expression, "spatial", names(expression)) is None


def test_a_mask_passes(expression):
    mask = np.arange(240) % 2 == 0
    found = check_anchors(mask.tolist(), expression, "spatial", names(expression))
    np.testing.assert_array_equal(found, mask)


@pytest.mark.parametrize(
    ("anchors", "message"),
    [
        ("nearest", "anchors is 'nearest': give 'reference', None, or a boolean mask of the 240"),
        (np.arange(240), r"int64 of shape \(240,\)"),
        (np.ones(3, dtype=bool), r"bool of shape \(3,\)"),
        (np.arange(240) < 100, "Section 'b' has no anchor"),
    ],
)
def test_what_is_no_mask_is_named(expression, anchors, message):
    with pytest.raises(ValueError, match=message):
        check_anchors(anchors, expression, "spatial", names(expression))


def test_anchors_need_places(expression):
    mask = np.ones(240, dtype=bool)
    expression.obsm["spatial"][:7] = np.nan
    with pytest.raises(ValueError, match="7 of 240 anchors have no place"):
        check_anchors(mask, expression, "spatial", names(expression))
    with pytest.raises(KeyError, match=r"no adata.obsm\['elsewhere'\]"):
        check_anchors(mask, expression, "elsewhere", names(expression))
