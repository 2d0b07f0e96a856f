from pathlib import Path

import numpy as np
import torch

from dpvae.model.files.saved_model import SavedModel
from dpvae.model.files.scvi_folder import scvi_folder

REGISTRY = {"model_name": "DPVAE", "setup_method_name": "setup_anndata", "setup_args": {}}


def test_the_folder_holds_what_a_model_is_made_of_and_is_gone_afterwards():
    attributes = {"registry_": REGISTRY, "init_params_": {"kwargs": {}}, "layout_": np.eye(2)}
    model = SavedModel({"a": torch.ones(2)}, np.array(["gene"], dtype=object), attributes)
    with scvi_folder(model) as folder:
        stored = torch.load(Path(folder) / "model.pt", weights_only=False)
        assert Path(folder).stat().st_mode & 0o077 == 0  # nobody else writes into it
    assert not Path(folder).exists()
    assert torch.equal(stored["model_state_dict"]["a"], torch.ones(2))
    assert stored["var_names"].tolist() == ["gene"]
    assert stored["attr_dict"]["registry_"] == REGISTRY
    layout = stored["attr_dict"]["layout_"]
    np.testing.assert_array_equal(layout, np.eye(2))
    assert layout.flags.writeable
