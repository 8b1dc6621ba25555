"""How much of its time an animal spends in each behaviour, in all and in windows of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mousegpt_core.errors import DataError

Array = npt.NDArray[Any]

#: Seconds that are nothing but rounding.
_TICK = 1e-6


@dataclass(frozen=True)
class Subject:
    """One animal in one recording.

    Attributes
    ----------
    recording, individual : str
        As in the table of bouts.
    animal : str
        Its name; the same animal may be in several recordings.
    duration_s : float
        Length of the recording in seconds.
    observed_s : float, optional
        Seconds in which the animal could be observed; by default all.
    start_s : float
        When the recording begins, on its own clock.
    pauses : tuple of (start, stop)
        When it paused, on its own clock, in order.
    treatment : str
        The group it is in; ``""`` = none.
    """

    recording: str
    individual: str
    animal: str
    duration_s: float
    observed_s: float | None = None
    start_s: float = 0.0
    pauses: tuple[tuple[float, float], ...] = ()
    treatment: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Recording and individual."""
        return self.recording, self.individual

    @property
    def seconds(self) -> float:
        """Seconds that shares are of."""
        return self.recorded_s if self.observed_s is None else self.observed_s

    @property
    def recorded_s(self) -> float:
        """Length of the recording without its pauses."""
        return self.duration_s - sum(stop - start for start, stop in self.pauses)


