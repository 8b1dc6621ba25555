"""Whether stated probabilities hold, and what abstaining below one gains."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def calibration_error(probability: npt.ArrayLike, right: npt.ArrayLike, *, bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015), over bins of equal counts.

    Parameters
    ----------
    probability : array of shape (n,)
        Stated, 0-1.
    right : array of shape (n,)
        Whether it was so.
    bins : int
        Most bins; fewer where there are fewer than ten of each.

    Returns
    -------
    float
        Mean distance of what was stated and what was so; nan of nothing.
    """
    stated = np.asarray(probability, dtype=np.float64)
    if not len(stated):
        return float("nan")
    order = np.argsort(stated, kind="stable")
    hits = np.asarray(right, dtype=np.float64)[order]
    parts = np.array_split(np.arange(len(stated)), max(1, min(bins, len(stated) // 10)))
    stated = stated[order]
    gaps = [abs(stated[part].mean() - hits[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(stated))


def abstention_curve(probability: npt.ArrayLike, right: npt.ArrayLike) -> pd.DataFrame:
    """What is answered, and how much of that is right, if the least sure are left out.

    Parameters
    ----------
    probability, right
        As in `calibration_error`.

    Returns
    -------
    DataFrame
        Rows by falling ``least`` (probability that is still answered), with ``coverage`` (share
        answered) and ``accuracy`` (share right of these).
    """
    stated = np.asarray(probability, dtype=np.float64)
    order = np.argsort(-stated, kind="stable")
    hits = np.cumsum(np.asarray(right, dtype=np.float64)[order])
    counts = np.arange(1, len(stated) + 1)
    # Where several are equally sure, all or none are answered.
    last = np.append(np.diff(stated[order]) != 0, True)[: len(stated)]
    columns = {"least": stated[order], "coverage": counts / max(len(stated), 1)}
    return pd.DataFrame({**columns, "accuracy": hits / counts})[last].reset_index(drop=True)
