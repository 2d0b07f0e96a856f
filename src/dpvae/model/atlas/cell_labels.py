"""Labels of cells of a query: from their genes and from where they could be."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dpvae._data.counted import counted
from dpvae._data.names import codes_of
from dpvae._data.some_rows import at_most
from dpvae._data.warn import warn_user
from dpvae.geometry import LabelProbabilities, Posterior, known_rows
from dpvae.geometry.regression.label_classifier import LabelClassifier, fit_label_classifier
from dpvae.geometry.regression.label_pool import fit_weights, pooled
from dpvae.model.atlas.encoded_cells import ReadGenes
from dpvae.model.atlas.gene_components import GeneComponents, fit_gene_components
from dpvae.model.atlas.gene_surfaces import MOST_CELLS, GeneSurfaces
from dpvae.model.atlas.left_out_posterior import left_out_posterior

Rows = NDArray[np.intp]
Values = NDArray[np.float64]

N_COMPONENTS = 50
MOST_CELLS_TO_CLASSIFY = 5_000
MOST_CELLS_TO_WEIGH = 2_000
FEWEST_CELLS = 5


@dataclass(frozen=True, eq=False)
class LabelledReference:
    """What is known of the cells of a reference, in their order.

    Parameters
    ----------
    genes
        Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``.
    coordinates
        Shape ``(n_cells, n_dims)``, NaN if unknown.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    codes
        Label of each cell by its place in ``names``, −1 for none, shape ``(n_cells,)``.
    names
        Of the labels.
    """

    genes: ReadGenes
    coordinates: Values
    section: NDArray[np.str_]
    codes: Rows
    names: list[str]

    def share(self, found: Posterior) -> Values:
        """Share of each cell's probability at positions of each label, ``(n_cells, n_labels)``.

        Positions without a label do not count; a cell that has no others gets the same share of
        all labels.
        """
        labels = np.array([*self.names, None], dtype=object)[self.codes[found.reference_rows]]
        share = found.share(labels).reindex(columns=self.names, fill_value=0.0).to_numpy()
        total = share.sum(axis=1, keepdims=True)
        return np.where(
            total > 0.0, share / np.where(total > 0.0, total, 1.0), 1.0 / len(self.names)
        )


def labels_of(column: pd.Series, where: str) -> tuple[Rows, list[str]]:
    """Read a column of labels: a code for each cell, −1 for none, and the names of the codes.

    Parameters
    ----------
    column
        Labels, missing for some cells.
    where
        How messages call it.

    Raises
    ------
    ValueError
        If fewer than two labels have five cells or more.

    Warns
    -----
    UserWarning
        If there are labels of fewer cells, which are left out.
    """
    codes, found = codes_of(column)
    is_rare = np.bincount(codes[codes >= 0], minlength=len(found)) < FEWEST_CELLS
    rare, names = found[is_rare].tolist(), found[~is_rare].tolist()
    if len(names) < 2:
        message = (
            f"{where} has {counted(len(names), 'label')} of {FEWEST_CELLS} cells or more "
            f"({names}), but two are needed to choose between: give a column of layers, regions "
            "or cell types."
        )
        raise ValueError(message)
    if rare:
        warn_user(
            f"{where}: labels of fewer than {FEWEST_CELLS} cells cannot be learned and are left "
            f"out: {rare[:5]}{' and others' * (len(rare) > 5)}."
        )
    number = np.append(np.where(is_rare, -1, np.cumsum(~is_rare) - 1), -1)
    return np.asarray(number[codes], dtype=np.intp), names


def predict_labels(
    reference: LabelledReference,
    surfaces: GeneSurfaces,
    section: str,
    found: Posterior,
    genes: ReadGenes,
) -> LabelProbabilities:
    """Pool what genes and what places tell of labels.

    A classifier of 50 principal components, and the share of each label in the posterior, are
    multiplied with weights. So is the frequency of the labels, which both of them hold already.
    The weights are those that make labels of up to 2,000 left-out cells of the section most
    probable, so probabilities are as sure as they are right on cells like the reference.

    Parameters
    ----------
    reference
        Cells of known label.
    surfaces
        Of the same cells.
    section
        Whose positions the posterior is of.
    found
        Posterior of the query's cells.
    genes
        Expression of the query's cells.

    Raises
    ------
    ValueError
        If too few cells of the section have a label and a place.
    """
    rng = np.random.default_rng(0)
    labelled = np.flatnonzero(reference.codes >= 0)
    is_inside = known_rows(reference.coordinates) & (reference.section == section)
    rows = at_most(np.flatnonzero(is_inside), MOST_CELLS, rng)
    chosen = at_most(np.intersect1d(rows, labelled), MOST_CELLS_TO_WEIGH, rng)
    if len(chosen) < FEWEST_CELLS:
        named = f" {section!r}" if section else ""
        message = (
            f"{counted(len(chosen), 'cell')} of the reference's section{named} with a label and a "
            "place: "
            f"{FEWEST_CELLS} are needed. Name a section that has labels, section=…"
        )
        raise ValueError(message)
    left_out = left_out_posterior(
        surfaces, section, reference.genes, reference.coordinates, rows, chosen
    )
    some = np.union1d(chosen, at_most(labelled, MOST_CELLS_TO_CLASSIFY, rng))
    components, classifier = _classifier(reference, some)
    prior = np.bincount(reference.codes[labelled], minlength=len(reference.names)) / len(labelled)
    weights = fit_weights(
        [
            classifier.left_out[np.searchsorted(some, chosen)],
            reference.share(left_out),
            np.tile(prior, (len(chosen), 1)),
        ],
        reference.codes[chosen],
    )
    by_genes = classifier.probabilities(components.of(genes, np.arange(len(found))))
    opinions = [by_genes, reference.share(found), np.tile(prior, (len(found), 1))]
    table = pd.DataFrame(pooled(opinions, weights), columns=reference.names)
    return LabelProbabilities(table, found.unlikeness)


def _classifier(reference: LabelledReference, some: Rows) -> tuple[GeneComponents, LabelClassifier]:
    components = fit_gene_components(reference.genes(some), N_COMPONENTS)
    values = components.of(reference.genes, some)
    return components, fit_label_classifier(values, reference.codes[some])
