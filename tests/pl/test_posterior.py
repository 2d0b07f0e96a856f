from dataclasses import replace

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.contour import QuadContourSet
from matplotlib.path import Path
from scipy.sparse import csr_matrix

from dpvae import pl, tl
from dpvae.geometry import Posterior


def posterior_of(adata: ad.AnnData, widths: np.ndarray) -> Posterior:
    """Cells whose probability falls with the distance from their place."""
    places = adata.obsm["spatial"]
    distance = np.linalg.norm(places[: len(widths), None] - places, axis=2)
    dense = np.exp(-((distance / widths[:, None]) ** 2) / 2)
    dense /= dense.sum(axis=1, keepdims=True)
    return Posterior(places, csr_matrix(dense), np.arange(len(places)), np.ones(len(widths)))


@pytest.fixture
def found(tissue: ad.AnnData) -> Posterior:
    return posterior_of(tissue, np.linspace(900, 100, 8))


def two_peaks(found: Posterior, share: float) -> tuple[Posterior, np.ndarray]:
    """A cell that could be at both ends of the tissue."""
    ends = found.positions[:, 0].argsort()[[0, -1]]
    dense = np.zeros((1, len(found.positions)))
    dense[0, ends] = 1 - share, share
    two = replace(found, probabilities=csr_matrix(dense), unlikeness=np.ones(1))
    return two, found.positions[ends]


def marks(ax) -> dict[str, np.ndarray]:
    """Marked points of a panel, by what the legend calls their marker."""
    names = {
        "o": "mean",
        "^": "largest peak",
        "v": "second peak",
        "D": "most probable",
        "X": "true",
    }
    return {names[line.get_marker()]: line.get_xydata() for line in ax.get_lines()}


def test_every_position_has_the_color_of_its_probability(found):
    (ax,) = pl.posterior(found, 3)
    dots = ax.collections[0]
    order = np.lexsort(dots.get_offsets().T)
    expected = np.lexsort(found.positions.T)
    np.testing.assert_allclose(dots.get_offsets()[order], found.positions[expected])
    probability = found.probabilities[3].toarray()[0]
    np.testing.assert_allclose(
        np.asarray(dots.get_array())[order], (probability / probability.max())[expected]
    )
    assert np.all(np.diff(dots.get_array()) >= 0)
    assert dots.get_clim() == (0, 1)


def test_marks_are_mean_peaks_and_truth(found):
    two, ends = two_peaks(found, 0.3)
    drawn = marks(pl.posterior(two, 0, true=ends[1:] + 50)[0])
    np.testing.assert_allclose(drawn["mean"], [0.7 * ends[0] + 0.3 * ends[1]])
    np.testing.assert_allclose(drawn["largest peak"], ends[:1])
    np.testing.assert_allclose(drawn["second peak"], ends[1:])
    assert "most probable" not in drawn
    np.testing.assert_allclose(drawn["true"], ends[1:] + 50)


def test_a_small_second_peak_and_an_unknown_truth_are_not_marked(found):
    two, _ = two_peaks(found, 0.05)
    (ax,) = pl.posterior(two, 0, true=np.full((1, 2), np.nan))
    assert set(marks(ax)) == {"mean", "largest peak"}
    labels = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert labels == ["mean", "largest peak", "50 %", "90 %"]


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_the_darkest_position_is_marked_if_no_peak_is_there(found, share):
    """A sharp peak, the darkest, and one or two that are lower and hold more around them."""
    order = found.positions[:, 0].argsort()
    dense = np.zeros((1, len(order)))
    dense[0, order[-1]] = share
    halves = (order[:30], order[60:90])
    for half, mass in zip(halves, (0.5, 0.5 - share), strict=True):
        dense[0, half] = mass / 30
    found = replace(found, probabilities=csr_matrix(dense), unlikeness=np.ones(1))
    assert found.modes(2).shares[0, 1] > share
    drawn = marks(pl.posterior(found, 0)[0])
    np.testing.assert_allclose(drawn["most probable"], found.positions[order[-1:]])
    assert not np.allclose(drawn["largest peak"], drawn["most probable"])


