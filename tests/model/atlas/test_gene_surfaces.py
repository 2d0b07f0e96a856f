import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.model.atlas import gene_regression, gene_surfaces
from dpvae.model.atlas.gene_regression import fit_gene_regression
from dpvae.model.atlas.gene_surfaces import fit_gene_surfaces
from dpvae.model.atlas.spatial_axes import fit_spatial_axes
from dpvae.model.data.gene_weights import spatial_patterns

N_GENES = 24
TURN = np.array([[0.6, 0.8], [-0.8, 0.6]])


def tissue(n_cells=160, seed=0):
    """Genes that are smooth over a disc, with noise; two sections whose frames are unrelated."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * np.pi, n_cells), np.sqrt(rng.uniform(size=n_cells))
    places = radius[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    waves = np.random.default_rng(99).normal(size=(2, N_GENES))
    genes = np.cos(2.0 * places @ waves + np.arange(N_GENES))
    genes = genes * np.linspace(0.5, 2.0, N_GENES) + 0.4 * rng.normal(size=genes.shape)
    section = np.where(np.arange(n_cells) % 2 == 0, "a", "b")
    places[section == "b"] = 50.0 * places[section == "b"] @ TURN + 700.0
    return genes.astype(np.float32), places, section


def fit(genes, places, section):
    regression = fit_gene_regression(
        lambda rows: genes[rows], np.ones(genes.shape[1]), places, section
    )
    return fit_gene_surfaces(lambda rows: genes[rows], places, section, regression), regression


@pytest.fixture(scope="module")
def known():
    """Cells, and surfaces and regressions of them."""
    cells = tissue()
    return (*cells, *fit(*cells))


@pytest.fixture(scope="module")
def query(known):
    """Genes, true places and sections of new cells, and the places that are read of them."""
    genes, places, section = tissue(seed=1)
    read = np.stack(
        [
            known[4].predict(name, one[None])[0]
            for one, name in zip(genes[:40], section[:40], strict=True)
        ]
    )
    return genes[:40], places[:40], section[:40], read


@pytest.mark.slow
@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_components_are_axes_of_genes_that_count_by_the_root_of_their_pattern(known, form):
    genes, places, section, surfaces, _ = known
    found = surfaces.axes.components(form(genes))
    pattern = spatial_patterns(genes, places, section)
    assert pattern.std() > 0.1
    weight = np.sqrt((pattern + 0.001) / (pattern + 0.001).mean())
    standard = (genes - genes.mean(axis=0)) / genes.std(axis=0) * weight
    expected, axes = np.linalg.eigh(np.cov(standard.T, bias=True))
    projected = standard @ axes[:, -found.shape[1] :]
    np.testing.assert_allclose(found @ found.T, projected @ projected.T, atol=1e-3)
    variances = found.var(axis=0)
    assert (np.diff(variances) <= 1e-9).all()
    np.testing.assert_allclose(variances, expected[::-1][: len(variances)], rtol=1e-3)


@pytest.mark.slow
def test_what_is_observed_are_components_and_places_that_were_read(known, query):
    _, _, _, surfaces, _ = known
    genes, _, section, read = query
    mine = section == "b"
    values = surfaces.values("b", csr_matrix(genes[mine]), read[mine])
    center = surfaces.regression.by_kernel("b", genes[mine])
    usual = 3.5 * np.linalg.norm(surfaces.sections["b"].deviation[-2:])
    for found, near, far in zip(values[:, -2:], center, read[mine], strict=True):
        distance = np.linalg.norm(far - near)
        share = 1.0 if distance <= usual else (usual / distance) ** 2
        np.testing.assert_allclose(found, near + share * (far - near))
    components = surfaces.axes.components(genes[mine])
    n_components = 80 // 8  # an eighth as many as the section has cells
    assert values.shape[1] == n_components + 2
    np.testing.assert_allclose(values[:, :-2], components[:, :n_components], atol=1e-5)


def test_a_place_that_a_network_cannot_know_hardly_counts(known, query):
    _, _, _, surfaces, _ = known
    genes, _, section, _ = query
    mine = section == "b"
    center = surfaces.regression.by_kernel("b", genes[mine])
    usual = np.linalg.norm(surfaces.sections["b"].deviation[-2:])
    outwards = np.array([3.0, 4.0]) / 5.0
    moved = [
        np.linalg.norm(
            surfaces.values("b", genes[mine], center + factor * usual * outwards)[:, -2:] - center,
            axis=1,
        )
        for factor in (1.0, 3.0, 7.0, 70.0)
    ]
    for found, expected in zip(moved, (1.0, 3.0, 1.75, 0.175), strict=True):
        np.testing.assert_allclose(found, expected * usual)


def test_surfaces_are_fit_to_places_that_others_tell(known):
    genes, _, section, surfaces, regression = known
    rows = np.flatnonzero(section == "b")
    others = regression.left_out("b", genes[rows], rows)
    itself = regression.predict("b", genes[rows])
    model = surfaces.sections["b"].surfaces
    np.testing.assert_allclose(model.center[-2:], others.mean(axis=0))
    assert np.abs(others - itself).max() > 1.0
    assert surfaces.reads == {"a": True, "b": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_known", "n_all", "n_of_section"), [(40, 5, 2), (100, 12, 6), (160, 20, 10)]
)
def test_there_are_an_eighth_as_many_components_as_cells(n_known, n_all, n_of_section):
    genes, places, section = tissue()
    places[n_known:] = np.nan
    surfaces, _ = fit(genes, places, section)
    assert surfaces.axes.loadings.shape == (N_GENES, n_all)
    assert len(surfaces.sections["a"].precision) == n_of_section + 2


@pytest.mark.slow
def test_there_are_no_more_components_than_are_wanted(monkeypatch):
    monkeypatch.setattr(gene_surfaces, "N_COMPONENTS", 7)
    surfaces, _ = fit(*tissue())
    assert surfaces.axes.loadings.shape == (N_GENES, 7)
    assert len(surfaces.sections["a"].precision) == 9


def test_new_cells_are_found_each_in_its_frame(known, query):
    _, places, _, surfaces, _ = known
    genes, truth, section, read = query
    found = surfaces.means(read, section, lambda rows: genes[rows])
    for name, radius in (("a", 1.0), ("b", 50.0)):
        mine = section == name
        error = np.linalg.norm(found[mine] - truth[mine], axis=1)
        assert np.median(error) < 0.35 * radius
        model = surfaces.sections[name]
        posterior = surfaces.posterior(
            name, read[mine], lambda rows, mine=mine: genes[mine][rows], places, None
        )
        np.testing.assert_array_equal(posterior.positions, model.positions)
        np.testing.assert_allclose(posterior.mean(), found[mine], atol=2e-3 * radius)


@pytest.mark.slow
def test_a_frame_that_is_moved_and_scaled_moves_its_own_section_alone(known, query):
    genes, places, section, surfaces, _ = known
    new, _, frame, read = query
    moved, mine = places.copy(), frame == "b"
    moved[section == "b"] = 3.0 * places[section == "b"] - 4000.0
    again, regression = fit(genes, moved, section)
    read_again = read.copy()
    read_again[mine] = regression.predict("b", new[mine])
    np.testing.assert_allclose(read_again[mine], 3.0 * read[mine] - 4000.0, atol=1e-3)
    found = surfaces.means(read, frame, lambda rows: new[rows])
    elsewhere = again.means(read_again, frame, lambda rows: new[rows])
    np.testing.assert_allclose(elsewhere[~mine], found[~mine], atol=1e-6)
    np.testing.assert_allclose(elsewhere[mine], 3.0 * found[mine] - 4000.0, atol=0.1)


def test_what_was_read_and_the_mean_of_probability_count_alike_but_for_cells_from_elsewhere(
    known, query
):
    surfaces = known[3]
    genes, _, section, read = query
    genes = genes.copy()
    genes[:10] += 3.0 * np.random.default_rng(2).normal(size=(10, N_GENES))
    joined = surfaces.join(read, section, lambda rows: genes[rows])
    n_unlike = 0
    for cell, name in enumerate(section):
        values = surfaces.values(name, genes[[cell]], read[[cell]])
        mean, unlike = surfaces.sections[name].means(values)
        assert surfaces.unseen[name] == 1.0
        share = 0.5 / unlike[0] ** 2
        expected = (1.0 - share) * read[cell] + share * mean[0]
        np.testing.assert_allclose(joined[cell], expected, rtol=1e-6, atol=1e-9)
        n_unlike += unlike[0] > 2.0
    assert 8 <= n_unlike <= 12


@pytest.mark.slow
def test_how_many_cells_are_treated_at_a_time_does_not_matter(known, query, monkeypatch):
    genes, places, section, surfaces, _ = known
    new, _, frame, read = query
    expected = surfaces.join(read, frame, lambda rows: new[rows])
    monkeypatch.setattr(gene_regression, "MOST_CELLS_AT_A_TIME", 7)
    n_read = []

    def reading(rows):
        n_read.append(len(rows))
        return new[rows]

    np.testing.assert_allclose(surfaces.join(read, frame, reading), expected, atol=1e-9)
    assert max(n_read) == 7
    again, _ = fit(genes, places, section)
    np.testing.assert_allclose(
        again.sections["b"].precision, surfaces.sections["b"].precision, rtol=1e-4
    )
    found = again.posterior("b", read[frame == "b"], lambda r: new[frame == "b"][r], places, None)
    whole = surfaces.posterior(
        "b", read[frame == "b"], lambda r: new[frame == "b"][r], places, None
    )
    np.testing.assert_allclose(
        found.probabilities.toarray(), whole.probabilities.toarray(), atol=1e-5
    )


def test_a_section_of_few_cells_has_no_model_and_places_stay_what_was_read(query):
    genes, places, section = tissue()
    places[(section == "a") & (np.arange(160) >= 38)] = np.nan  # 19 are left
    surfaces, _ = fit(genes, places, section)
    assert list(surfaces.sections) == ["b"]
    new, _, frame, read = query
    for found in (
        surfaces.join(read, frame, lambda rows: new[rows]),
        surfaces.means(read, frame, lambda rows: new[rows]),
    ):
        np.testing.assert_array_equal(found[frame == "a"], read[frame == "a"])
        assert (found[frame == "b"] != read[frame == "b"]).all()
    few = places[(section == "a") & np.isfinite(places[:, 0])]
    with pytest.raises(ValueError, match=r"section 'a' has 19 cells of known place: 20 are needed"):
        surfaces.posterior("a", read[:3], lambda rows: new[rows], few, None)


@pytest.mark.parametrize(
    ("spoil", "flat"),
    [
        (lambda g, p: (g, np.c_[p[:, 0], 2 * p[:, 0]]), "on a line"),
        (lambda g, p: (g, np.c_[p, np.full(len(p), 3.0)]), "in a plane"),
        (lambda g, p: (np.ones_like(g), p), "on a line"),
    ],
)
def test_cells_on_a_line_in_a_plane_or_all_alike_have_no_model(spoil, flat):
    genes, places, _ = tissue(80)
    section = np.full(80, "")
    genes, places = spoil(genes, places)
    surfaces, _ = fit(genes, places, section)
    assert surfaces.sections == {}
    message = f"section has 80 cells of known place, all {flat} or of equal expression: 20"
    with pytest.raises(ValueError, match=message):
        surfaces.posterior("", places, lambda rows: genes[rows], places, None)


def test_the_place_that_the_others_leave_open_tells_nothing():
    """The mean of all others tells where a cell is, so it is not what is read of a new one."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(120, 2))
    genes = np.ones((120, 5), dtype=np.float32)
    genes[0, 0] = 2.0
    surfaces, regression = fit(genes, places, np.full(120, ""))
    others = regression.left_out("", genes, np.arange(120))
    assert np.corrcoef(others[1:, 0], places[1:, 0])[0, 1] < -0.9
    assert surfaces.reads == {"": False}
    read = regression.predict("", genes[1:4])
    found = surfaces.posterior("", read, lambda rows: genes[1:4][rows], places, None)
    assert (found.region_size(0.9) > 0.8).all()


