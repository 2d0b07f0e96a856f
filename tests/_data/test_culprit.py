import numpy as np
import pytest

from dpvae._data.culprit import named_in_errors, obsm_name


@pytest.mark.parametrize(
    ("arrays", "section", "expected"),
    [
        ([obsm_name("a")], "", r"^adata.obsm\['a'\]: no shape$"),
        ([obsm_name("a", name="query"), "b"], "", r"^query.obsm\['a'\] and b: no shape$"),
        ([obsm_name("a")], "x", r"^adata.obsm\['a'\] of section 'x': no shape$"),
    ],
)
def test_messages_begin_with_where_arrays_are(arrays, section, expected):
    error = ValueError("no shape")
    with pytest.raises(ValueError, match=expected), named_in_errors(*arrays, section=section):
        raise error


@pytest.mark.parametrize("error", [KeyError("no"), np.linalg.LinAlgError("no")])
def test_other_errors_stay_what_they_are(error):
    with pytest.raises(type(error)) as found, named_in_errors("a"):
        raise error
    assert found.value is error
