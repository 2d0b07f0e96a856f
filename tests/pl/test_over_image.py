import builtins
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from dpvae import pl
from dpvae.pl.cell_colors import OKABE_ITO, UNKNOWN

IMAGE = np.random.default_rng(0).uniform(size=(50, 60, 3))
SCALE = 0.01


@pytest.fixture
def reference(tissue: ad.AnnData) -> ad.AnnData:
    """A section with an image, of which one pixel is a hundred units of the coordinates."""
    section = tissue.copy()
    factors = {"tissue_hires_scalef": SCALE, "spot_diameter_fullres": 90.0}
    section.uns["spatial"] = {"slide": {"images": {"hires": IMAGE}, "scalefactors": factors}}
    return section


def test_places_and_image_are_in_one_frame(tissue: ad.AnnData, reference: ad.AnnData):
    tissue.obsm["spatial_dpvae"][:20] = np.nan
    ax = pl.over_image(tissue, reference)
    (image,) = ax.get_images()
    np.testing.assert_allclose(image.get_array(), IMAGE, atol=1e-6)
    circles = [path.get_extents() for path in ax.collections[0].get_paths()]
    centers = [(circle.min + circle.max) / 2 for circle in circles]
    np.testing.assert_allclose(centers, SCALE * tissue.obsm["spatial_dpvae"][20:], atol=1e-6)
    np.testing.assert_allclose([circle.width for circle in circles], SCALE * 90)
    assert (ax.collections[0].get_facecolors() == to_rgba(OKABE_ITO[0])).all()
    assert ax.get_xlabel() == "spatial_dpvae1"


def test_nothing_is_written(tissue: ad.AnnData, reference: ad.AnnData):
    before = {part: set(getattr(tissue, part)) for part in ("obs", "obsm", "uns")}
    pl.over_image(tissue, reference, color="domain")
    assert {part: set(getattr(tissue, part)) for part in before} == before


def test_colors_are_those_of_column_and_gene(tissue: ad.AnnData, reference: ad.AnnData):
    tissue.obs["side"] = pd.Categorical(np.where(np.arange(120) < 60, "left", "right"))
    tissue.uns["side_colors"] = ["#112233", "#aabbcc"]
    colors = pl.over_image(tissue, reference, color="side").collections[0].get_facecolors()
    expected = np.repeat([to_rgba("#112233"), to_rgba("#aabbcc")], 60, axis=0)
    np.testing.assert_allclose(colors, expected)
    spots = pl.over_image(tissue, reference, color="gene_03").collections[0]
    gene = np.ravel(tissue[:, "gene_03"].X.toarray())
    np.testing.assert_allclose(spots.get_array(), gene)


def test_cells_without_a_value_are_gray(tissue: ad.AnnData, reference: ad.AnnData):
    tissue.obs["side"] = pd.Categorical(np.where(np.arange(120) < 60, "left", None))
    colors = pl.over_image(tissue, reference, color="side").collections[0].get_facecolors()
    np.testing.assert_allclose(colors[60:], np.tile(UNKNOWN, (60, 1)), atol=2e-3)


def test_the_image_is_chosen_by_name(tissue: ad.AnnData, reference: ad.AnnData):
    images = reference.uns["spatial"]
    images["other"] = images["slide"] | {"images": {"hires": IMAGE[:40]}}
    with pytest.raises(ValueError, match=r"library_id is None; name one of \['other', 'slide'\]"):
        pl.over_image(tissue, reference)
    ax = pl.over_image(tissue, reference, library_id="other")
    assert ax.get_images()[0].get_array().shape == (40, 60, 3)


def test_wrong_input_is_refused(tissue: ad.AnnData, reference: ad.AnnData):
    with pytest.raises(KeyError, match=r"no image in reference\.uns"):
        pl.over_image(tissue, tissue)
    with pytest.raises(KeyError, match=r"no adata\.obsm\['nowhere'\].*recovered_key"):
        pl.over_image(tissue, reference, recovered_key="nowhere")
    with pytest.raises(KeyError, match="color='nothing' is neither"):
        pl.over_image(tissue, reference, color="nothing")
    with pytest.raises(TypeError, match="reference is a str, not an AnnData"):
        pl.over_image(tissue, "reference.h5ad")


def test_what_docrep_says_when_squidpy_is_imported_is_kept_from_users_and_nothing_more(
    tissue: ad.AnnData, reference: ad.AnnData, monkeypatch: pytest.MonkeyPatch
):
    imported = builtins.__import__

    def loud(name, *args, **kwargs):
        if name == "squidpy":
            warnings.warn("'n_jobs' is not a valid key!", SyntaxWarning, stacklevel=2)
            warnings.warn("of something new", SyntaxWarning, stacklevel=2)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", loud)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        pl.over_image(tissue, reference)
        warnings.warn("'mine' is not a valid key!", SyntaxWarning, stacklevel=2)
    messages = [str(each.message) for each in found if each.category is SyntaxWarning]
    assert messages == ["of something new", "'mine' is not a valid key!"]
