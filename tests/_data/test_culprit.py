import numpy as np
import pytest

from dpvae._data.culprit import named_in_errors


@pytest.mark.parametrize(
    ("keys", "names", "expected"),
    [
        (["a"], {}, r"^adata.obsm\['a'\]: no shape$"),
        (["a", "b"], {"name": "query"}, r"^query.obsm\['a'\] and query.obsm\['b'\]: no shape$"),
        (["a"], {"section": "x"}, r"^adata.obsm\['a'\] of section 'x': no shape$"),
    ],
)
def test_messages_begin_with_where_arrays_are(keys, names, expected):
    error = ValueError("no shape")
    with pytest.raises(ValueError, match=expected), named_in_errors(*keys, **names):
        raise error


@pytest.mark.parametrize("error", [KeyError("no"), np.linalg.LinAlgError("no")])
def test_other_errors_stay_what_they_are(error):
    with pytest.raises(type(error)) as found, named_in_errors("a"):
        raise error
    assert found.value is error
