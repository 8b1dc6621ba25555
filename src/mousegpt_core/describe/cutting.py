"""Clips as a protocol cuts them: at a rate, of one length, or by bouts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.clips import CLIPS, cut_clips, make_table
from mousegpt_core.describe.protocol_tables import Cutting

_TICK = 1e-6
#: Least share of a clip's time in which there must be frames.
_LEAST_FILLED = 0.5


def cut_by(
    cutting: Cutting,
    times: NDArray[np.float64],
    frames: NDArray[np.int64],
    *,
    recording: str,
    individual: str = "",
    clock_view: str = "",
    bouts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Cut a recording.

    Parameters
    ----------
    cutting : Cutting
        How.
    times : array of shape (time,)
        Seconds, rising.
    frames : array of shape (time,)
        Frame numbers.
    recording, individual, clock_view : str
        Written into the table.
    bouts : DataFrame, optional
        Table `clips.BOUTS` of this individual, for a protocol that cuts by bouts.

    Returns
    -------
    DataFrame
        Table `clips.CLIPS`; clips that are not cut at a rate tell their last frame in their id.
    """
    if cutting.rate:
        return cut_clips(
            times, frames, recording=recording, individual=individual, rate=cutting.rate,
            clock_view=clock_view,
        )  # fmt: skip
    if not len(times):
        return make_table(CLIPS, {})
    start, stop = _spans(cutting, times, bouts)
    first = np.searchsorted(times, start - _TICK)
    last = np.searchsorted(times, stop - _TICK)
    period = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    filled = (last - first) * period >= _LEAST_FILLED * (stop - start)
    keep = (last > first) & filled
    start, stop, first, last = start[keep], stop[keep], first[keep], last[keep]
    owner = f"{recording}/{individual}" if individual else recording
    begin, end = frames[first].astype(np.int64), frames[last - 1].astype(np.int64) + 1
    return make_table(
        CLIPS,
        {
            "clip_id": [f"{owner}@{a:08d}-{b:08d}" for a, b in zip(begin, end, strict=True)],
            "recording": recording,
            "individuals": individual,
            "start_s": start,
            "stop_s": stop,
            "clock_view": clock_view,
            "start_frame": begin,
            "stop_frame": end,
        },
        length=len(start),
    )


def spread_frames(start_frame: int, stop_frame: int, count: int) -> NDArray[np.int64]:
    """Frames of a clip, spread evenly over it; of one, the middle.

    Parameters
    ----------
    start_frame, stop_frame : int
        Of the clip, the last one not included.
    count : int
        Most frames.
    """
    count = min(count, stop_frame - start_frame)
    spread = start_frame + (np.arange(count) + 0.5) * (stop_frame - start_frame) / count - 0.5
    return np.floor(spread + 1e-9).astype(np.int64)


def _spans(
    cutting: Cutting, times: NDArray[np.float64], bouts: pd.DataFrame | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Starts and stops in seconds."""
    if cutting.length_s is not None:
        period = float(np.median(np.diff(times))) if len(times) > 1 else cutting.length_s
        stride = cutting.stride_s or cutting.length_s
        room = times[-1] + period - times[0] - cutting.length_s
        count = int(np.floor(room / stride + _TICK)) + 1
        start = times[0] + stride * np.arange(max(count, 0))
        return start, start + cutting.length_s
    starts, stops = [], []
    for _, bout in (make_table(CLIPS, {}) if bouts is None else bouts).iterrows():
        length = float(bout["stop_s"] - bout["start_s"])
        if length < cutting.shortest_s - _TICK:
            continue
        parts = int(np.ceil(length / cutting.longest_s - _TICK))
        edges = np.linspace(bout["start_s"], bout["stop_s"], parts + 1)
        starts += list(edges[:-1])
        stops += list(edges[1:])
    return np.asarray(starts, dtype=np.float64), np.asarray(stops, dtype=np.float64)
