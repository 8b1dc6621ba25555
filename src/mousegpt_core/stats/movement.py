"""How fast and how far an animal moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mousegpt_core.clips import frame_seconds

#: Edges of the classes of speed in cm/s, equal steps of a logarithm; slower and faster are cut off.
SPEED_EDGES = np.geomspace(0.1, 100.0, 46)


@dataclass(frozen=True)
class Movement:
    """Movement of one animal in one recording.

    Attributes
    ----------
    recording, individual : str
        Whose.
    median_speed : float
        cm/s.
    distance_m : float
        Way of the body centre in m.
    share_immobile : float
        0-1 of the time in which it could be told; NaN if in none.
    speed_shares : array of shape (classes,)
        Share of time in each class of `SPEED_EDGES`; slower and faster ones in the outermost.
        Empty if there is no speed.
    """

    recording: str
    individual: str
    median_speed: float
    distance_m: float
    share_immobile: float = np.nan
    speed_shares: tuple[float, ...] = ()


def movement_summary(
    speed: npt.ArrayLike,
    *,
    fps: float,
    recording: str,
    individual: str = "",
    immobile: npt.ArrayLike | None = None,
    times: npt.ArrayLike | None = None,
) -> Movement:
    """Summarise the speed of one animal.

    Parameters
    ----------
    speed : array of shape (time,)
        Speed of the body centre in cm/s; NaN = not known.
    fps : float
        Frames per second.
    recording, individual : str
        Whose.
    immobile : array of shape (time,), optional
        Whether it was immobile, in frames with a speed.
    times : array of shape (time,), optional
        Seconds of each frame, by which it is weighed; by default they follow each other evenly.
    """
    values = np.asarray(speed, dtype=np.float64)
    seen = np.isfinite(values)
    known = values[seen]
    if known.size == 0:
        return Movement(recording, individual, np.nan, np.nan)
    moments = np.arange(values.size) / fps if times is None else np.asarray(times, dtype=np.float64)
    seconds = frame_seconds(moments, fps)[seen]
    classes, _ = np.histogram(
        np.clip(known, SPEED_EDGES[0], SPEED_EDGES[-1]), SPEED_EDGES, weights=seconds
    )
    still: Any = np.nan
    if immobile is not None:
        still = np.average(np.asarray(immobile, dtype=bool)[seen], weights=seconds)
    return Movement(
        recording,
        individual,
        median_speed=float(np.median(known)),
        distance_m=float((known * seconds).sum() / 100.0),
        share_immobile=float(still),
        speed_shares=tuple(float(share) for share in classes / seconds.sum()),
    )
