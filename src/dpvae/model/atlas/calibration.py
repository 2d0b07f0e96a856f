"""How sure each place is: regions calibrated on cells whose place was hidden."""

import warnings
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section, section_names
from dpvae.geometry import Regions, check_coordinate_rows, known_rows
from dpvae.geometry.uncertainty.error_calibration import FAR, ErrorCalibration
from dpvae.geometry.uncertainty.neighbourhood import Surroundings, surroundings
from dpvae.model.atlas.completion import check_same_unit
from dpvae.model.atlas.layout import Layout
from dpvae.model.data.fields import coordinates_state
from dpvae.model.data.minified import is_minified
from dpvae.model.data.setup import FEWEST_KNOWN
from dpvae.model.query.align import section_column
from dpvae.model.training.progress import is_silent, tell

HELD_OUT = 0.2
FEWEST_CELLS = 9
TOO_MANY_FAR = 0.5


class CredibleRegions:
    """Gives every place a region, calibrated on cells whose place was hidden.

    The model it is mixed into places cells (``predict_coordinates``, ``layout_``, …).
    """

    calibration_: dict[str, Any] | None = None
    layout_: dict[str, Any] | None
    is_query_with_places_: bool
    is_trained_: bool
    init_params_: dict[str, Any]
    module: Any
    registry_: dict[str, Any]

    def calibrate(self, held_out: AnnData | None = None, *, seed: int = 0, **kwargs: Any) -> None:
        """Learn how far from the truth places are, so that :meth:`predict_regions` can say it.

        The cells that a model was trained with are placed far better than others: they tell
        nothing of its errors. So errors are measured on cells that it has not seen.

        Parameters
        ----------
        held_out
            Cells of known place, of sections of the reference, that were left out of the reference.
            By default a second model with the same arguments is trained without a random fifth of
            each section's cells, which takes as long as the first training, and its errors on that
            fifth are taken for those of this model.
        seed
            Of the choice of that fifth.
        **kwargs
            For the training of the second model: what :meth:`train` was called with, if anything.

        Raises
        ------
        ValueError
            If there are fewer than 9 cells to calibrate with, if those given are of no section of
            the reference, in another unit or have been trained with, or if there is no expression
            to train a second model with.
        RuntimeError
            If the model is not trained.

        Notes
        -----
        The calibration is kept and saved with the model until it is trained again. The second model
        holds a copy of its cells' expression in memory.
        """
        self._check_trained()
        if held_out is not None:
            self.calibration_ = asdict(self._errors_of(held_out))
            return
        cells = self._checked(None, places=True)  # type: ignore[attr-defined]
        self._check_can_be_repeated(cells)
        hidden = self._hidden_fifth(cells, seed)
        say = (lambda _: None) if is_silent(kwargs) else tell
        say(f"A second model is trained without {hidden.sum()} cells of known place.")
        second = self._trained_with(cells[~hidden].to_memory(), kwargs)
        self.calibration_ = asdict(second._errors_of(cells[hidden].to_memory()))
        say("The model is calibrated. Next: model.predict_regions(query).")

    def predict_regions(
        self,
        adata: AnnData | None = None,
        *,
        section: str | None = None,
        batch_size: int | None = None,
    ) -> Regions:
        """Place cells from their expression, and tell where their true places are likely to be.

        Parameters
        ----------
        adata
            The cells to place; by default those that the model was made with, whose regions are
            as large as if it had not seen them. Needs no coordinates.
        section
            As in :meth:`predict_coordinates`, whose places are the centres of the regions.
        batch_size
            Cells per pass through the encoder.

        Returns
        -------
        A disc and an ellipse for each cell, for any level: ``regions.radii(0.9)``,
        ``regions.ellipses(0.5)``. :func:`dpvae.tl.regions` writes them into an AnnData.

        Raises
        ------
        ValueError
            If the model is not calibrated, or the cells do not fit it.
        RuntimeError
            If it is not trained.

        Warns
        -----
        UserWarning
            If cells are of sections that the reference does not have, or if half of them are
            further from the reference in the latent space than 90 % of the calibration cells.

        Notes
        -----
        Regions hold what they say for cells like those of the calibration: other cells of the same
        section, by default. For other sections, and for regions of the tissue that the reference
        does not show, they are too small.
        """
        self._check_trained()
        if self.calibration_ is None:
            message = (
                "The model is not calibrated: call model.calibrate() first, which trains a second "
                "model, or model.calibrate(held_out) with cells that were left out."
            )
            raise ValueError(message)
        saved = self.calibration_
        calibration = ErrorCalibration(**{**saved, "around": Surroundings(**saved["around"])})
        coordinates, frames, around = self._placed(adata, section, batch_size)
        for unlike in self._unlike_calibration(adata, calibration.share_far(around)):
            warnings.warn(f"{unlike}: their regions may be too small.", UserWarning, stacklevel=2)
        return calibration.regions(coordinates, frames, around)

    def _keep_layout(self, places: NDArray[np.float64]) -> None:
        self.calibration_ = None
        super()._keep_layout(places)  # type: ignore[misc]

    def _check_trained(self) -> None:
        if self.layout_ is None and not self.is_trained_:
            message = "The model is not trained: call model.train() first."
            raise RuntimeError(message)
        self._kept_layout()  # type: ignore[attr-defined]

    def _check_can_be_repeated(self, cells: AnnData) -> None:
        if is_minified(cells):
            reason = "its expression was left out (minified)"
        elif self.is_query_with_places_ or not self.module.distance_term.log_scale.requires_grad:
            reason = "it was made of a query and another model"
        else:
            return
        message = (
            f"A second model cannot be trained to calibrate this one, since {reason}: give cells "
            "of known place that were left out, model.calibrate(held_out)."
        )
        raise ValueError(message)

    def _unlike_calibration(self, adata: AnnData | None, far: float) -> Iterator[str]:
        """Say in what cells differ from those that the regions were calibrated with."""
        cells = self._cells(adata)  # type: ignore[attr-defined]
        column = section_column(self.registry_["setup_args"])
        known = Layout(**self.layout_).section  # type: ignore[arg-type]
        new = np.setdiff1d(section_names(cells, column), known)
        if column is not None and len(new):
            yield f"Cells of sections that the reference does not have ({', '.join(new) or '?'})"
        if far > TOO_MANY_FAR:
            yield (
                f"{far:.0%} of the cells are further from the reference in the latent space than "
                f"{FAR:.0%} of the cells that the regions were calibrated with"
            )

    def _hidden_fifth(self, cells: AnnData, seed: int) -> NDArray[np.bool_]:
        """Choose a random fifth of the cells of known place of every section."""
        setup = self.registry_["setup_args"]
        known = known_rows(check_coordinate_rows(cells.obsm[setup["spatial_key"]]))
        rng = np.random.default_rng(seed)
        hidden = np.zeros(cells.n_obs, dtype=bool)
        for _, section in cells_per_section(section_names(cells, section_column(setup))):
            rows = rng.permutation(np.flatnonzero(known & section))
            n_hidden = min(round(HELD_OUT * len(rows)), max(len(rows) - FEWEST_KNOWN, 0))
            hidden[rows[:n_hidden]] = True
        if hidden.sum() < FEWEST_CELLS:
            message = (
                f"The reference has {int(known.sum())} cells of known place, a fifth of which is "
                f"too few to calibrate with: {FEWEST_CELLS} are needed."
            )
            raise ValueError(message)
        return hidden

    def _trained_with(self, cells: AnnData, arguments: dict[str, Any]) -> Any:
        """Train a model of the same arguments with other cells."""
        cells.uns = {}
        model_class: Any = type(self)
        model_class.setup_anndata(cells, **self.registry_["setup_args"])
        parameters = self.init_params_
        further = {k: v for part in parameters["kwargs"].values() for k, v in part.items()}
        second = model_class(cells, **parameters["non_kwargs"], **further)
        second._next_step = ""
        second.train(**arguments)
        return second

    def _errors_of(self, cells: AnnData) -> ErrorCalibration:
        """Measure the errors of the places of cells whose place is known."""
        setup = self.registry_["setup_args"]
        key = setup["spatial_key"]
        if key not in cells.obsm:
            message = f"held_out has no obsm[{key!r}] with the places of its cells."
            raise KeyError(message)
        truth = check_coordinate_rows(cells.obsm[key], name=f"held_out.obsm[{key!r}]")
        known = known_rows(truth)
        if known.sum() < FEWEST_CELLS:
            message = (
                f"held_out has {int(known.sum())} cells of known place, {FEWEST_CELLS} are needed."
            )
            raise ValueError(message)
        names = section_names(cells, section_column(setup))
        self._check_held_out(names[known], truth[known])
        coordinates, frames, around = self._placed(cells, None, None)
        for name, rows in cells_per_section(names[known]):
            check_same_unit(truth[known][rows], coordinates[known][rows], name)
        radius = float(coordinates_state(self.registry_)["unit"])
        return ErrorCalibration.fit(
            coordinates[known], truth[known], frames[known], around.of(known), radius
        )

    def _check_held_out(self, names: NDArray[np.str_], truth: NDArray[np.float64]) -> None:
        """Raise where cells are of other sections, or stand at places of the reference."""
        layout = Layout(**self.layout_)  # type: ignore[arg-type]
        sections = np.unique(layout.section)
        unknown = np.setdiff1d(names, sections)
        if len(unknown):
            message = (
                f"held_out has cells of the sections {unknown.tolist()}, the reference has "
                f"{sections.tolist()}: only cells of its sections have places in its frames."
            )
            raise ValueError(message)
        taken = set(zip(layout.section, map(tuple, layout.coordinates), strict=True))
        n_taken = sum((name, tuple(s)) in taken for name, s in zip(names, truth, strict=True))
        if n_taken > len(truth) / 2:
            message = (
                f"{n_taken} of {len(truth)} cells of held_out are at places of cells of the "
                "reference: calibrate with cells that the model was not trained with."
            )
            raise ValueError(message)

    def _placed(
        self, adata: AnnData | None, section: str | None, batch_size: int | None
    ) -> tuple[NDArray[np.float64], NDArray[np.str_], Surroundings]:
        """Place cells; give the section in whose frame each is, and its surroundings there."""
        coordinates = self.predict_coordinates(  # type: ignore[attr-defined]
            adata, section=section, batch_size=batch_size
        )
        cells = self._cells(adata)  # type: ignore[attr-defined]
        names = section_names(cells, section_column(self.registry_["setup_args"]))
        latent = self.get_latent_representation(adata, batch_size=batch_size)  # type: ignore[attr-defined]
        layout = Layout(**self.layout_)  # type: ignore[arg-type]
        frames = layout.frames(latent, names, section)
        n_dims = coordinates.shape[1]
        around = Surroundings(np.empty(len(latent)), np.empty((len(latent), n_dims, n_dims)))
        for name, rows in cells_per_section(frames):
            reference = layout.section == name
            found = surroundings(
                latent[rows], layout.latent[reference], layout.coordinates[reference]
            )
            around.distance[rows], around.covariance[rows] = found.distance, found.covariance
        return coordinates, frames, around
