"""What was measured, kept in CSV files; what a file holds is not measured again."""

import time

import pandas as pd


def completed(path, jobs, measure, *, redraw=False):
    """Table with the rows of all jobs, whose keys are its first columns.

    Parameters
    ----------
    path
        CSV file, to which the rows of each job are added as it ends.
    jobs
        Dictionaries with the same keys.
    measure
        Function from a job to its rows, dictionaries.
    redraw
        Whether to take what the file holds and to measure nothing.
    """
    keys = list(jobs[0])
    done = set(_names(pd.read_csv(path), keys)) if path.exists() else set()
    path.parent.mkdir(parents=True, exist_ok=True)
    for job in [] if redraw else jobs:
        name = " | ".join(str(value) for value in job.values())
        if name in done:
            continue
        begin = time.perf_counter()
        rows = pd.DataFrame([{**job, **row} for row in measure(job)])
        rows.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.6g")
        print(f"{path.stem}: {name}: {time.perf_counter() - begin:.0f} s", flush=True)
    table = pd.read_csv(path)
    wanted = {" | ".join(str(value) for value in job.values()) for job in jobs}
    return table[_names(table, keys).isin(wanted)].reset_index(drop=True)


def _names(table, keys):
    columns = [table[key].astype(str) for key in keys]
    return columns[0].str.cat(columns[1:], sep=" | ") if columns[1:] else columns[0]
