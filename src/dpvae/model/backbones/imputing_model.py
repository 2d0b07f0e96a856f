"""A model that imputes genes of a tissue from dissociated cells."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scvi import REGISTRY_KEYS

from dpvae._data.section import section_names
from dpvae.geometry import known_rows
from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.model.atlas.completion import Completed
from dpvae.model.backbones.joint_latent_model import JointLatentModel
from dpvae.model.data.fields import registered_expression
from dpvae.model.data.minified import is_minified
from dpvae.model.joint.decoding import decoded_genes
from dpvae.model.joint.dissociated import Dissociated, chosen_genes, dissociated_rows
from dpvae.model.joint.imputation import Imputation, ReadOuts, fit_imputation
from dpvae.model.joint.joint_input import technology_codes
from dpvae.model.joint.known_genes import known_genes
from dpvae.model.joint.neighborhoods import N_NEIGHBORS
from dpvae.model.joint.read_out import ImagedCells, read_out
from dpvae.model.joint.unlike_cells import warn_if_unlike
from dpvae.model.tissue.predicted_expression import wanted_genes
from dpvae.model.tissue.section_frames import coordinates_of
from dpvae.model.training.trained_model import NOT_TRAINED
from dpvae.module.number import is_number
from dpvae.module.technology_input import of_one_length

Rows = NDArray[np.intp]
Values = NDArray[np.float32]

NO_CELLS = (
    "All technologies have cells of known place, and genes are imputed from dissociated cells: set "
    "their coordinates to NaN, then set up and train the model again."
)


class ImputingModel(JointLatentModel):
    """Gives genes that the tissue was not asked for, with intervals and what can be expected."""

    imputation_: Imputation | None = None
    _calibration: Rows

    def get_imputed_expression(
        self,
        genes: Sequence[str] | None = None,
        *,
        adata: AnnData | None = None,
        level: float = 0.9,
    ) -> AnnData:
        """Impute genes that the tissue was not asked for, at each of its cells.

        Parameters
        ----------
        genes
            Names of genes that dissociated cells measured. By default all that no technology with
            places measured. One that the tissue measured is read by others; the latents saw it.
        adata
            Cells of the tissue, with coordinates; by default those that the model was made with.
            Give a section as a whole: patterns are painted by what sets its cells apart.
        level
            Share of the cells of a gene whose value is between ``lower`` and ``upper``.

        Returns
        -------
        A new AnnData, cells of the tissue × genes, with the cells' ``obs`` and coordinates:

        - ``X``: the expected value, as the dissociated cells have it: the logarithm of 1 plus
          counts, at the depth ``uns["depth"]`` over the shared genes without
          :attr:`calibration_genes`; of a reference of logarithms in their unit, without ``uns``;
        - ``layers["lower"]``, ``layers["upper"]``: the interval;
        - ``var["expected_correlation"]``: the correlation with the truth, over these cells, that
          can be expected; NaN if too little is known of the calibration genes to say;
        - ``var["mean"]``, ``var["deviation"]``: of the dissociated cells. Intervals hold for values
          that are standardised by them, and measured ones by the tissue's own.

        Memory: ten arrays of ``n_cells * n_genes`` numbers.

        Raises
        ------
        ValueError
            If a gene is not known or no dissociated cell has it, no cell has a place, ``level`` is
            not between 0 and 1, or the model was loaded without the cells of a technology.
        RuntimeError
            If the model is not trained, was loaded without its cells, or has no dissociated ones.

        Notes
        -----
        Four ways of reading a gene are mixed: the decoder; a kernel regression on latents of the
        dissociated cells; patterns painted by the correlation of the shared genes (as
        :func:`dpvae.tl.paint`); and a linear regression on them. The best mixture is
        chosen on calibration genes, which all technologies measured and the model was not shown in
        the tissue. Their errors also give the width of intervals, and what can be expected.
        """
        if not (is_number(level) and 0 < level < 1):
            message = f"level is {level!r}: give a share between 0 and 1, such as 0.9."
            raise ValueError(message)
        imputation = self._imputation()
        chosen = self._wanted(genes)
        cells = self._checked(adata, places=True)
        places = coordinates_of(cells, self.setup)
        mean, margin = np.empty((2, known_rows(places).sum(), len(chosen)), dtype=np.float32)
        expected = np.empty(len(chosen))
        for part, known in known_genes(self._technologies().shared, chosen):
            rows, found, tissue = self._read_genes(
                cells, chosen[part], known, paints=imputation.paints
            )
            mean[:, part] = imputation.mean(found, tissue)
            margin[:, part] = imputation.margin(found, level)
            expected[part] = imputation.expected_correlation(mean[:, part])
        (center, scale), seen = self._unit(chosen), self.module.encoder_input
        lower, upper = mean - margin, mean + margin
        return AnnData(
            mean * scale + center,
            obs=_columns_of_the_user(cells.obs.iloc[rows]),
            var=pd.DataFrame(
                {"expected_correlation": expected, "mean": center, "deviation": scale},
                index=self.setup.genes[chosen],
            ),
            obsm={self.setup.spatial_key: places[rows]},
            layers={"lower": lower * scale + center, "upper": upper * scale + center},
            uns={"depth": float(seen.depth)} if seen.are_counts else {},
        )

    @property
    def calibration_genes(self) -> pd.Index:
        """Names of the shared genes that the model is not shown in the tissue."""
        return self.setup.genes[self._calibration]

    def _keep_reference(self, completed: Completed | None) -> None:
        """Choose how genes are read out, as well."""
        super()._keep_reference(completed)
        self.is_trained_ = True
        imaged = self._technologies().imaged[technology_codes(self.adata_manager)]
        if imaged.any() and not imaged.all():
            self.imputation_ = self._fitted_imputation()
            self._warn_if_unlike()

    def _fitted_imputation(self) -> Imputation:
        cells = self._cells(None)
        genes = self._calibration
        shown = self.module.encoder_input.shown.cpu().numpy()
        rows, found, tissue = self._read_genes(cells, genes, shown, paints=True)
        true = self._measured(cells, rows, genes)
        return fit_imputation(found, true, tissue)

    def _warn_if_unlike(self) -> None:
        """Warn if many cells of the tissue are like no dissociated ones, or the other way round."""
        known = known_rows(coordinates_of(self._cells(None), self.setup))
        codes = technology_codes(self.adata_manager)
        imaged = dissociated_rows(np.flatnonzero(known))
        others = dissociated_rows(np.flatnonzero(~self._technologies().imaged[codes]))
        latents = [self._latents(indices=rows) for rows in (imaged, others)]
        warn_if_unlike("of the tissue", "dissociated cells", *latents)
        warn_if_unlike("that are dissociated", "cells of the tissue", *latents[::-1])

    def _measured(self, cells: AnnData, rows: Rows, genes: Rows) -> Values:
        """Standardised logarithms of genes that the tissue measured, calibration genes as well."""
        some, codes = self._logarithms(cells, rows, genes)
        logarithms = some.toarray()
        true = np.empty(logarithms.shape, dtype=np.float32)
        for code in np.unique(codes):
            mine = codes == code
            scale = logarithms[mine].std(axis=0)
            true[mine] = (logarithms[mine] - logarithms[mine].mean(axis=0)) / np.where(
                scale > 0, scale, 1.0
            )
        return true

    def _logarithms(self, cells: AnnData, rows: Rows, genes: Rows) -> tuple[csr_matrix, Rows]:
        """Logarithms of some genes of cells, which are found by name, and codes of technologies."""
        registered, rows = self._registered(cells)(rows)
        manager = self.get_anndata_manager(registered, required=True)
        expression = registered_expression(manager)
        seen = self.module.encoder_input
        found = chosen_genes(lambda some: seen.logarithms(expression[some]), rows, genes)
        return found, technology_codes(manager)[rows]

    def _read_genes(
        self, cells: AnnData, genes: Rows, known: Rows, *, paints: bool
    ) -> tuple[Rows, ReadOuts, csr_matrix]:
        """Read genes at the cells of known place, by latents and by genes that are known of both.

        Gives which cells these are, what is read, and who is near in the tissue.
        """
        places = coordinates_of(cells, self.setup)
        rows = np.flatnonzero(known_rows(places))
        if not len(rows):
            message = "No cell has a place: genes are imputed at the cells of a tissue."
            raise ValueError(message)
        section = section_names(cells, self.setup.section_key)[rows]
        latent = self._posterior(cells).loc.numpy()[rows]
        tissue = neighborhood_weights(places[rows], section, N_NEIGHBORS)
        imaged = ImagedCells(latent, self._standardized(cells, rows, known), tissue)
        technologies = [self._dissociated(code, genes, known) for code in self._dissociated_codes()]
        decoded = [
            decoded_genes(self.module, latent, each.code, self._batches(each.code), genes)
            for each in technologies
        ]
        codes = [each.code for each in technologies]
        measured = self._technologies().measured[codes][:, genes]
        found = read_out(imaged, technologies, decoded, measured, paints=paints)
        return rows, found, tissue

    def _dissociated_codes(self) -> Rows:
        return np.flatnonzero(~self._technologies().imaged)

    def _standardized(self, cells: AnnData, rows: Rows, genes: Rows) -> Values:
        """Genes by the statistics of technologies, each cell of one length."""
        logarithms, code = self._logarithms(cells, rows, genes)
        seen = self.module.encoder_input
        mean, scale = (x.cpu().numpy()[code][:, genes] for x in (seen.mean, seen.scale))
        scores = (logarithms.toarray() - mean) / scale
        found: Values = of_one_length(torch.as_tensor(scores)).numpy()
        return found

    def _dissociated(self, code: int, genes: Rows, known: Rows) -> Dissociated:
        cells = self._cells(None)
        mine = np.flatnonzero(technology_codes(self.adata_manager) == code)
        rows = dissociated_rows(mine)
        seen = self.module.encoder_input
        center, scale = (x[code, genes].cpu().numpy() for x in (seen.mean, seen.scale))
        logarithms, _ = self._logarithms(cells, rows, genes)
        return Dissociated(
            code=int(code),
            latent=self._latents(indices=rows),
            known=self._standardized(cells, rows, known),
            genes=logarithms.multiply(1.0 / scale).tocsr(),
            zero=-center / scale,
        )

    def _batches(self, technology: int) -> Rows:
        """Codes of the batches of a technology."""
        manager = self.adata_manager
        batch = np.asarray(manager.get_from_registry(REGISTRY_KEYS.BATCH_KEY), dtype=np.intp)
        return np.unique(batch.ravel()[technology_codes(manager) == technology])

    def _unit(self, genes: Rows) -> tuple[Values, Values]:
        """Mean and standard deviation of genes in the dissociated cells."""
        codes = self._dissociated_codes()
        weight = self._technologies().measured[codes][:, genes].astype(np.float32)
        weight /= np.maximum(weight.sum(axis=0), 1.0)
        seen = self.module.encoder_input
        mean, scale = (x.cpu().numpy()[codes][:, genes] for x in (seen.mean, seen.scale))
        return (weight * mean).sum(axis=0), (weight * scale).sum(axis=0)

    def _wanted(self, genes: Sequence[str] | None) -> Rows:
        """Numbers of the genes to impute."""
        technologies = self._technologies()
        known = np.asarray(technologies.measured[~technologies.imaged].any(axis=0))
        imaged = technologies.measured[technologies.imaged].any(axis=0)
        if genes is None:
            return np.flatnonzero(known & ~imaged)
        chosen = wanted_genes(self.setup.genes, genes)
        missing = self.setup.genes[chosen[~known[chosen]]]
        if len(missing):
            message = (
                f"No dissociated cell measured {missing[:5].tolist()} ({len(missing)} of "
                f"{len(chosen)} genes): only genes that they have can be imputed."
            )
            raise ValueError(message)
        return chosen

    def _imputation(self) -> Imputation:
        self._check_if_trained(warn=False)
        if self.adata is None:
            message = (
                "The model was loaded without its cells, from which genes are imputed: load it "
                "with them, load(path, adata=adata)."
            )
            raise RuntimeError(message)
        if is_minified(self.adata):
            message = (
                "The expression of the model's cells was left out (minified), from which genes are "
                "imputed: load the model with the whole cells, load(path, adata=adata)."
            )
            raise ValueError(message)
        if self.imputation_ is None:
            raise RuntimeError(NO_CELLS if self._technologies().imaged.all() else NOT_TRAINED)
        there = np.isin(self._dissociated_codes(), technology_codes(self.adata_manager))
        if not there.all():
            names = self._technologies().names[self._dissociated_codes()[~there]].tolist()
            message = (
                f"The cells of the model hold none of {names}, from which genes are imputed: load "
                "the model with all of its cells."
            )
            raise ValueError(message)
        return self.imputation_


def _columns_of_the_user(obs: pd.DataFrame) -> pd.DataFrame:
    """Leave out what scvi-tools and this package have written."""
    return obs[[name for name in obs if not str(name).startswith("_")]].copy()