def bouts_of(bouts: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Bouts of one subject in the order of time, those without length left out."""
    mine = (bouts["recording"] == subject.recording) & (bouts["individual"] == subject.individual)
    part = bouts[mine]
    return part[part["stop_s"] > part["start_s"]].sort_values("start_s", kind="stable")


def behaviour_shares(bouts: pd.DataFrame, subjects: Sequence[Subject]) -> pd.DataFrame:
    """Share of time, number and mean length of bouts of each behaviour, for each animal.

    Recordings of the same animal are taken together. A behaviour that some animal shows has a row
    for every animal (share 0 where it never occurs), so that groups can be compared.

    Parameters
    ----------
    bouts : DataFrame
        Table `clips.BOUTS` of one scheme.
    subjects : sequence of Subject
        Animals and their recordings; bouts of others are left out.

    Returns
    -------
    DataFrame
        Columns ``animal, treatment, behaviour_id, seconds, share`` (0-1 of the seconds observed,
        NaN if there are none), ``bouts, bouts_per_min, mean_bout_s`` (NaN without bouts),
        ordered as `subjects` and then by behaviour.
    """
    observed: dict[str, float] = {}
    treatment: dict[str, str] = {}
    parts = []
    for subject in subjects:
        observed[subject.animal] = observed.get(subject.animal, 0.0) + subject.seconds
        treatment.setdefault(subject.animal, subject.treatment)
        part = bouts_of(bouts, subject)
        length = (part["stop_s"] - part["start_s"]).to_numpy(dtype=np.float64)
        parts.append(
            pd.DataFrame(
                {
                    "animal": subject.animal,
                    "behaviour_id": part["behaviour_id"].to_numpy(dtype=object),
                    "seconds": length,
                }
            )
        )
    every = pd.concat(parts, ignore_index=True) if parts else _no_lengths()
    behaviours = sorted(every["behaviour_id"].unique())
    index = pd.MultiIndex.from_product(
        [list(observed), behaviours], names=("animal", "behaviour_id")
    )
    sums = every.groupby(["animal", "behaviour_id"])["seconds"].agg(["sum", "count"])
    sums = sums.reindex(index, fill_value=0).reset_index()
    seconds = sums["sum"].to_numpy(dtype=np.float64)
    count = sums["count"].to_numpy(dtype=np.int64)
    total = sums["animal"].map(observed).to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            "animal": sums["animal"].astype(object),
            "treatment": sums["animal"].map(treatment).astype(object),
            "behaviour_id": sums["behaviour_id"].astype(object),
            "seconds": seconds,
            "share": _ratio(seconds, total),
            "bouts": count,
            "bouts_per_min": _ratio(count, total / 60.0),
            "mean_bout_s": _ratio(seconds, count),
        }
    )


def shares_by_animal(shares: pd.DataFrame, *, value: str = "share") -> pd.DataFrame:
    """One row an animal, one column a behaviour.

    Parameters
    ----------
    shares : DataFrame
        As `behaviour_shares` gives it.
    value : str
        The column to lay out.
    """
    wide = shares.pivot(index="animal", columns="behaviour_id", values=value)
    return wide.reindex(list(dict.fromkeys(shares["animal"])))


def windowed_shares(
    bouts: pd.DataFrame, subjects: Sequence[Subject], *, window_s: float = 20.0
) -> pd.DataFrame:
    """Shares in windows of time, as MouseGPT shows them (20 s), pauses left out.

    Parameters
    ----------
    bouts, subjects
        As in `behaviour_shares`. Windows start with each recording, so an animal's recordings
        count as repetitions, and are averaged.
    window_s : float
        Length of a window in s; one of which less than half was recorded is left out.

    Returns
    -------
    DataFrame
        Columns ``animal, treatment, window_s`` (middle of the window), ``behaviour_id, share``.

    Raises
    ------
    DataError
        If the window has no length.
    """
    if not window_s > 0:
        raise DataError("a window needs a length", expected="seconds above 0", found=str(window_s))
    behaviours = sorted({str(name) for name in bouts["behaviour_id"]})
    parts = []
    for subject in subjects:
        edges = _window_edges(subject, window_s)
        if len(edges) < 2 or not behaviours:
            continue
        recorded = np.diff(edges) - _paused(subject, edges)
        kept = recorded >= window_s / 2 - _TICK
        seconds = overlap_seconds(bouts_of(bouts, subject), behaviours, edges)
        share = seconds[kept] / recorded[kept, None]
        centre = (np.flatnonzero(kept) + 0.5) * window_s
        parts.append(
            pd.DataFrame(
                {
                    "animal": subject.animal,
                    "treatment": subject.treatment,
                    "window_s": np.repeat(centre, len(behaviours)),
                    "behaviour_id": np.tile(np.asarray(behaviours, dtype=object), len(centre)),
                    "share": share.ravel(),
                }
            )
        )
    keys = ["animal", "treatment", "window_s", "behaviour_id"]
    if not parts:
        return pd.DataFrame(columns=[*keys, "share"])
    every = pd.concat(parts, ignore_index=True)
    return every.groupby(keys, sort=False)["share"].mean().reset_index()


def dominant_behaviours(
    bouts: pd.DataFrame, subject: Subject, *, bins: int, behaviours: Sequence[str]
) -> Array:
    """The behaviour that fills most of each of equal parts of a recording.

    Parameters
    ----------
    bouts : DataFrame
        Table `clips.BOUTS`.
    subject : Subject
        Whose.
    bins : int
        Number of parts.
    behaviours : sequence of str
        Which.

    Returns
    -------
    array of shape (bins,), int
        Index into `behaviours`, -1 where none of them occurs.
    """
    if not behaviours or not subject.duration_s > 0:
        return np.full(bins, -1)
    edges = subject.start_s + np.linspace(0.0, subject.duration_s, bins + 1)
    seconds = overlap_seconds(bouts_of(bouts, subject), list(behaviours), edges)
    return np.where(seconds.max(axis=1) > _TICK, seconds.argmax(axis=1), -1)


def overlap_seconds(part: pd.DataFrame, behaviours: Sequence[str], edges: Array) -> Array:
    """Seconds of each behaviour in each window.

    Parameters
    ----------
    part : DataFrame
        Bouts of one subject; those of behaviours that are not listed are left out.
    behaviours : sequence of str
        Behaviour ids.
    edges : array of shape (windows + 1,)
        Rising times in s.

    Returns
    -------
    array of shape (windows, behaviours)
    """
    code = codes_of(part, behaviours)
    known = code >= 0
    start = part["start_s"].to_numpy(dtype=np.float64)[known]
    stop = part["stop_s"].to_numpy(dtype=np.float64)[known]
    columns = len(behaviours)
    result = np.empty((len(edges) - 1, columns))
    for column in range(columns):
        mine = code[known] == column
        result[:, column] = np.diff(_covered_until(start[mine], stop[mine], edges))
    return np.maximum(result, 0.0)


def codes_of(part: pd.DataFrame, behaviours: Sequence[str]) -> Array:
    """Index of each bout's behaviour in the list, -1 if it is not there."""
    place = {name: position for position, name in enumerate(behaviours)}
    return np.array([place.get(str(name), -1) for name in part["behaviour_id"]], dtype=np.int64)


def _covered_until(start: Array, stop: Array, times: Array) -> Array:
    """Seconds of the given intervals (sorted by start) that lie before each time."""
    ends = np.sort(stop)
    begun = np.searchsorted(start, times, side="right")
    ended = np.searchsorted(ends, times, side="right")
    start_sum = np.concatenate([[0.0], np.cumsum(start)])
    stop_sum = np.concatenate([[0.0], np.cumsum(ends)])
    result: Array = (begun * times - start_sum[begun]) - (ended * times - stop_sum[ended])
    return result


def _paused(subject: Subject, edges: Array) -> Array:
    """Seconds of pause in each window."""
    start, stop = np.reshape(subject.pauses, (-1, 2)).T
    result: Array = np.diff(_covered_until(start, stop, edges))
    return result


def _window_edges(subject: Subject, window_s: float) -> Array:
    if not subject.duration_s > 0:
        return np.empty(0)
    whole = int(np.floor(subject.duration_s / window_s + 1e-9))
    edges = np.arange(whole + 1) * window_s
    rest = subject.duration_s - edges[-1]
    if rest >= window_s / 2:
        edges = np.append(edges, subject.duration_s)
    result: Array = edges + subject.start_s
    return result


def _no_lengths() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "animal": pd.Series(dtype=object),
            "behaviour_id": pd.Series(dtype=object),
            "seconds": pd.Series(dtype=np.float64),
        }
    )


def _ratio(over: Array, under: Array) -> Array:
    """Quotient, NaN where there is nothing to divide by."""
    result = np.full(len(over), np.nan)
    np.divide(over, under, out=result, where=under > 0)
    return result
