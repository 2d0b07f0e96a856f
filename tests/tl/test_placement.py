import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry import Placement, Posterior
from dpvae.tl import fold, impute, posterior, procrustes, reconstruct, snap, unfold
from dpvae.tl.placement import drop_companions, write_coordinates
from dpvae.tl.result import check_free_key


def test_own_results_may_be_written_again(expression):
    placement = Placement(np.zeros((240, 2)), 0.5, 3, True, "pca")
    section = np.full(240, "")
    for _ in range(2):
        check_free_key(expression, "mine")
        write_coordinates(
            expression, "mine", placement.coordinates, {"": placement}, section, {"a": None}
        )
    assert list(expression.uns["mine_params"]) == ["sections"]
    assert expression.uns["mine_params"]["sections"]["n_iterations"].tolist() == [3]


def test_what_belongs_to_earlier_places_is_deleted(expression):
    ours = ["mine_residual", "mine_expected_error", "mine_radius_99.5", "mine_second_share"]
    foreign = ["mine_radius", "mine_residuals", "other_residual", "mine_weight", "mine_share"]
    for name in [*ours, *foreign]:
        expression.obs[name] = 1.0
    for name in ["mine_mode", "mine_second_mode", "mine_modes", "mine_third_mode"]:
        expression.obsm[name] = np.zeros((240, 2))
    before = set(expression.obs) - set(ours)
    drop_companions(expression, "mine")
    assert set(expression.obs) == before
    assert set(expression.obsm) == {"spatial", "mine_modes", "mine_third_mode"}


def test_another_placement_leaves_nothing_of_the_first(placed):
    placed.obsm["partial"] = placed.obsm["spatial"].copy()
    placed.obsm["partial"][50:] = np.nan
    impute(placed, spatial_key="partial")
    assert "spatial_dpvae_expected_error" in placed.obs
    reconstruct(placed)
    assert "spatial_dpvae_expected_error" not in placed.obs
    assert "spatial_dpvae_residual" in placed.obs


def with_image(adata, *keys):
    """Put a made-up image of the tissue where squidpy looks for the image of each of these keys."""
    image = np.random.default_rng(0).uniform(size=(50, 60, 3))
    scale = 50 / np.ptp(adata.obsm["spatial"], axis=0).max()
    factors = {"tissue_hires_scalef": scale, "spot_diameter_fullres": 2 / scale}
    for key in keys:
        adata.uns[key] = {"slide": {"images": {"hires": image}, "scalefactors": factors}}
    return adata


def write_posterior(adata):
    n_cells = adata.n_obs
    certain = csr_matrix(np.eye(n_cells))
    found = Posterior(adata.obsm["spatial"], certain, np.arange(n_cells), np.ones(n_cells))
    posterior(adata, found)


def write_imputed(adata):
    adata.obsm["partial"] = adata.obsm["spatial"].copy()
    adata.obsm["partial"][50:] = np.nan
    impute(adata, spatial_key="partial")


def write_aligned(adata):
    adata.obsm["spatial_dpvae"] = adata.obsm["spatial"][:, ::-1]
    procrustes(adata)


def write_snapped(adata):
    adata.obsm["spatial_dpvae"] = 0.9 * adata.obsm["spatial"]
    snap(adata, adata.obsm["spatial"])


@pytest.mark.filterwarnings("ignore")  # of squidpy
@pytest.mark.parametrize(
    ("write", "key"),
    [
        (write_posterior, "spatial_posterior"),
        (write_imputed, "spatial_dpvae"),
        (reconstruct, "spatial_dpvae"),
        (write_aligned, "spatial_dpvae_aligned"),
        (write_snapped, "spatial_dpvae_snapped"),
    ],
)
def test_squidpy_draws_results_over_an_image_of_the_user(placed, write, key):
    squidpy = pytest.importorskip("squidpy")
    with_image(placed, "spatial", key)  # squidpy takes the scale from uns["spatial"]
    image = placed.uns[key]["slide"]["images"]["hires"].copy()
    write(placed)
    write(placed)
    assert key in placed.obsm
    assert f"{key}_params" in placed.uns
    np.testing.assert_array_equal(placed.uns[key]["slide"]["images"]["hires"], image)
    squidpy.pl.spatial_scatter(placed, spatial_key=key, color="domain")
    (drawn,) = plt.gca().get_images()
    np.testing.assert_allclose(drawn.get_array(), image, atol=1e-6)
    plt.close("all")


def test_folding_leaves_images_alone(analyzed):
    with_image(analyzed, "spatial_folded", "spatial_unfolded")
    fold(analyzed, sample_key="section")
    analyzed.obsm["spatial_dpvae"] = analyzed.obsm["spatial_folded"]
    analyzed.obsm["X_dpvae"] = np.asarray(analyzed.X)
    unfold(analyzed, analyzed, section="one", sample_key="section")
    for key in ("spatial_folded", "spatial_unfolded"):
        assert list(analyzed.uns[key]) == ["slide"]
        assert f"{key}_params" in analyzed.uns


def test_a_section_that_cannot_be_placed_is_named_and_nothing_written(sections):
    sections.obsm["X_dpvae"] = sections.X[:, :6].toarray()
    sections.obs["part"] = np.where(np.arange(sections.n_obs) == 4, "one cell", "others")
    for tool in (reconstruct, impute):
        with pytest.raises(ValueError, match=r"^adata.obsm\['X_dpvae'\].* of section 'one cell': "):
            tool(sections, sample_key="part")
        assert "spatial_dpvae" not in sections.obsm


def test_every_section_has_its_rows(sections):
    sections.obsm["X_dpvae"] = 0.01 * sections.obsm["spatial"]
    found = reconstruct(sections, sample_key="section", distance_scale=0.01, copy=True)
    for name in sections.obs["section"].unique():
        cells = (sections.obs["section"] == name).to_numpy()
        alone = reconstruct(sections[cells].copy(), distance_scale=0.01, copy=True)
        np.testing.assert_array_equal(found[cells], alone)


def test_no_cells_are_refused(placed):
    for tool in (reconstruct, impute):
        with pytest.raises(ValueError, match="adata has no cells"):
            tool(placed[:0].copy())
