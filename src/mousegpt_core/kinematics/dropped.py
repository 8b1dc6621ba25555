"""Frames that a camera or a tracker dropped get rows again, in which nothing was seen.

Everything after this counts frames: windows, kernels, shortest bouts. So this is the one place
where uneven times are dealt with; what is filled in between is then cleaned and judged like any
other moment in which the animal was lost from sight.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.clips import LONGEST_DROP_S

#: Poses whose shortest steps last this many frames are not of every frame: their rate is lower.
_SPARSE_FRAMES = 1.5
#: Poses that are all farther apart (s) show no movement; each stands alone.
_LONGEST_STEP_S = 0.25


def with_dropped_frames(poses: xr.Dataset) -> xr.Dataset:
    """Poses with a row for each frame that was dropped; even ones come back as they are.

    Steps of up to a second are filled up with rows at the frame rate; longer ones are pauses of
    the recording, in which nothing happened that could be known.

    Parameters
    ----------
    poses : Dataset
        As `poses.make_poses` gives them; may be lazy.

    Returns
    -------
    Dataset
        Where something was filled in, with the coordinate ``dropped`` (time), bool. The variables
        of such a row repeat the row before it: read them with `read_block`, which empties them.
        Its ``frame`` is the one that the film shows at that time. The attribute ``fps`` is lower
        than before where poses are not of every frame.
    """
    times = np.asarray(poses["time"].values, dtype=np.float64)
    fps = _rate(times, float(poses.attrs["fps"]))
    if "dropped" in poses.coords or fps * _LONGEST_STEP_S < 1:
        return poses
    extra = _missing_frames(times, fps)
    if not extra.any():
        return poses.assign_attrs(fps=fps)
    row = np.repeat(np.arange(len(times)), 1 + extra)
    place = np.arange(len(row)) - np.append(0, np.cumsum(1 + extra))[row]
    share = place / (1 + extra)[row]
    step = np.append(np.diff(times), 0.0)
    coords = {
        "time": ("time", times[row] + share * step[row], poses["time"].attrs),
        "dropped": ("time", place > 0),
    }
    if "frame" in poses.coords:
        coords["frame"] = ("time", _frames(poses["frame"].values, row, place))
    return poses.isel(time=row).assign_coords(coords).assign_attrs(fps=fps)


def _rate(times: NDArray[np.float64], fps: float) -> float:
    """The rate at which there are poses: the frame rate, or less where there are clearly fewer."""
    steps = np.diff(times)
    if not len(steps) or np.quantile(steps, 0.1, method="lower") * fps < _SPARSE_FRAMES:
        return fps
    return float(1.0 / np.median(steps))


def _missing_frames(times: NDArray[np.float64], fps: float) -> NDArray[np.intp]:
    """How many frames are missing after each frame."""
    steps = np.append(np.diff(times), 0.0)
    frames = np.where(steps <= LONGEST_DROP_S + 1e-6, steps * fps, 0.0)
    return np.asarray(np.maximum(np.rint(frames) - 1, 0), dtype=np.intp)


def _frames(
    frames: NDArray[np.int64], row: NDArray[np.intp], place: NDArray[np.intp]
) -> NDArray[np.int64]:
    """The film's frame at each row: the one before where the camera dropped it, else its own."""
    following = np.append(frames[1:], frames[-1] + 1)
    return np.asarray(np.minimum(frames[row] + place, following[row] - 1))
