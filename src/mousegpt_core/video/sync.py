"""Several views in step: which frame of each camera shows a moment.

Cameras differ in rate, begin at different times and drop frames; what they share is the
recording's clock, to which `clock.Clock` brings the times of each.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mousegpt_core.errors import DataError
from mousegpt_core.video.clock import Floats

#: No frame of a view shows the moment.
NO_FRAME = -1
#: Frames farther apart than this many periods have dropped ones between them.
_DROPPED = 1.5
#: Rounding of times, in periods.
_TICK = 1e-3


def frames_at(
    moments: ArrayLike, times: Floats, *, period: float | None = None
) -> NDArray[np.intp]:
    """The frame of a view that is nearest to each moment.

    Parameters
    ----------
    moments : array of shape (n,)
        Seconds on the recording's clock.
    times : array of shape (frame,)
        When each frame of the view was taken, on the same clock, rising.
    period : float, optional
        Seconds from one frame to the next where none is dropped; by default the median step.

    Returns
    -------
    array of shape (n,)
        Numbers of frames; `NO_FRAME` where the nearest is more than half a period away: before
        and after the film, and where frames were dropped.

    Raises
    ------
    DataError
        If times do not rise, or there is but one and no period.
    """
    wanted = np.asarray(moments, dtype=np.float64)
    steps = np.diff(times)
    if not (steps > 0).all():
        raise DataError(
            "times of frames must rise",
            place=f"frame {int(np.argmin(steps)) + 1}",
            hint="sort the frames by their times and delete repeated ones",
        )
    if period is None:
        if not len(steps):
            raise DataError("the frame rate of a single frame is not known", hint="give it")
        period = float(np.median(steps))
    if not len(times):
        return np.full(wanted.shape, NO_FRAME, dtype=np.intp)
    reach = period * (0.5 + _TICK)
    half = np.where(steps <= _DROPPED * period, steps / 2 + period * _TICK, reach)
    after = np.searchsorted(times, wanted).clip(0, len(times) - 1)
    before = (after - 1).clip(0)
    nearest = np.where(wanted - times[before] <= times[after] - wanted, before, after)
    later = wanted >= times[nearest]
    allowed = np.where(later, np.append(half, reach)[nearest], np.append(reach, half)[nearest])
    near = np.abs(wanted - times[nearest]) <= allowed
    return np.where(near, nearest, NO_FRAME)


def in_step(moments: ArrayLike, views: Mapping[str, Floats]) -> dict[str, NDArray[np.intp]]:
    """The frame of each view that shows each moment.

    Parameters
    ----------
    moments : array of shape (n,)
        Seconds on the recording's clock, e.g. the times of one of the views.
    views : mapping of str to array of shape (frame,)
        When each frame of each view was taken, on the same clock.

    Returns
    -------
    dict
        View to array of shape (n,), as `frames_at`.
    """
    return {name: frames_at(moments, times) for name, times in views.items()}
