import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dpvae.geometry import coordinate_unit, standard_coordinates


@pytest.fixture
def sections():
    rng = np.random.default_rng(0)
    coordinates = rng.normal(size=(30, 3)) * [1.0, 5.0, 0.1]
    coordinates[[4, 17]] = np.nan
    return coordinates, np.repeat([7, 2, 5], 10)


def test_unit_is_the_pooled_root_mean_square_radius(sections):
    coordinates, section = sections
    squares = [
        ((row - np.nanmean(coordinates[section == code], axis=0)) ** 2).sum()
        for row, code in zip(coordinates, section, strict=True)
        if not np.isnan(row).any()
    ]
    assert coordinate_unit(coordinates, section) == pytest.approx(np.sqrt(np.mean(squares)))


def test_unit_ignores_the_pose_of_each_section(sections):
    coordinates, section = sections
    moved = coordinates.copy()
    for code in np.unique(section):
        turn = Rotation.random(rng=code).as_matrix()
        moved[section == code] = coordinates[section == code] @ turn + 1000.0 * code
    assert coordinate_unit(moved, section) == pytest.approx(coordinate_unit(coordinates, section))


def test_unit_scales_with_the_coordinates(sections):
    coordinates, section = sections
    unit = coordinate_unit(coordinates, section)
    assert coordinate_unit(250.0 * coordinates, section) == pytest.approx(250.0 * unit)


def test_standard_sections_are_centered_at_unit_radius_without_deforming(sections):
    coordinates, section = sections
    unit = coordinate_unit(coordinates, section)
    standard = standard_coordinates(coordinates, section, unit)
    np.testing.assert_array_equal(np.isnan(standard), np.isnan(coordinates))
    for code in np.unique(section):
        rows = section == code
        np.testing.assert_allclose(np.nanmean(standard[rows], axis=0), 0.0, atol=1e-14)
        shift = standard[rows] - coordinates[rows] / unit
        assert np.nanmax(np.ptp(shift[~np.isnan(shift[:, 0])], axis=0)) < 1e-12
    assert coordinate_unit(standard, section) == pytest.approx(1.0)


def test_a_section_without_known_cells_stays_unknown():
    coordinates = np.array([[0, 0], [2, 0], [1, 3], [np.nan, np.nan]])
    standard = standard_coordinates(coordinates, np.array([0, 0, 0, 1]), 1.0)
    np.testing.assert_allclose(standard[:3], [[-1, -1], [1, -1], [0, 2]], atol=1e-15)
    assert np.isnan(standard[3]).all()


def test_sections_of_one_cell_have_no_unit():
    with pytest.raises(ValueError, match="no section has two cells at different places"):
        coordinate_unit(np.eye(3)[:, :2], np.arange(3))


def test_section_of_wrong_length_is_refused():
    with pytest.raises(ValueError, match=r"section has shape \(2,\).*each of 3 rows"):
        coordinate_unit(np.eye(3)[:, :2], np.arange(2))


@pytest.mark.parametrize("unit", [0.0, -1.0, np.nan, np.inf])
def test_unit_must_be_a_length(unit):
    with pytest.raises(ValueError, match=f"unit is {unit}; pass a positive length"):
        standard_coordinates(np.eye(3)[:, :2], None, unit)
