"""How fast and how far an animal moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

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
        0-1 of the frames in which it could be told; NaN if in none.
    speed_shares : array of shape (classes,)
        Share of frames in each class of `SPEED_EDGES`; slower and faster ones in the outermost.
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
    """
    values = np.asarray(speed, dtype=np.float64)
    seen = np.isfinite(values)
    known = values[seen]
    if known.size == 0:
        return Movement(recording, individual, np.nan, np.nan)
    classes, _ = np.histogram(np.clip(known, SPEED_EDGES[0], SPEED_EDGES[-1]), SPEED_EDGES)
    still: Any = np.nan
    if immobile is not None:
        still = np.asarray(immobile, dtype=bool)[seen].mean()
    return Movement(
        recording,
        individual,
        median_speed=float(np.median(known)),
        distance_m=float(known.sum() / fps / 100.0),
        share_immobile=float(still),
        speed_shares=tuple(float(share) for share in classes / known.size),
    )
