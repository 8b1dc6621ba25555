"""Between labels over time and bouts: uninterrupted runs of one behaviour."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mousegpt_core.clips import BOUTS, make_table
from mousegpt_core.errors import DataError

Array = npt.NDArray[Any]

#: Times that differ by less (s) are the same.
TICK = 1e-6


def bouts_from_labels(
    times: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    recording: str,
    individual: str = "",
    source: str = "",
    stops: npt.ArrayLike | None = None,
    scores: npt.ArrayLike | None = None,
    merge_gap_s: float = 0.0,
    least_s: float = 0.0,
) -> pd.DataFrame:
    """Runs of equal labels as bouts.

    Parameters
    ----------
    times : array of shape (n,)
        Start of each frame or clip in seconds, rising.
    labels : array of shape (n,)
        Behaviour ids; ``""`` = none, which gives no bout.
    recording, individual, source : str
        Written into the table.
    stops : array of shape (n,), optional
        End of each frame or clip; by default the next start, or one median step where that comes
        sooner: a bout does not run on through a hole in the times.
    scores : array of shape (n,), optional
        A bout's score is the mean over its frames.
    merge_gap_s : float
        See `merge_bouts`.
    least_s : float
        Bouts shorter than this (s) are dropped, before merging.

    Returns
    -------
    DataFrame
        Table `clips.BOUTS`.

    Raises
    ------
    DataError
        If lengths differ or times do not rise.
    """
    start = np.asarray(times, dtype=np.float64)
    named = np.asarray(labels, dtype=object)
    if named.shape != start.shape or start.ndim != 1:
        raise DataError(
            "labels do not fit the times", expected=f"{start.shape}", found=f"{named.shape}"
        )
    if len(start) > 1 and not (np.diff(start) > 0).all():
        raise DataError("times do not rise", place=f"row {int(np.argmin(np.diff(start))) + 1}")
    stop = _stops(start) if stops is None else np.asarray(stops, dtype=np.float64)
    first, last = _runs(start, stop, named)
    weight = np.ones(len(start)) if scores is None else np.asarray(scores, dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum(weight)])
    mean = (total[last + 1] - total[first]) / np.maximum(last + 1 - first, 1)
    bouts = make_table(
        BOUTS,
        {
            "recording": recording,
            "individual": individual,
            "start_s": start[first],
            "stop_s": stop[last],
            "behaviour_id": named[first],
            "source": source,
            "score": np.full(len(first), np.nan) if scores is None else mean,
        },
        length=len(first),
    )
    bouts = bouts[bouts["behaviour_id"] != ""]
    return merge_bouts(drop_short(bouts, least_s), merge_gap_s)


def bouts_from_clips(
    clips: pd.DataFrame,
    labels: npt.ArrayLike,
    *,
    source: str = "",
    scores: npt.ArrayLike | None = None,
    merge_gap_s: float = 0.0,
    least_s: float = 0.0,
) -> pd.DataFrame:
    """Labels of clips as bouts, for each recording and individual.

    Parameters
    ----------
    clips : DataFrame
        Table `clips.CLIPS` with n rows in any order.
    labels : array of shape (n,)
        Behaviour id of each clip; ``""`` = none.
    source, scores, merge_gap_s, least_s
        As in `bouts_from_labels`.

    Returns
    -------
    DataFrame
        Table `clips.BOUTS`.
    """
    table = clips[["recording", "individuals", "start_s", "stop_s"]].reset_index(drop=True)
    table["label"] = np.asarray(labels, dtype=object)
    table["score"] = np.nan if scores is None else np.asarray(scores, dtype=np.float64)
    parts = []
    for (recording, individual), part in table.groupby(["recording", "individuals"], sort=True):
        ordered = part.sort_values("start_s")
        parts.append(
            bouts_from_labels(
                ordered["start_s"].to_numpy(),
                ordered["label"].to_numpy(),
                recording=str(recording),
                individual=str(individual),
                source=source,
                stops=ordered["stop_s"].to_numpy(),
                scores=None if scores is None else ordered["score"].to_numpy(),
                merge_gap_s=merge_gap_s,
                least_s=least_s,
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else make_table(BOUTS, {})


def labels_from_bouts(
    times: npt.ArrayLike, bouts: pd.DataFrame, *, empty: str = "", column: str = "behaviour_id"
) -> Array:
    """Label at each time.

    Parameters
    ----------
    times : array of shape (n,)
        Seconds, rising.
    bouts : DataFrame
        Columns ``start_s``, ``stop_s`` (half-open) and `column`, of one recording and individual.
        Where bouts overlap, the one that began last counts.
    empty : str
        Label outside all bouts.
    column : str
        The column with the label.

    Returns
    -------
    array of shape (n,), object
    """
    moments = np.asarray(times, dtype=np.float64)
    labels = np.full(len(moments), empty, dtype=object)
    ordered = bouts.sort_values("start_s", kind="stable")
    begin = np.searchsorted(moments, ordered["start_s"].to_numpy(np.float64) - TICK)
    end = np.searchsorted(moments, ordered["stop_s"].to_numpy(np.float64) - TICK)
    for first, stop, label in zip(begin, end, ordered[column], strict=True):
        labels[first:stop] = label
    return labels


def merge_bouts(bouts: pd.DataFrame, gap_s: float) -> pd.DataFrame:
    """Join successive bouts of one behaviour that nothing lies between.

    Parameters
    ----------
    bouts : DataFrame
        Table `clips.BOUTS`.
    gap_s : float
        Longest gap (s) that is closed. Bouts that touch are always joined.

    Returns
    -------
    DataFrame
        Table `clips.BOUTS`, sorted by recording, individual, source and time; scores are averaged
        over time.
    """
    group = ["recording", "individual", "source"]
    table = bouts.sort_values([*group, "start_s"], kind="stable").reset_index(drop=True)
    if len(table) < 2:
        return table
    same = (table[[*group, "behaviour_id"]] == table[[*group, "behaviour_id"]].shift()).all(axis=1)
    gap = table["start_s"] - table["stop_s"].shift()
    number = (~(same & (gap <= gap_s + TICK))).cumsum()
    span = table["stop_s"] - table["start_s"]
    parts = table.assign(span=span, weighted=table["score"] * span).groupby(number, sort=True)
    merged = parts.agg(
        {**dict.fromkeys([*group, "behaviour_id", "start_s"], "first"), "stop_s": "max"}
    )
    merged["score"] = parts["weighted"].sum(min_count=1) / parts["span"].sum().replace(0.0, np.nan)
    return merged[list(BOUTS.columns)].reset_index(drop=True)


def drop_short(bouts: pd.DataFrame, least_s: float) -> pd.DataFrame:
    """Leave out bouts shorter than `least_s` seconds."""
    span = bouts["stop_s"] - bouts["start_s"]
    return bouts[span >= least_s - TICK].reset_index(drop=True)


def _stops(start: Array) -> Array:
    """End of each frame: the next start, but at most a median step later (1.5 is a hole)."""
    if len(start) < 2:
        return start + 1.0 if len(start) else start
    step = np.diff(start)
    period = float(np.median(step))
    length: Array = np.append(np.where(step > 1.5 * period, period, step), period)
    return start + length


def _runs(start: Array, stop: Array, labels: Array) -> tuple[Array, Array]:
    """First and last index of each run of equal labels without a hole in time."""
    if not len(start):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    hole = start[1:] - stop[:-1] > np.maximum(stop[:-1] - start[:-1], TICK) / 2
    change = (labels[1:] != labels[:-1]) | hole
    first = np.concatenate([[0], np.flatnonzero(change) + 1])
    return first, np.concatenate([first[1:] - 1, [len(start) - 1]])