def test_a_darkest_position_right_next_to_a_peak_has_no_second_mark(found):
    first, second = found.positions[:2] * 0 + found.positions[0]
    second += 0.01 * np.ptp(found.positions, axis=0)
    positions = np.vstack([first, first, second, found.positions[2:]])  # two cells at one place
    dense = np.zeros((1, len(positions)))
    dense[0, :3] = 0.3, 0.3, 0.4
    rows = np.arange(len(positions))
    near = Posterior(positions, csr_matrix(dense), rows, np.ones(1))
    assert not np.allclose(near.mode(), near.modes(1).places[:, 0])
    assert set(marks(pl.posterior(near, 0)[0])) == {"mean", "largest peak"}


def test_lines_go_around_the_regions(found):
    (ax,) = pl.posterior(found, 0)
    lines = [artist for artist in ax.collections if isinstance(artist, QuadContourSet)]
    assert len(lines) == 2
    for level, line in zip((0.5, 0.9), lines, strict=True):
        inside = found.region(level)[0].toarray()[0]
        loops = line.get_paths()[0].to_polygons(closed_only=False)
        around = sum(Path(loop).contains_points(found.positions).astype(int) for loop in loops)
        np.testing.assert_array_equal(around % 2 == 1, inside)
    size = 100 * found.region_size(0.9)[0]
    assert ax.get_title() == f"cell 0\n90 % in {size:.2g} % of the tissue"


def test_default_cells_are_spread_from_sure_to_unsure(found):
    axes = pl.posterior(found, names=[f"name {i}" for i in range(8)])
    titles = [ax.get_title().splitlines()[0] for ax in axes]
    falling = np.argsort(found.entropy)[[1, 3, 5, 7]]
    assert titles == [f"name {i}" for i in falling]
    assert len(pl.posterior(found.of([2]))) == 1


def test_a_mask_draws_the_mean_of_its_cells(found):
    mask = np.arange(8) % 3 == 0
    true = found.positions[:8]
    (ax,) = pl.posterior(found, mask, true=true)
    mean = found.probabilities[mask].toarray().mean(axis=0)
    np.testing.assert_allclose(ax.collections[0].get_array(), np.sort(mean) / mean.max())
    assert set(marks(ax)) == {"true"}
    np.testing.assert_array_equal(marks(ax)["true"], true[mask])
    assert ax.get_title().startswith("mean of 3 cells")


def test_panels_show_the_same_and_the_right_way_up(found, tissue):
    outside = tissue.obsm["spatial"][:8] + 4000
    axes = pl.posterior(found, [1, 2, 3, 4, 5], true=outside, unit="µm")
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in axes}) == 1
    assert all(ax.yaxis_inverted() and ax.get_aspect() == 1 for ax in axes)
    low, high = np.sort([axes[0].get_xlim(), axes[0].get_ylim()], axis=1).T
    assert np.all((outside[1:6] > low) & (outside[1:6] < high))
    assert axes[0].get_xlabel() == "x (µm)"
    rows = [ax.get_subplotspec().rowspan.start for ax in axes]
    assert rows == [0, 0, 0, 1, 1]


def texts_of(axes) -> list:
    """All texts of a figure that are drawn, of panels, legend and scale of colours."""
    texts = [text for legend in axes[0].figure.legends for text in legend.get_texts()]
    for ax in axes[0].figure.axes:
        texts += [ax.title, ax.xaxis.label, ax.yaxis.label]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            texts += [label for tick in ticks for label in (tick.label1, tick.label2)]
    return [text for text in texts if text.get_text() and text.get_visible()]


