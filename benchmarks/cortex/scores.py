"""LUNA's scores of one placed section, and the Procrustes error."""

import numpy as np
import pandas as pd

from dpvae import metrics

N_CELLS = 300


def section_scores(truth, places, classes):
    """Scores of a section; of classes only where there are some."""
    found = {
        "spearman": metrics.cell_distance_spearman(truth, places, max_cells=N_CELLS),
        "contacts_01": metrics.contact_f1(truth, places, max_pairs=500_000),
        "contacts_10": metrics.contact_f1(truth, places, quantile=0.1, max_pairs=500_000),
        "procrustes": metrics.procrustes_disparity(truth, places),
        "rssd": metrics.rssd(truth, places),
        "rssd_of_classes": np.nan,
    }
    if classes is not None:
        found["rssd_of_classes"] = metrics.rssd_by_class(truth, places, classes).sum()
    return found


def task_scores(task, layouts):
    """A row for each section, mean over layouts."""
    rows = [
        {"section": name, **section_scores(task.truth[mine], places[mine], _of(task.classes, mine))}
        for places in layouts
        for name, mine in task.sections()
    ]
    return pd.DataFrame(rows).groupby("section", as_index=False).mean() if rows else pd.DataFrame()


def stored_scores(path):
    """Scores of LUNA's own predictions, and of the mean place of each class, by section."""
    rows = []
    for name, cells in pd.read_csv(path).groupby("section"):
        truth, classes = cells[["x", "y"]].to_numpy(), cells["cell_class"].to_numpy()
        means = cells.groupby("cell_class")[["x", "y"]].transform("mean").to_numpy()
        luna = cells[["x_luna", "y_luna"]].to_numpy()
        for method, places in (
            ("LUNA (its stored places)", luna),
            ("mean of class (oracle)", means),
        ):
            rows.append(
                {"method": method, "section": name, **section_scores(truth, places, classes)}
            )
    return pd.DataFrame(rows)


def _of(classes, mine):
    return None if classes is None else classes[mine]
