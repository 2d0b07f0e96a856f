"""One warning if a query is unlike the reference, with the likely causes."""

import logging

import numpy as np
from numpy.typing import NDArray

from dpvae._data.warn import warn_user
from dpvae.model.atlas.place_spread import relative_spread
from dpvae.model.atlas.query_difference import QueryDifference

MOST_DIFFERENCE = 0.4
MOST_SHARE = 0.1
LEAST_CORRELATION = 0.8
OF_ONE_TISSUE = 0.9
MOST_SILENT = 0.1
FEWEST_CELLS = 20
COLLAPSED = 0.1
LEAST_OF_EXPECTED = 0.65
SQUEEZED = 0.5
ONE_SIDED = 1.4
STANDARDIZE = (
    " If it is another technology's picture of the same tissue, DPVAE(reference, "
    "standardize='section') takes such differences out."
)
TOGETHER = (
    " If both are one kind of tissue in about the same shares, such as two tumours, try to train "
    "on both together: “A query that is trained with the reference” in the user guide."
)

Places = NDArray[np.float64]

logger = logging.getLogger(__name__)


def foreignness(
    unlike: QueryDifference | None,
    spread: Places | None,
    expected: Places | None,
    n_genes: int,
    *,
    is_standardized: bool,
) -> str | None:
    """Say in what a query differs from the reference, and what to do; ``None`` if it does not.

    Parameters
    ----------
    unlike
        How unlike the reference its expression is; ``None`` if that is not known.
    spread
        How widely its places are spread, see
        :func:`~dpvae.model.atlas.place_spread.relative_spread`;
        ``None`` for too few cells.
    expected
        How widely the reference's own cells are spread when left out and placed; ``None`` if that
        is not known.
    n_genes
        Number of genes of the reference.
    is_standardized
        Whether genes are standardised section by section. Their means then tell nothing; but the
        query is a whole section, so its places should be spread as widely as expected.
    """
    facts = [] if unlike is None else _facts(unlike, is_standardized=is_standardized)
    width = _width(spread)
    usual = _width(expected) if is_standardized and expected is not None else 0.0
    if not facts and width >= max(COLLAPSED, LEAST_OF_EXPECTED * usual):
        return None
    if spread is not None:
        facts.append(_spread_found(width, expected))
    likely = "another tissue or part of it, another technology, or cells that the reference lacks"
    technology = "" if is_standardized else STANDARDIZE
    advice = technology + TOGETHER
    if unlike is not None and unlike.n_silent > MOST_SILENT * n_genes:
        likely = (
            f"genes that the query does not have ({unlike.n_silent} of {n_genes} are 0 in all of "
            "its cells), or another tissue"
        )
        advice = (
            " Train the reference on the genes that both have: "
            "reference[:, reference.var_names.intersection(query.var_names)].copy()."
        )
    elif unlike is not None and unlike.correlation > OF_ONE_TISSUE and not is_standardized:
        likely = "another normalisation or depth, or another technology"
        advice = (
            " Bring both to one depth, such as sc.pp.normalize_total(query, target_sum=…) with the "
            f"median depth of the reference, and take logarithms of both.{technology}"
        )
    return (
        "The query is unlike the reference, so places, labels and probabilities are guesses. "
        f"Likely causes: {likely}.{advice} Found: {'; '.join(facts)}."
    )


def warn_if_foreign(
    unlike: QueryDifference | None,
    places: Places,
    reference: Places,
    expected: Places | None,
    n_genes: int,
    *,
    is_standardized: bool,
) -> None:
    """Warn if a query is unlike the reference; log if places are known along one axis only.

    Parameters
    ----------
    unlike, expected, n_genes, is_standardized
        As for :func:`foreignness`.
    places
        Of the query's cells in the frame of a section, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    reference
        Of that section's own cells, shape ``(n_reference, 2)`` or ``(n_reference, 3)``.

    Warns
    -----
    UserWarning
        If the query is foreign.
    """
    spread = relative_spread(places, reference) if len(places) >= FEWEST_CELLS else None
    message = foreignness(unlike, spread, expected, n_genes, is_standardized=is_standardized)
    if message is not None:
        warn_user(message)
    elif spread is not None and expected is not None and is_one_sided(spread, expected):
        logger.warning(
            "Places are spread over %.0f %% of the tissue's width in one direction and %.0f %% in "
            "another (cells of the reference that were left out: %.0f %% and %.0f %%): expression "
            "hardly tells the first, as in symmetric or layered tissue. "
            "dpvae.tl.mirror_symmetry(reference) looks for a mirror line.",
            *(100 * part for ratios in (spread, expected) for part in (ratios[0], ratios[-1])),
        )


def is_one_sided(spread: Places, expected: Places) -> bool:
    """Whether places are squeezed in one direction, as the tissue's own cells are."""
    return bool(
        spread[0] < SQUEEZED
        and expected[0] < SQUEEZED
        and spread[-1] > ONE_SIDED * spread[0]
        and expected[-1] > ONE_SIDED * expected[0]
    )


def _facts(unlike: QueryDifference, *, is_standardized: bool) -> list[str]:
    facts = []
    differs = unlike.difference > MOST_DIFFERENCE or unlike.correlation < LEAST_CORRELATION
    if differs and not is_standardized:
        facts.append(
            "even from the most similar cells of the reference its genes differ by "
            f"{100 * unlike.difference:.0f} % of their variation (the same tissue: under 30 %), "
            f"and their means correlate by {unlike.correlation:.2f} (above 0.9)"
        )
    if unlike.share > MOST_SHARE:
        facts.append(
            f"expression of {100 * unlike.share:.0f} % of its cells lies outside the range of the "
            "reference (the same tissue: about 1 %)"
        )
    return facts


def _spread_found(width: float, expected: Places | None) -> str:
    """Say how widely places are spread, and what is usual, if that is known."""
    found = f"its places are spread over {100 * width:.0f} % of the tissue's width"
    if expected is None:
        return found
    return f"{found} (cells of the reference that were left out: {100 * _width(expected):.0f} %)"


def _width(spread: Places | None) -> float:
    """Root of the mean square over directions; infinite if nothing is known."""
    return np.inf if spread is None else float(np.sqrt((spread**2).mean()))
