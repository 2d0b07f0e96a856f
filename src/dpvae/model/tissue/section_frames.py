"""Where cells are in the frames of a reference's sections."""

from dataclasses import dataclass

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.section import section_names
from dpvae._data.warn import warn_user
from dpvae.geometry import known_rows
from dpvae.model.data.fields import check_n_dims
from dpvae.model.data.given_coordinates import given_coordinates
from dpvae.model.data.setup import Setup

Points = NDArray[np.float64]
OUTSIDE = 0.5
SMALL = 0.01
FEWEST_CELLS = 20


@dataclass(frozen=True, eq=False)
class SectionPlaces:
    """Places of cells, centred by section.

    Parameters
    ----------
    places
        Centred, in the unit of the coordinates, shape ``(n_cells, n_dims)``; NaN if unknown.
    code
        Of each cell's section, shape ``(n_cells,)``; sections that the reference does not have
        follow those that it has.
    """

    places: Points
    code: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class SectionFrames:
    """Where the sections of a reference lie.

    Parameters
    ----------
    names
        Of the sections, in the order of their codes.
    center, reach
        Centre of each, and how far its cells are from it along each axis, in the unit of the
        coordinates, shape ``(n_sections, n_dims)``. NaN without known places.
    """

    names: NDArray[np.str_]
    center: Points
    reach: Points

    @classmethod
    def of(
        cls, cells: AnnData, setup: Setup, earlier: "SectionFrames | None" = None
    ) -> "SectionFrames":
        """Find them in the cells of a reference.

        Parameters
        ----------
        cells
            Its cells.
        setup
            How the model was set up.
        earlier
            Frames of sections of which the cells have no known place.
        """
        found = coordinates_of(cells, setup)
        section = section_names(cells, setup.section_key)
        names = np.asarray(setup.sections, dtype=np.str_)
        names = names if setup.section_key is not None else np.zeros(1, dtype="<U1")
        center = np.full((len(names), setup.n_dims), np.nan)
        reach = np.full_like(center, np.nan)
        for code, name in enumerate(names):
            mine = found[(section == name) & known_rows(found)]
            if len(mine):
                center[code] = mine.mean(axis=0)
                reach[code] = np.abs(mine - center[code]).max(axis=0)
            elif earlier is not None and name in earlier.names:
                row = earlier.code_of(name)
                center[code], reach[code] = earlier.center[row], earlier.reach[row]
        return cls(names, center, reach)

    def code_of(self, section: str | None) -> int:
        """Give the code of a section by its name; ``None`` if there is only one.

        Raises
        ------
        ValueError
            If there is no such section, or no name although there are several.
        """
        if section is None and len(self.names) == 1:
            return 0
        if self.names.tolist() == [""] and str(section):
            message = f"section is {section!r}, but the model has one section, without a name: "
            message += "leave section out."
            raise ValueError(message)
        found = np.flatnonzero(self.names == str(section))
        if section is None or not len(found):
            message = f"section is {section!r}: choose one of {self.names.tolist()}."
            raise ValueError(message)
        return int(found[0])

    def positions(self, code: int, positions: Points) -> SectionPlaces:
        """Bring positions of a section into its frame."""
        return SectionPlaces(
            positions - self.center[code], np.full(len(positions), code, dtype=np.intp)
        )

    def places(self, cells: AnnData, setup: Setup) -> SectionPlaces:
        """Bring the cells of a query, or the reference's own, into the frames.

        Parameters
        ----------
        cells
            With coordinates or without. A section that the reference does not have has a frame of
            its own.
        setup
            How the model was set up.

        Warns
        -----
        UserWarning
            If cells of a known section are far outside of it: their places are taken as unknown.
            If 20 cells or more of a known section spread over less than a hundredth of it.
        """
        section = section_names(cells, setup.section_key)
        known_code = {name: code for code, name in enumerate(self.names)}
        new = [name for name in np.unique(section) if name not in known_code]
        codes = known_code | {name: len(self.names) + k for k, name in enumerate(new)}
        code = np.array([codes[name] for name in section], dtype=np.intp)
        places = coordinates_of(cells, setup).copy()
        known, n_far = known_rows(places), 0
        for number in np.unique(code):
            mine = np.flatnonzero((code == number) & known)
            is_new = number >= len(self.names) or np.isnan(self.center[number]).any()
            if not len(mine):
                continue
            places[mine] -= places[mine].mean(axis=0) if is_new else self.center[number]
            if not is_new:
                far = (np.abs(places[mine]) > (1 + OUTSIDE) * self.reach[number]).any(axis=1)
                places[mine[far]] = np.nan
                n_far += int(far.sum())
                self._warn_if_small(places[mine[~far]], int(number))
        if n_far:
            warn_user(
                f"{n_far} of {cells.n_obs} cells are far outside of the section of the reference "
                "that they belong to by name: their places are taken as unknown. If they are of "
                "another section, name the sections in a column of obs, and set the model up with "
                "sample_key."
            )
        return SectionPlaces(places, code)

    def _warn_if_small(self, places: Points, code: int) -> None:
        """Warn of cells that would all be at one point of their section."""
        if len(places) < FEWEST_CELLS:
            return
        spread, of_section = float(np.ptp(places, axis=0).max()), 2.0 * self.reach[code].max()
        if spread < SMALL * of_section:
            named = f" {str(self.names[code])!r}" if self.names[code] else ""
            warn_user(
                f"{len(places)} cells spread over {spread:.3g}, and their section{named} of the "
                f"reference over {of_section:.3g}: is their unit another, such as millimetres? "
                "Bring them into the reference's unit."
            )


def coordinates_of(cells: AnnData, setup: Setup) -> Points:
    """Read the coordinates of cells, shape ``(n_cells, n_dims)``; NaN if there are none."""
    key = setup.spatial_key
    if key not in cells.obsm:
        return np.full((cells.n_obs, setup.n_dims), np.nan)
    found = given_coordinates(cells, setup)
    check_n_dims(found, setup.n_dims, f"adata.obsm[{key!r}]")
    return found
