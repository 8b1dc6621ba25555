"""What follows what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mousegpt_core.stats.shares import Subject, bouts_of, codes_of


def transition_counts(
    bouts: pd.DataFrame, subjects: Sequence[Subject], *, longest_gap_s: float = 1.0
) -> pd.DataFrame:
    """How often one behaviour was followed by another one.

    Parameters
    ----------
    bouts : DataFrame
        Table `clips.BOUTS` of one scheme.
    subjects : sequence of Subject
        Whose; all together.
    longest_gap_s : float
        Bouts further apart (s) do not follow each other.

    Returns
    -------
    DataFrame of int
        Rows: the behaviour before, columns: the one after; the same names in the same order.
    """
    names = sorted({str(name) for name in bouts["behaviour_id"]})
    index = pd.Index(names, dtype=object)
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for subject in subjects:
        part = bouts_of(bouts, subject)
        code = codes_of(part, names)
        start = part["start_s"].to_numpy(dtype=np.float64)
        stop = part["stop_s"].to_numpy(dtype=np.float64)
        follows = (start[1:] - stop[:-1] <= longest_gap_s) & (code[1:] != code[:-1])
        np.add.at(counts, (code[:-1][follows], code[1:][follows]), 1)
    return pd.DataFrame(counts, index=index, columns=index)


def transition_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Of the times that the row's behaviour ended, the share after which the column's followed.

    Parameters
    ----------
    counts : DataFrame
        As `transition_counts` gives it.

    Returns
    -------
    DataFrame of float
        Rows sum to 1; NaN where a behaviour was never followed by another.
    """
    total = counts.sum(axis=1).to_numpy(dtype=np.float64)[:, None]
    values = np.full(counts.shape, np.nan)
    np.divide(counts.to_numpy(dtype=np.float64), total, out=values, where=total > 0)
    return pd.DataFrame(values, index=counts.index, columns=counts.columns)
