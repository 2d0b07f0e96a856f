"""Which elements a table annotates."""

import numpy as np
import pytest
from spatialdata import SpatialData
from spatialdata.models import Image2DModel, TableModel
from tests.io.conftest import annotated

from dpvae.io.annotation import annotation_of


def test_a_table_is_found_by_name_or_as_the_only_one(in_pixels, counts):
    found = annotation_of(in_pixels, None)
    assert found.table == "table"
    assert list(found.elements) == ["spots"]
    in_pixels["second"] = annotated(counts[:10], "spots", [f"c{n}" for n in range(10)])
    with pytest.raises(ValueError, match=r"sdata has 2 tables: name one of \['table', 'second'\]"):
        annotation_of(in_pixels, None)
    assert annotation_of(in_pixels, "second").cells.n_obs == 10


def test_a_table_without_region_or_instance_key_is_refused(in_pixels, counts):
    in_pixels["free"] = TableModel.parse(counts.copy())
    with pytest.raises(ValueError, match=r"'free' has no region key.*set_table_annotates_spatial"):
        annotation_of(in_pixels, "free")
    attrs = in_pixels["table"].uns["spatialdata_attrs"]
    del attrs["instance_key"]
    with pytest.raises(ValueError, match="'table' has no instance key"):
        annotation_of(in_pixels, "table")
    attrs["instance_key"] = "name"
    with pytest.raises(KeyError, match="names the column 'name', but its obs has"):
        annotation_of(in_pixels, "table")


def test_missing_names_are_refused(in_pixels):
    in_pixels["table"].obs["cell"] = in_pixels["table"].obs["cell"].where(np.arange(240) > 0)
    with pytest.raises(ValueError, match="Column 'cell' of table 'table' has missing values"):
        annotation_of(in_pixels, None)


@pytest.mark.filterwarnings("ignore:The table is annotating:UserWarning")
def test_an_element_that_is_not_there_or_holds_no_cells_is_named(in_pixels):
    alone = SpatialData.init_from_elements({"table": in_pixels["table"]})
    with pytest.raises(KeyError, match=r"annotates element 'spots', but sdata has \[\]"):
        annotation_of(alone, None)
    image = Image2DModel.parse(np.zeros((1, 8, 8)), dims=("c", "y", "x"))
    sdata = SpatialData.init_from_elements({"spots": image, "table": in_pixels["table"]})
    with pytest.raises(ValueError, match="annotates the image 'spots', which holds no cells"):
        annotation_of(sdata, None)


def test_an_object_without_tables_is_refused():
    with pytest.raises(ValueError, match="sdata has no table"):
        annotation_of(SpatialData(), None)
