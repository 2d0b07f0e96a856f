"""Training with the distance term."""

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scvi.train import TrainingPlan

from dpvae._data.section import cells_per_section, section_names
from dpvae.geometry import (
    check_coordinate_rows,
    fit_distance_scale,
    known_rows,
    place_by_consensus,
)
from dpvae.model.atlas.completion import (
    N_STEPS,
    PLAN,
    check_same_unit,
    completed_coordinates,
    coordinates_in_use,
    own_components,
)
from dpvae.model.atlas.gene_regression import fit_gene_regression
from dpvae.model.atlas.layout import Layout, layout_cells
from dpvae.model.data.minified import is_minified, refuse_minified
from dpvae.model.data.own_cells import check_as_set_up
from dpvae.model.loading.mask import pair_graph_in_use
from dpvae.model.loading.order import SectionSplitter
from dpvae.model.query.align import section_column
from dpvae.model.training.aligned_sections import with_sections
from dpvae.model.training.arguments import (
    BATCH_SIZE,
    check_names,
    check_numbers,
    epochs_between_validations,
    suitable_epochs,
    with_default_split,
    without_noise,
)
from dpvae.model.training.checkpoint import TrainingCheckpoint, check_checkpoint
from dpvae.model.training.fingerprint import training_origin
from dpvae.model.training.history import history_in_use
from dpvae.model.training.interruption import usable_when_interrupted
from dpvae.model.training.plan import DistancePreservingPlan
from dpvae.model.training.plan_arguments import check_metric, check_plan
from dpvae.model.training.processes import for_processes, n_processes
from dpvae.model.training.progress import end_of_training, is_silent, tell, with_progress
from dpvae.model.training.state_file import check_state_path
from dpvae.model.training.threads import training_threads

EVERY = timedelta(minutes=10)
NOT_TRAINED = "The model is not trained: call model.train() first."
NEXT = (
    "Next: model.predict_coordinates(query) places cells, and model.calibrate() measures how far "
    "off places of new cells are."
)


