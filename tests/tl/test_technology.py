import pytest

import dpvae


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (lambda _, t: {"tissue": {"cells": t}}, ValueError, "Two technologies are called 'cells'"),
        (lambda _, t: {"tissue": {"": t}}, ValueError, "tissue holds a technology of the name ''"),
        (lambda c, _: {"cells": {7: c}}, ValueError, "cells holds a technology of the name 7"),
        (lambda *_: {"tissue": {}}, ValueError, "tissue is an empty mapping"),
        (
            lambda *_: {"cells": "c.h5ad"},
            TypeError,
            "cells is a str, not an AnnData: read",
        ),
        (lambda *_: {"tissue": {"a": 1}}, TypeError, r"tissue\['a'\] is a int, not an AnnData"),
    ],
)
def test_bad_arguments(cells, tissue, arguments, error, message):
    with pytest.raises(error, match=message):
        dpvae.tl.join(**({"cells": cells, "tissue": tissue} | arguments(cells, tissue)))