@pytest.mark.slow
@pytest.mark.parametrize(("most", "n_expected"), [(10_000, 64), (30, 30)])
def test_positions_are_cells_of_the_reference_by_their_rows(monkeypatch, most, n_expected):
    monkeypatch.setattr(gene_surfaces, "MOST_CELLS", most)
    genes, places, section = tissue()
    places[::5] = np.nan
    surfaces, _ = fit(genes, places, section)
    model = surfaces.sections["b"]
    assert len(np.unique(model.rows)) == n_expected
    np.testing.assert_array_equal(places[model.rows], model.positions)
    assert set(section[model.rows]) == {"b"}


@pytest.mark.slow
def test_axes_are_fitted_six_times_at_most_however_many_sections_there_are(monkeypatch):
    n_fits = []

    def counted(*arguments):
        n_fits.append(1)
        return fit_spatial_axes(*arguments)

    monkeypatch.setattr(gene_surfaces, "fit_spatial_axes", counted)
    genes, places, _ = tissue()
    section = np.array(["a", "b", "c", "d"])[np.arange(160) % 4]
    genes = np.hstack([genes, genes[:, ::-1] ** 2])  # adapted: 160 cells of 48 genes
    surfaces, _ = fit(genes, places, section)
    assert len(surfaces.unseen) == 4
    assert len(n_fits) == 6


