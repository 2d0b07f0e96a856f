"""A model that trains with the distance term, and keeps an atlas of its reference."""

from datetime import timedelta
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scvi.train import TrainingPlan

from dpvae._data.expression import expression_of
from dpvae._data.section import section_names
from dpvae._keys import OBSM
from dpvae.geometry import check_coordinate_rows, fit_distance_scale, known_rows
from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.completion import (
    Completed,
    check_same_units,
    completed_coordinates,
    coordinates_in_use,
    own_components,
    smoothed,
)
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.gene_regression import fit_gene_regression
from dpvae.model.atlas.gene_surfaces import fit_gene_surfaces
from dpvae.model.atlas.guesses import with_similar_cells
from dpvae.model.atlas.layout import Layout, layout_cells
from dpvae.model.atlas.placers import by_all
from dpvae.model.atlas.seen_places import SeenPlaces, seen_places
from dpvae.model.data.depth import Depth, fit_depth, spread_rows
from dpvae.model.data.given_coordinates import given_coordinates
from dpvae.model.data.minified import is_minified, refuse_minified
from dpvae.model.data.own_cells import check_as_set_up
from dpvae.model.data.pair_mask import known_pairs, read_mask
from dpvae.model.data.quiet import without_noise
from dpvae.model.files.stored_model import StoredModel
from dpvae.model.loading.order import PatchOrder
from dpvae.model.loading.rows import RowSplitter
from dpvae.model.training.arguments import TrainingArguments
from dpvae.model.training.checkpoint import TrainingCheckpoint, check_checkpoint
from dpvae.model.training.fingerprint import fingerprint
from dpvae.model.training.history import history_in_use
from dpvae.model.training.interruption import usable_when_interrupted
from dpvae.model.training.plan import DistancePreservingPlan
from dpvae.model.training.progress import end_of_training, is_silent, tell, with_progress
from dpvae.model.training.state_file import check_state_path
from dpvae.model.training.threads import training_threads

Places = NDArray[np.float64]
EVERY = timedelta(minutes=10)
NOT_TRAINED = "The model is not trained: call model.train() first."
NEXT = "Next: model.predict_coordinates(query) or, for all places, model.predict_posterior(query)."