@pytest.mark.parametrize("height", [0.3, pytest.param(0.5, marks=pytest.mark.slow)])
def test_no_text_covers_another_on_a_wide_tissue(tissue, height):
    places = tissue.obsm["spatial"] / np.ptp(tissue.obsm["spatial"], axis=0)
    tissue.obsm["spatial"] = 9000 * places * [1.0, height]
    found = posterior_of(tissue, np.linspace(900, 100, 6))
    axes = pl.posterior(found, np.arange(6), true=found.positions[:6], unit="µm")
    canvas = axes[0].figure.canvas
    canvas.draw()
    boxes = [(t.get_text(), t.get_window_extent(canvas.get_renderer())) for t in texts_of(axes)]
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]]
    assert [(a[0], b[0]) for a, b in pairs if a[1].overlaps(b[1])] == []
    width, height = canvas.get_width_height()
    sides = np.array([box.extents for _, box in boxes])
    assert sides.min() > -1
    assert (sides.max(axis=0) < np.array([width, height] * 2) + 1).all()


def test_space_is_seen_in_the_plane_of_the_tissue(tissue_3d):
    found = posterior_of(tissue_3d, np.full(2, 500.0))
    (ax,) = pl.posterior(found, 0, true=tissue_3d.obsm["spatial"][:2])
    assert ax.get_xlabel() == "principal axis 1"
    centered = found.positions - found.positions.mean(axis=0)
    plane = np.linalg.svd(centered, full_matrices=False)[2][:2]
    seen = np.abs(marks(ax)["true"][0])
    np.testing.assert_allclose(seen, np.abs(plane @ centered[0]), rtol=1e-6)


@pytest.mark.slow
def test_given_axes_are_used_and_saved(found, tmp_path):
    two = plt.figure().subplots(1, 2)
    assert list(pl.posterior(found, [0, 1], ax=two, save=tmp_path / "a.png")) == list(two)
    assert (tmp_path / "a.png").exists()
    assert two[1].get_legend() is not None
    assert not two[0].figure.legends


def test_a_mapping_can_be_drawn_over_the_image(found, tissue):
    tissue.uns["spatial"] = {
        "slide": {
            "images": {"hires": np.ones((50, 60, 3))},
            "scalefactors": {"tissue_hires_scalef": 0.01, "spot_diameter_fullres": 90.0},
        }
    }
    query = tissue[:8].copy()
    mapped = tl.mapping(found, query, tissue)
    ax = pl.over_image(mapped.T, tissue, recovered_key="spatial", color=query.obs_names[3])
    drawn = np.asarray(ax.collections[0].get_array(), dtype=float)
    np.testing.assert_allclose(drawn, found.probabilities[3].toarray()[0], rtol=1e-5)


@pytest.mark.parametrize("cells", [[], [8], [-1], [0.5], [[1]], list(range(8)) * 2, "a"])
def test_cells_that_are_not_there_are_refused(found, cells):
    with pytest.raises(ValueError, match="give 1 to 12 row numbers below 8"):
        pl.posterior(found, cells)


@pytest.mark.parametrize("mask", [np.zeros(8, dtype=bool), np.ones(7, dtype=bool)])
def test_masks_that_do_not_fit_are_refused(found, mask):
    with pytest.raises(ValueError, match=r"boolean mask of shape \(8,\)"):
        pl.posterior(found, mask)


def test_wrong_input_is_refused(found):
    with pytest.raises(ValueError, match=r"true has the shape \(7, 2\)"):
        pl.posterior(found, true=found.positions[:7])
    with pytest.raises(ValueError, match="There are 2 names"):
        pl.posterior(found, names=["a", "b"])
    with pytest.raises(ValueError, match="holds 1 axes, but 2 are drawn"):
        pl.posterior(found, [0, 1], ax=plt.figure().subplots())


def test_something_other_than_a_posterior_is_refused(tissue):
    with pytest.raises(TypeError, match=r"AnnData, not a posterior: give model\.predict_posterior"):
        pl.posterior(tissue)
