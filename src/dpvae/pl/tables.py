"""Tables that a plot is given: one, or several by name."""

from collections.abc import Mapping

import pandas as pd


def named_tables(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame], made_by: str
) -> dict[str, pd.DataFrame]:
    """Tables by name; one alone has the empty name.

    Raises
    ------
    TypeError
        If something is not a table, as what a tool returns that writes its table instead.
    """
    named = {"": tables} if not isinstance(tables, Mapping) else dict(tables)
    given: dict[str, object] = {**named}
    for name, table in given.items():
        if not isinstance(table, pd.DataFrame):
            what = f"Table {name!r}" if name else "What was given"
            message = (
                f"{what} is a {type(table).__name__}, not a table. {made_by} writes its table into "
                "adata.uns; it returns it with copy=True."
            )
            raise TypeError(message)
    return named