class TrainedModel(StoredModel):
    """Trains with the distance term, and keeps what it then knows of its reference."""

    _training_plan_cls = DistancePreservingPlan
    _data_splitter_cls = RowSplitter
    _next_step: str = NEXT
    has_network: bool = True
    places_by_genes: bool = False  # without a distance term too
    atlas_: Atlas | None = None

    @property
    def distance_scale(self) -> float:
        """λ: latent distance per unit of the coordinates."""
        return float(self.module.distance_term.distance_scale.detach())

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
            :class:`~dpvae.model.DistancePreservingPlan`), ``datasplitter_kwargs``; and arguments of
            the Lightning trainer. By default every cell trains; ``train_size=0.9`` keeps a tenth
            for validation. Early stopping does that by itself, and watches
            ``distance_loss_validation``.

        Raises
        ------
        FileNotFoundError
            If there is no file ``resume_from``.
        ValueError
            If it belongs to another model, other genes or other arguments; if numbers are not
            possible, or a validation part is needed and left out; if processes or cells are not
            enough for ``devices``; if the data are minified; or if sections are to be aligned and
            there is only one.
        TypeError
            If there is no such argument.
        KeyboardInterrupt
            If it is interrupted. The model can be used then, as far as it was trained.

        Notes
        -----
        A bar shows how far the training is in a terminal or notebook; elsewhere ten lines on
        standard error do, and a sentence at the end. ``enable_progress_bar=False`` silences both.

        ``model.history`` holds for each epoch the loss, the reconstruction term, the KL term, the
        distance term and λ, of the training part and of the validation part, if there is one. If
        sections are aligned, it holds the difference between them, too (``alignment_loss``).
        """
        cells = self._checked(None)
        refuse_minified(cells)
        check_as_set_up(cells, self.setup)
        section = section_names(cells, self.setup.section_key)
        arguments = TrainingArguments.of(
            max_epochs,
            kwargs,
            section=section,
            plan_names=self._plan_names(),
            is_fine_tuning=self.is_query_with_places_,
        )
        completed = self._guessed(cells) if self.is_query_with_places_ else None
        if not self.has_network:
            self.is_trained_ = True
            self._keep_reference(completed)
            return
        origin = fingerprint(self, arguments.for_scvi())
        further = dict(arguments.further)
        if resume_from is not None:
            check_checkpoint(Path(resume_from), origin)
            further["ckpt_path"] = str(resume_from)
        path = None if checkpoint is None else check_state_path(checkpoint)
        keeper = TrainingCheckpoint(path, checkpoint_every, origin)
        keep = partial(self._keep_reference, completed)
        self.module.train()
        if completed is None and self._has_places() and self._learns_distances():
            self.atlas_ = None  # it belongs to other weights
        self._before_training(cells)
        graph = self._pair_graph(cells)
        plan: dict[str, Any] = {} if graph is None else {"pair_graph": graph}
        if completed is None and not self._learns_distances():
            plan["weight_decay"] = 0.0  # or frozen weights decay
        if arguments.plan.get("alignment") is not None:
            plan["n_sections"] = self.summary_stats.n_section
        with (
            without_noise(),
            training_threads(n_threads),
            history_in_use(further) as further,
            usable_when_interrupted(self, arguments.max_epochs, keep) as watch,
            coordinates_in_use(cells, completed, section),
        ):
            further["callbacks"] = [keeper, *arguments.further["callbacks"], watch]
            further = with_progress(further, self.module.distance_term.error)
            super().train(
                **arguments.with_further(further).for_scvi(
                    plan=plan,
                    splitter={} if graph is None else {"order": PatchOrder(graph)},
                )
            )
        keep()
        if not is_silent(kwargs):
            tell(f"{end_of_training(self)} {self._next_step}".rstrip())

    def _before_training(self, cells: AnnData) -> None:
        """Prepare what minibatches bring along; a backbone that reads more says so here."""

    def _check_if_trained(self, warn: bool = True, message: str = NOT_TRAINED) -> None:  # noqa: FBT001, FBT002
        super()._check_if_trained(warn=warn, message=message)

    def _reference_depth(self) -> Depth | None:
        return None if self.atlas_ is None else self.atlas_.depth

    def _plan_names(self) -> set[str]:
        """Names of arguments that the training plan, and through it the loss, can be given."""
        plans: Any = (self._training_plan_cls, DistancePreservingPlan, TrainingPlan)
        return {name for of in (*plans, self.module.loss) for name in signature(of).parameters}

    def _has_places(self) -> bool:
        places = self._cells(None).obsm.get(self.setup.spatial_key)
        return places is not None and bool(known_rows(check_coordinate_rows(places)).any())

    def _learns_distances(self) -> bool:
        return bool(self.module.distance_term.log_scale.requires_grad)

    def _pair_graph(self, cells: AnnData) -> csr_matrix | None:
        """Read the pair mask that the model was set up with; a query may come without it."""
        key = self.setup.mask_key
        known = known_rows(cells.obsm[OBSM.centered])
        is_query = self.is_query_with_places_ or not self._learns_distances() or not known.any()
        if key is None or (key not in cells.obsp and is_query):
            return None
        return known_pairs(read_mask(cells, key, self.setup.section_key), known)

    def _given_coordinates(self, cells: AnnData) -> Places:
        return given_coordinates(cells, self.setup)

    def _guessed(self, cells: AnnData) -> Completed:
        """Places of all cells of a query, from the reference and the cells of known place."""
        self.is_trained_ = True  # by the reference
        if not self.values.are_counts:
            some = expression_of(cells, self.setup.layer)[spread_rows(cells.n_obs)]
            self._correction_of(some).warn_before_learning()
        encoded = self._encoded(None)
        atlas, places = self._atlas(), self._given_coordinates(cells)
        guess = atlas.place(encoded, by_all).coordinates
        check_same_units(places, guess, encoded.section)
        return self._completed(cells, guess, seen_places(atlas, encoded, places))

    def _completed(self, cells: AnnData, guess: Places, seen: SeenPlaces | None) -> Completed:
        return completed_coordinates(
            self._given_coordinates(cells),
            section_names(cells, self.setup.section_key),
            guess,
            self._latents(),
            own_components(self._gene_reader(cells), self.module.encoder_input.factor, cells.n_obs),
            seen,
        )

    def _keep_reference(self, completed: Completed | None) -> None:
        """Keep an atlas of what was trained; a query of no known place leaves the reference's."""
        cells = self._cells(None)
        if completed is not None:
            names = section_names(cells, self.setup.section_key)
            guess = smoothed(completed.coordinates, self._latents(), names)
            again = self._completed(cells, guess, None)
            self.atlas_ = self._made_atlas(cells, again.coordinates, completed.errors)
        elif self.atlas_ is None or (self._learns_distances() and self._has_places()):
            self.atlas_ = self._made_atlas(cells, self._given_coordinates(cells))

    def _atlas(self) -> Atlas:
        """Give the atlas; make it from the model's own cells where training had no time to."""
        if self.atlas_ is None:
            self._check_if_trained(warn=False)
            if self.adata is None or not self._has_places():
                message = (
                    "The model has no layout of its reference: it was saved before model.train() "
                    "had ended. Load it with the reference, load(path, adata=reference), whose "
                    "layout is then made, and save it again."
                )
                raise RuntimeError(message)
            self._keep_reference(None)
        assert self.atlas_ is not None
        return self.atlas_

    def _made_atlas(self, cells: AnnData, places: Places, errors: Places | None = None) -> Atlas:
        section = section_names(cells, self.setup.section_key)
        kept = layout_cells(places, section, errors)
        latent, off = self._latents(indices=kept), errors if errors is None else errors[kept]
        layout, regression, surfaces = Layout(latent, places[kept], section[kept], off), None, None
        genes: Any = None if is_minified(cells) else self._gene_reader(cells)
        term = self.module.distance_term
        is_plain = term.weight == 0
        if is_plain and np.ptp(latent, axis=0).any():
            z = latent[:, : term.n_dims]
            term.set_distance_scale(fit_distance_scale(z, places[kept], section=section[kept]))
        if genes is not None and (self.places_by_genes or not is_plain):
            factor = self.module.encoder_input.factor
            regression = fit_gene_regression(genes, factor, places, section)
            surfaces = fit_gene_surfaces(genes, places, section, regression, errors)
        depth = self._own_depth(cells, section)
        atlas = Atlas(layout, self.distance_scale, regression, surfaces, depth, term.n_dims)

        def encode(rows: NDArray[np.intp]) -> EncodedCells:
            z = self._latents(indices=rows)
            return EncodedCells(z, section[rows], lambda some: genes(rows[some]))

        return with_similar_cells(atlas, encode, places, section)

    def _own_depth(self, cells: AnnData, section: NDArray[np.str_]) -> Depth | None:
        if self.values.are_counts or is_minified(cells):
            return self._reference_depth()
        rows = spread_rows(cells.n_obs)
        return fit_depth(expression_of(cells, self.setup.layer)[rows], section[rows])