class SpatialTraining:
    """Trains a model of scvi-tools with the distance term, and keeps its layout of the reference.

    The model it is mixed into reads cells and genes (``_cells``, ``_gene_reader``, …).
    """

    _training_plan_cls = DistancePreservingPlan
    _data_splitter_cls: Any = SectionSplitter
    layout_: dict[str, Any] | None = None
    gene_regression_: dict[str, Any] | None = None
    is_query_with_places_: bool = False
    _next_step: str = NEXT
    adata: AnnData | None
    module: Any
    summary_stats: Any
    registry_: dict[str, Any]

    def train(
        self,
        max_epochs: int | None = None,
        *,
        checkpoint: str | Path | None = None,
        checkpoint_every: int | timedelta = EVERY,
        resume_from: str | Path | None = None,
        n_threads: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Train the model, then keep the reference's cells as the layout for queries.

        Parameters
        ----------
        max_epochs
            Number of passes over the data. By default as many as make 500 steps for up to 500
            cells, 1,500 for 2,200, 7,000 for 17,000 and 20,000 for 70,000 or more. Several
            processes, each with a minibatch of its own, share these steps, down to 500.
        checkpoint
            File in which the state of the training is kept, at ends of epochs, so that it can go
            on after an interruption. By default it is not kept.
        checkpoint_every
            Time between two states, or number of epochs. By default ten minutes.
        resume_from
            File of an earlier call that was interrupted. Make the model and call ``train`` as it
            was done then: training goes on from the state in the file, to the same result as
            without the interruption.
        n_threads
            Number of threads of the processor. By default one, which another job on the machine
            does not slow down. If as many cores are free, four train up to 1.7 times faster. Never
            more than ``OMP_NUM_THREADS`` and the cores of this process allow. The same seed gives
            the same result to the bit only with the same number of threads.
        **kwargs
            All other arguments of scvi-tools' ``train``: ``batch_size=128``, ``accelerator``,
            ``devices``, ``strategy``, ``early_stopping=False``, ``plan_kwargs`` (see
            :class:`~dpvae.model.DistancePreservingPlan`), ``datasplitter_kwargs``, and those of
            the Lightning trainer. ``datasplitter_kwargs={"balance_sections": True}`` makes
            minibatches of few sections, whose cells then meet more cells of their own; by default
            they are random. By default every cell trains; ``train_size=0.9`` keeps a tenth
            for validation. Early stopping does that by itself, and watches
            ``distance_loss_validation``.

        Raises
        ------
        FileNotFoundError
            If there is no file ``resume_from``.
        ValueError
            If it belongs to another model, other genes or other arguments; if numbers are not
            possible, or a validation part is needed and left out; if processes or cells are not
            enough for ``devices``; if the data are minified; if the alignment of sections is asked
            for and there is one; or if sections shall be balanced and are not named, or a pair mask
            or several processes are used.
        TypeError
            If there is no such argument.
        KeyboardInterrupt
            If it is interrupted. The model can be used then, as far as it was trained.

        Notes
        -----
        A bar shows how far the training is, in a terminal and in a notebook; elsewhere ten lines
        do, on standard error. A sentence at the end says how well distances are kept.
        ``enable_progress_bar=False`` silences both.

        ``model.history`` holds, per epoch and for training and validation part, if there is one,
        the loss, the reconstruction term, the KL term, the distance term and λ; and the difference
        between sections (``alignment_loss``), where they are aligned.
        """
        cells = self._checked(None)  # type: ignore[attr-defined]
        refuse_minified(cells)
        check_as_set_up(cells, self.registry_, type(self).__name__)
        check_names(kwargs)
        if kwargs.get("batch_size") is None:
            kwargs["batch_size"] = BATCH_SIZE
        check_numbers(max_epochs, kwargs["batch_size"])
        kwargs["callbacks"] = list(kwargs.get("callbacks") or ())
        kwargs = for_processes(with_default_split(kwargs, cells.n_obs), cells.n_obs)
        check_plan(kwargs.get("plan_kwargs") or {}, self._plan_names())
        if kwargs.get("early_stopping"):
            check_metric("early_stopping_monitor", kwargs.get("early_stopping_monitor"))
        kwargs["plan_kwargs"] = with_sections(
            kwargs.get("plan_kwargs"),
            self._section_names(cells),
            self.summary_stats.n_section,
        )
        completed = self._guessed() if self.is_query_with_places_ else None
        if completed is not None:
            kwargs["plan_kwargs"] = {**PLAN, **kwargs["plan_kwargs"]}
        if max_epochs is None:
            max_epochs = suitable_epochs(
                cells.n_obs,
                batch_size=kwargs["batch_size"],
                train_size=kwargs.get("train_size"),
                n_steps=None if completed is None else N_STEPS,
                n_processes=n_processes(kwargs),
            )
        interval = epochs_between_validations(max_epochs, kwargs, cells.n_obs)
        kwargs.setdefault("check_val_every_n_epoch", interval)
        kwargs.setdefault("early_stopping_monitor", "distance_loss_validation")
        origin = training_origin(self, max_epochs, kwargs)
        if resume_from is not None:
            check_checkpoint(Path(resume_from), origin)
            kwargs["ckpt_path"] = str(resume_from)
        path = None if checkpoint is None else check_state_path(checkpoint)
        keeper = TrainingCheckpoint(path, checkpoint_every, origin)
        keep = partial(self._keep_reference, completed)
        self.module.train()
        if completed is None and self._has_places() and self._learns_distances():
            self.layout_ = None  # that of other weights
        with (
            without_noise(),
            training_threads(n_threads),
            pair_graph_in_use(self),
            history_in_use(kwargs) as arguments,
            usable_when_interrupted(self, max_epochs, keep) as watch,
            coordinates_in_use(cells, completed, self._section_names(cells)),
        ):
            arguments["callbacks"] = [keeper, *kwargs["callbacks"], watch]
            arguments = with_progress(arguments, self.module.distance_term.error)
            super().train(max_epochs=max_epochs, **arguments)  # type: ignore[misc]
        keep()
        if not is_silent(kwargs):
            tell(f"{end_of_training(self)} {self._next_step}".rstrip())

    def _check_if_trained(self, warn: bool = True, message: str = NOT_TRAINED) -> None:  # noqa: FBT001, FBT002
        super()._check_if_trained(warn=warn, message=message)  # type: ignore[misc]

    def _plan_names(self) -> set[str]:
        """Names of arguments that the training plan, and through it the loss, can be given."""
        takers = (self._training_plan_cls, TrainingPlan, self.module.loss)
        return {name for taker in takers for name in signature(taker).parameters}

    def _has_places(self) -> bool:
        key = self.registry_["setup_args"]["spatial_key"]
        places = self._cells(None).obsm.get(key)  # type: ignore[attr-defined]
        return places is not None and bool(known_rows(check_coordinate_rows(places)).any())

    def _learns_distances(self) -> bool:
        return bool(self.module.distance_term.log_scale.requires_grad)

    def _given_coordinates(self, cells: AnnData) -> NDArray[np.float64]:
        return check_coordinate_rows(cells.obsm[self.registry_["setup_args"]["spatial_key"]])

    def _section_names(self, cells: AnnData) -> NDArray[np.str_]:
        return section_names(cells, section_column(self.registry_["setup_args"]))

    def _guessed(self) -> NDArray[np.float64]:
        """Places of all cells of a query, as the reference and those of known place say."""
        self.is_trained_ = True  # by the reference
        guess = self.predict_coordinates()  # type: ignore[attr-defined]
        cells = self._cells(None)  # type: ignore[attr-defined]
        places = self._given_coordinates(cells)
        known = known_rows(places)
        for name, rows in cells_per_section(self._section_names(cells)[known]):
            check_same_unit(places[known][rows], guess[known][rows], name)
        return self._completed(guess)

    def _smoothed(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        latent = self.get_latent_representation()  # type: ignore[attr-defined]
        smooth = places.copy()
        for _, rows in cells_per_section(self._section_names(self._cells(None))):  # type: ignore[attr-defined]
            smooth[rows] = place_by_consensus(latent[rows], latent[rows], places[rows])
        return smooth

    def _completed(self, guess: NDArray[np.float64]) -> NDArray[np.float64]:
        cells = self._cells(None)  # type: ignore[attr-defined]
        read, factor = self._gene_reader(cells), self._gene_factor()  # type: ignore[attr-defined]
        return completed_coordinates(
            self._given_coordinates(cells),
            self._section_names(cells),
            guess,
            self.get_latent_representation(),  # type: ignore[attr-defined]
            own_components(read, factor, cells.n_obs),
        )

    def _keep_reference(self, completed: NDArray[np.float64] | None) -> None:
        """Keep the layout of what was trained; a query of no known place leaves the reference's."""
        if completed is not None:
            self._keep_layout(self._completed(self._smoothed(completed)))
        elif self.layout_ is None or self._learns_distances():
            self._keep_layout(self._given_coordinates(self._cells(None)))  # type: ignore[attr-defined]

    def _kept_layout(self) -> Layout:
        """Give the layout; make it from the model's own cells where training had no time to."""
        if self.layout_ is None:
            self._check_if_trained(warn=False)
            if self.adata is None or not self._has_places():
                message = (
                    "The model has no layout of its reference: it was saved before model.train() "
                    "had ended. Load it with the reference, load(path, adata=reference), whose "
                    "layout is then made, and save it again."
                )
                raise RuntimeError(message)
            self._keep_reference(None)
        return Layout(**self.layout_)  # type: ignore[arg-type]

    def _keep_layout(self, places: NDArray[np.float64]) -> None:
        cells = self._cells(None)  # type: ignore[attr-defined]
        section = self._section_names(cells)
        kept = layout_cells(places, section)
        latent = self.get_latent_representation(indices=kept)  # type: ignore[attr-defined]
        layout = asdict(Layout(latent, places[kept], section[kept]))
        if self.module.dp_weight == 0:
            if np.ptp(latent, axis=0).any():
                scale = fit_distance_scale(latent, places[kept], section=section[kept])
                self.module.distance_term.set_distance_scale(scale)
        elif not is_minified(cells):
            read, factor = self._gene_reader(cells), self._gene_factor()  # type: ignore[attr-defined]
            self.gene_regression_ = asdict(fit_gene_regression(read, factor, places, section))
        self.layout_ = layout
