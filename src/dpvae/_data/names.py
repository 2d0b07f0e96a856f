"""Names of sections and labels, by their text."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def as_text(names: pd.Series) -> pd.Series:
    """Give names as text: 1, 1.0 and "1" are the same name, whatever the kind of column."""
    if isinstance(names.dtype, pd.CategoricalDtype):
        texts = [*as_text(pd.Series(names.cat.categories)), str(np.nan)]
        names = pd.Series(np.array(texts, dtype=object)[names.cat.codes], index=names.index)
    if pd.api.types.infer_dtype(names, skipna=False) == "string":
        return names.astype(str)
    return pd.Series([_text_of(name) for name in names], index=names.index, dtype=object)


def codes_of(labels: pd.Series) -> tuple[NDArray[np.intp], pd.Index]:
    """Give each label the number of its text, −1 for a missing one, and the texts, sorted.

    Numbers are sorted by their size.
    """
    known = labels.notna().to_numpy()
    codes = np.full(len(labels), -1, dtype=np.intp)
    codes[known], texts = pd.factorize(as_text(labels[known]), sort=True)
    sizes = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
    if not sizes.isna().any():
        order = np.argsort(sizes.to_numpy(dtype=float), kind="stable")
        codes[known], texts = np.argsort(order)[codes[known]], texts[order]
    return codes, pd.Index(texts)


def _text_of(value: object) -> str:
    is_whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value) if is_whole else value)  # type: ignore[call-overload]
