"""A CSV file of the runs that have ended, so that a benchmark that is started again goes on."""

import pandas as pd


class FinishedRuns:
    """Runs in a file, each known by the values of the columns ``keys``."""

    def __init__(self, path, keys):
        self.path = path
        self.keys = keys

    def table(self):
        """All that is in the file."""
        return pd.read_csv(self.path) if self.path.exists() else pd.DataFrame(columns=self.keys)

    def hold(self, *key):
        """Whether a run has ended."""
        return key in set(self.table()[self.keys].itertuples(index=False, name=None))

    def add(self, rows):
        """Write rows below what is there, in its order of columns."""
        rows = pd.DataFrame(rows)
        if self.path.exists():
            rows = rows[self.table().columns]
        rows.to_csv(self.path, mode="a", header=not self.path.exists(), index=False)
