"""The clock of each view, and poses brought to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from mousegpt_core.errors import DataError
from mousegpt_core.study import Recording, View, fingerprint, resolve_path
from mousegpt_core.video import Clock, rate_of_timestamps, read_timestamps

#: Rates are written into recording.toml with so many decimals.
DECIMALS = 4
#: Timestamps that are there for less of the poses than this are those of another recording.
_LEAST_TIMED = 0.5


def view_clock(view: View | None, fps: float, resolve: Callable[[str], Path]) -> Clock:
    """The clock of a view.

    Parameters
    ----------
    view : View or None
        None = of poses without a view: an even clock from 0.
    fps : float
        Frames per second, where the view does not say.
    resolve : callable
        From a path as recording.toml has it to the file.

    Raises
    ------
    DataError
        If its timestamps cannot be read, or contradict its frame rate.
    """
    if view is None:
        return Clock(fps)
    if not view.timestamps:
        return Clock(view.fps or fps, view.offset_s)
    path = resolve(view.timestamps)
    times = read_timestamps(path, fps=view.fps)
    return Clock(rate_of_timestamps(times, view.fps, path), view.offset_s, times)


def on_clock(poses: xr.Dataset, clock: Clock, file: str) -> xr.Dataset:
    """Poses as they were read, with the times of their view's clock.

    Parameters
    ----------
    poses : Dataset
        From `read_poses`.
    clock : Clock
        Of their view. Without timestamps, a file's own times are kept, but for a frame rate that
        was corrected.
    file : str
        Named in errors.

    Returns
    -------
    Dataset
        Poses of frames without a timestamp are left out; the attribute ``without_time`` tells how
        many, where there are any.

    Raises
    ------
    DataError
        If the timestamps reach less than half of the poses.
    """
    if poses.attrs["single_pictures"]:
        return poses
    fps = float(poses.attrs["fps"])
    if clock.times is not None:
        return _by_timestamps(poses, clock, file)
    corrected = round(fps, DECIMALS) != round(clock.fps, DECIMALS)
    if not corrected and clock.offset_s == 0:
        return poses
    stretch = fps / clock.fps if corrected else 1.0
    times = poses["time"].values * stretch + clock.offset_s
    return _timed(poses, times).assign_attrs(fps=clock.fps if corrected else fps)


def _by_timestamps(poses: xr.Dataset, clock: Clock, file: str) -> xr.Dataset:
    times = clock.at(poses["frame"].values)
    known = np.isfinite(times)
    if known.mean() < _LEAST_TIMED:
        raise DataError(
            "the timestamps are those of fewer frames than the poses have",
            file=file,
            expected=f"times of {poses['frame'].values[-1] + 1} frames",
            found=f"{len(clock.times) if clock.times is not None else 0} timestamps",
            hint="check that timestamps and poses belong to the same film",
        )
    timed = _timed(poses.isel(time=known), times[known]).assign_attrs(fps=clock.fps)
    return timed if known.all() else timed.assign_attrs(without_time=int((~known).sum()))


def _timed(poses: xr.Dataset, times: np.ndarray) -> xr.Dataset:
    return poses.assign_coords(time=("time", times, poses["time"].attrs))


def clock_mark(recording: Recording, view: View | None, before: str) -> str:
    """What tells that the timestamps of a view have changed; `before` where they are gone."""
    if view is None or not view.timestamps:
        return ""
    file = resolve_path(view.timestamps, recording.study_folder)
    return fingerprint(file) if file.exists() else before
