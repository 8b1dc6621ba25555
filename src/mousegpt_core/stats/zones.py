"""How long, how often and how soon an animal is in a zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mousegpt_core.clips import frame_seconds

#: A stay, or an absence, that is shorter (s) is jitter at the border: no entry.
_BRIEF_S = 0.25


@dataclass(frozen=True)
class ZoneUse:
    """One animal and one zone in one recording.

    Attributes
    ----------
    recording, individual, zone : str
        Whose, and which.
    seconds : float
        Time inside.
    share : float
        0-1 of the time in which the animal's place is known; NaN if it never is.
    entries : int
        Stays of a quarter of a second and more; one in which the recording begins counts.
    latency_s : float
        From the first moment at which its place is known to the first such stay; NaN = none.
    """

    recording: str
    individual: str
    zone: str
    seconds: float
    share: float
    entries: int
    latency_s: float


def zone_use(
    inside: npt.ArrayLike,
    known: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    fps: float,
    recording: str,
    individual: str,
    zone: str,
) -> ZoneUse:
    """Sum up where one animal was.

    Parameters
    ----------
    inside, known : array of shape (time,)
        Whether it was in the zone, and whether its place is known.
    times : array of shape (time,)
        Seconds, rising; pauses do not count.
    fps : float
        Frames per second.
    recording, individual, zone : str
        Whose, and which.
    """
    seen = np.asarray(known, dtype=bool)
    within = np.asarray(inside, dtype=bool) & seen
    moments = np.asarray(times, dtype=np.float64)
    seconds = frame_seconds(moments, fps) if len(moments) else moments
    total = float(seconds[seen].sum())
    stays = _stays(within[seen], moments[seen], seconds[seen])
    return ZoneUse(
        recording,
        individual,
        zone,
        seconds=float(seconds[within].sum()),
        share=float(seconds[within].sum()) / total if total else float("nan"),
        entries=len(stays),
        latency_s=float(stays[0] - moments[seen][0]) if stays else float("nan"),
    )


def _stays(
    inside: npt.NDArray[np.bool_],
    times: npt.NDArray[np.float64],
    seconds: npt.NDArray[np.float64],
) -> list[float]:
    """When each stay begins; brief absences do not end one, what is brief then is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    runs: list[list[int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if runs and seconds[runs[-1][1] : start].sum() < _BRIEF_S:
            runs[-1][1] = stop
        else:
            runs.append([start, stop])
    return [float(times[a]) for a, b in runs if seconds[a:b].sum() >= _BRIEF_S]