@pytest.mark.slow
def test_many_sections_keep_fewer_cells_each(monkeypatch):
    monkeypatch.setattr(gene_surfaces, "MOST_CELLS_TOGETHER", 100)
    surfaces, _ = fit(*tissue())
    assert [len(model.positions) for model in surfaces.sections.values()] == [50, 50]


def test_a_grid_lies_inside_the_section(known, query):
    _, places, section, surfaces, _ = known
    genes, _, frame, read = query
    mine = frame == "b"
    own = places[section == "b"]
    found = surfaces.posterior("b", read[mine], lambda rows: genes[mine][rows], own, 5.0)
    away = np.linalg.norm(found.positions[:, None] - own, axis=2)
    assert len(found.positions) > 200
    assert away.min(axis=1).max() < 50.0 / 2
    rows = np.flatnonzero(section == "b")
    np.testing.assert_array_equal(found.reference_rows, rows[away.argmin(axis=1)])


def test_measured_cells_choose_how_wide_probabilities_of_their_section_are(known):
    genes, places, section, _, regression = known
    rng = np.random.default_rng(0)
    is_guess = (section == "b") | (np.arange(len(section)) >= 60)
    guessed = places.copy()
    guessed[~is_guess] += 0.5 * rng.normal(size=guessed[~is_guess].shape)
    given = (lambda rows: genes[rows], guessed, section, regression)
    by_all, by_measured = fit_gene_surfaces(*given), fit_gene_surfaces(*given, 0.5 * is_guess)
    assert by_measured.sections["a"].temperature > by_all.sections["a"].temperature
    assert by_measured.sections["b"].temperature == by_all.sections["b"].temperature
