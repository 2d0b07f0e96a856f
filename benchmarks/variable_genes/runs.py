"""Tests of one section with half of its genes shuffled, and what they are worth."""

import time

import numpy as np
from scipy.stats import rankdata

from benchmarks.variable_genes.methods import METHODS
from benchmarks.variable_genes.shuffled import shuffled
from dpvae.metrics import false_discovery_rate

KEPT = {
    "dlpfc_151507": 0.1,
    "dlpfc_151508": 0.1,
    "dlpfc_151669": 0.1,
    "visium_v1_adult_mouse_brain": 0.02,
    "st_mouse_brain_hippo1": 0.1,
    "visium_human_breast_cancer_aligned": 0.02,
    "starmap_mouse_visual_cortex_1020": 0.3,
    "merfish_mouse_poa_6509": 0.3,
    "xenium_human_breast_cancer_2023_squirtle": 0.3,
}


def measured(section, kept, seed):
    """A row for each method."""
    problem = shuffled(section, kept, seed)
    rows = []
    for name, method in METHODS.items():
        begin = time.process_time()
        p_values = method(problem)
        seconds = time.process_time() - begin
        rows.append(
            {"section": section.name, "kept": kept, "seed": seed, "method": name}
            | scores(p_values, problem.is_shuffled)
            | {"cpu_seconds": seconds}
        )
    return rows


def scores(p_values, is_shuffled):
    """False positives, order and calls; a p-value that is missing counts as 1."""
    p_values = np.nan_to_num(p_values, nan=1.0)
    called = false_discovery_rate(p_values) <= 0.05
    by_chance = p_values[is_shuffled]
    return {
        "false_at_05": (by_chance < 0.05).mean(),
        "false_at_01": (by_chance < 0.01).mean(),
        "auc": auc(-p_values, ~is_shuffled),
        "called": called.sum(),
        "false_called": (called & is_shuffled).sum(),
        "shuffled": is_shuffled.sum(),
    }


def auc(values, is_true):
    """Chance of a true gene to have the higher value than a false one."""
    n_true, n_false = is_true.sum(), (~is_true).sum()
    return (rankdata(values)[is_true].sum() - n_true * (n_true + 1) / 2) / (n_true * n_false)
