"""Human labels of a recording, read from csv, BORIS exports and MATLAB vectors.

What a file may be:

- **rows over time**: a column ``frame`` or ``time`` (s) and a column ``label``; rows at a steady
  rate label that moment, rows at uneven times hold until the next row;
- **one column**: the label of each frame, or 0 and 1;
- **columns of 0 and 1**, one a behaviour;
- **bouts**: ``start_s, stop_s, label`` (or ``start, stop``, ``from, to``);
- **BORIS**: tabular or aggregated events, state and point events, or a project (``.boris``);
- **MATLAB 7.3**: a vector of 0 and 1.

What was not scored (``na``, empty) is left out; "other", "background" and the like are one label,
"anything else": see `label_words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mousegpt_core.analysis import boris_project, truth_boris, truth_files
from mousegpt_core.analysis.bouts import TICK, labels_from_bouts
from mousegpt_core.analysis.label_words import (
    REST_NAMES,
    UNCLEAR,
    is_scored,
    means_rest,
    name_of_rest,
    plain,
)
from mousegpt_core.analysis.truth_files import FrameClock, Sheet
from mousegpt_core.errors import DataError, FormatError

Array = npt.NDArray[Any]

#: Rows further apart than this (s) are looks at single frames: behaviours change within a second.
SPARSE_S = 1.0


@dataclass(frozen=True)
class Truth:
    """A human's labels of one recording.

    Attributes
    ----------
    start_s, stop_s : array of shape (n,)
        Stretches in seconds, sorted by start; half-open.
    labels : array of shape (n,), object
        Label of each stretch; ``""`` = not scored.
    rest : str
        The label that stands for "anything else"; ``""`` if there is none.
    fills : bool
        Whether the time outside the stretches is `rest` (events), or was not scored (rows).
    end_s : float
        End of what was observed; NaN = unknown, so the end of the recording.
    notes : list of str
        What a reader should know of how the file was understood.
    declared : tuple of str
        Behaviours that were looked for, whether or not they occur.
    """

    start_s: Array
    stop_s: Array
    labels: Array
    rest: str = ""
    fills: bool = False
    end_s: float = float("nan")
    notes: list[str] = field(default_factory=list)
    declared: tuple[str, ...] = ()

    def at(self, times: npt.ArrayLike) -> Array:
        """Label at each time.

        Parameters
        ----------
        times : array of shape (n,)
            Seconds on the recording's clock, rising.

        Returns
        -------
        array of shape (n,), object
            ``""`` where not scored.
        """
        moments = np.asarray(times, dtype=np.float64)
        fill = self.rest if self.fills else ""
        labels = labels_from_bouts(moments, self.bouts(), empty=fill)
        if np.isfinite(self.end_s):
            labels[moments >= self.end_s - TICK] = ""
        return labels

    def bouts(self) -> pd.DataFrame:
        """The stretches as columns ``start_s, stop_s, behaviour_id``."""
        return pd.DataFrame(
            {"start_s": self.start_s, "stop_s": self.stop_s, "behaviour_id": self.labels}
        )

    @property
    def names(self) -> list[str]:
        """Labels that occur or were looked for, in alphabetical order, without `rest`."""
        return sorted({*self.labels, *self.declared} - {"", self.rest})

    def covers(self, times: npt.ArrayLike) -> bool:
        """Whether a stretch lies, at least in part, between the first and the last time."""
        moments = np.asarray(times, dtype=np.float64)
        if not len(moments):
            return False
        inside = (self.start_s <= moments[-1] + TICK) & (self.stop_s > moments[0] - TICK)
        return bool(inside.any())


def read_truth(
    path: Path | str,
    *,
    times: npt.ArrayLike | None = None,
    frames: npt.ArrayLike | None = None,
    fps: float | None = None,
    positive: str = "",
    only: Mapping[str, str] | None = None,
) -> Truth:
    """Read a human's labels; see the top of this module for what the file may be.

    Parameters
    ----------
    path : Path
        csv, tsv or txt (comma, semicolon or tab), or .mat of MATLAB 7.3.
    times : array of shape (n,), optional
        Seconds of the recording's frames, for files that count frames.
    frames : array of shape (n,), optional
        Frame numbers that belong to `times`; by default 0, 1, 2, ...
    fps : float, optional
        Frames per second, where `times` is not given.
    positive : str
        What 1 stands for in a column of 0 and 1 without a telling name.
    only : mapping of str to str, optional
        Column and the value its rows must have, for files with several animals or observers.

    Returns
    -------
    Truth

    Raises
    ------
    FormatError
        Names the row that does not fit, or says that the file is none of these.
    DataError
        If the file counts frames and neither `times` nor `fps` is given, or if it holds several
        animals or observations and `only` does not say which, or if none of its labels lies within
        `times`.
    """
    path = Path(path)
    clock = FrameClock.make(times, frames, fps, path)
    truth = _read(path, clock, positive, only)
    if clock.times is not None and not truth.covers(clock.times):
        raise DataError(
            "none of the labels lies within the recording",
            file=path,
            expected=f"{clock.times[0]:g} to {clock.times[-1]:g} s"
            if len(clock.times)
            else "a recording with frames",
            found=f"{truth.start_s.min():g} to {truth.stop_s.max():g} s",
            hint="give the labels of this recording, with times on its clock; check the frame rate",
        )
    return truth


def _read(path: Path, clock: FrameClock, positive: str, only: Mapping[str, str] | None) -> Truth:
    """Labels from a file of any form."""
    if path.suffix.lower() == ".mat":
        vector, name = truth_files.read_matlab_vector(path)
        return _from_flags(
            vector[:, None],
            [positive or name],
            clock.starts(np.arange(len(vector))),
            frame_s=clock.frame_s,
        )
    if path.suffix.lower() == boris_project.SUFFIX:
        events = truth_boris.read_events(boris_project.read_project(path).restricted(only))
        return _from_events(events)
    sheet = truth_files.read_sheet(path)
    boris = truth_boris.find_table(sheet)
    if boris is not None:
        return _from_events(truth_boris.read_events(boris.restricted(only)))
    return _from_sheet(sheet, clock, positive, only)


def _from_sheet(
    sheet: Sheet, clock: FrameClock, positive: str, only: Mapping[str, str] | None
) -> Truth:
    """Labels from a table with or without a header."""
    table = truth_files.with_header(sheet).restricted(only)
    columns = truth_files.find_columns(table)
    if columns.start is not None and columns.stop is not None and columns.label is not None:
        return _from_events(truth_files.read_bouts(table, columns, clock))
    moments, held = truth_files.read_moments(table, columns, clock)
    if columns.label is not None:
        labels = [_clean(text) for text in table.column(columns.label)]
        return _from_rows(moments, np.array(labels, dtype=object), held=held, frame_s=clock.frame_s)
    flags = truth_files.read_flags(table, columns.flags)
    names = [truth_files.telling(table.names[column]) for column in columns.flags]
    if len(names) == 1 and positive:
        names = [positive]
    return _from_flags(flags, names, moments, held=held, frame_s=clock.frame_s)


def _from_flags(
    flags: Array, names: list[str], moments: Array, *, held: bool = True, frame_s: float
) -> Truth:
    """Labels from a column of 0 and 1 for each behaviour; none set = anything else."""
    rest = name_of_rest(names) or REST_NAMES[0]
    labels = np.full(len(flags), rest, dtype=object)
    for column, name in enumerate(names):
        if not name:
            raise DataError(
                "the labels are 0 and 1 and nothing says what 1 stands for",
                hint="give the behaviour's name (`--positive freezing`)",
            )
        labels[flags[:, column] > 0] = name
    several = int((flags > 0).sum(axis=1).max(initial=0)) > 1
    notes = ["several behaviours at once: the one in the last column counts"] if several else []
    labels[np.isnan(flags).all(axis=1)] = ""
    truth = _from_rows(moments, labels, held=held, frame_s=frame_s, rest=rest, notes=notes)
    return replace(truth, declared=tuple(name for name in names if not means_rest(name)))


def _from_rows(
    moments: Array,
    labels: Array,
    *,
    held: bool,
    frame_s: float,
    rest: str = "",
    notes: list[str] | None = None,
) -> Truth:
    """Stretches from labelled moments.

    Rows at a steady rate label the time nearest to them (half a row on either side), but if they
    are more than `SPARSE_S` apart only their own frame (of `frame_s`, where that is known); rows
    at uneven times hold until the next one, the last to the end of the recording.
    """
    remarks = list(notes or ())
    order = np.argsort(moments, kind="stable")
    moments, labels = moments[order], labels[order]
    step = np.diff(moments)
    if not held or len(step) == 0 or _steady(step):
        period = float(np.median(step)) if len(step) else SPARSE_S
        if np.isfinite(frame_s) and period > max(SPARSE_S, 2 * frame_s) + TICK:
            remarks.append(
                f"rows {period:g} s apart: only the frame of each row is scored, and bouts are "
                "single frames"
            )
            period = frame_s
        edges = np.append(moments - period / 2, moments[-1] + period / 2)
        stop = np.minimum(edges[1:], moments + period / 2)
        start = edges[:-1]
    else:
        remarks.append("rows at uneven times: each label holds until the next row")
        start, stop = moments, np.append(moments[1:], np.inf)
    rest = rest or name_of_rest(labels)
    labels, said = _one_rest(labels, rest)
    start, stop, labels = _joined(start, stop, labels)
    return Truth(start, stop, labels, rest=rest, notes=[*remarks, *said])


def _steady(step: Array) -> bool:
    """Whether most rows follow at the same interval (within a tenth); the others are gaps."""
    period = np.median(step)
    return bool(np.mean(np.abs(step - period) <= 0.1 * period + TICK) >= 0.6)


def _joined(start: Array, stop: Array, labels: Array) -> tuple[Array, Array, Array]:
    """Runs of equal labels that touch, as one stretch each."""
    change = (labels[1:] != labels[:-1]) | (start[1:] - stop[:-1] > TICK)
    first = np.concatenate([[0], np.flatnonzero(change) + 1])
    last = np.concatenate([first[1:] - 1, [len(labels) - 1]])
    return start[first], stop[last], labels[first]


def _from_events(events: truth_files.Events) -> Truth:
    """Stretches from bouts; the time between them is "anything else"."""
    labels = np.array([_clean(label) for label in events.labels], dtype=object)
    order = np.argsort(events.start_s, kind="stable")
    start, stop, labels = events.start_s[order], events.stop_s[order], labels[order]
    if not len(start):
        raise FormatError(
            "there is no event in the file",
            file=events.path,
            hint="export the labels again; an animal that did nothing needs one bout of `other`",
        )
    notes = list(events.notes)
    if (np.maximum.accumulate(stop)[:-1] > start[1:] + TICK).any():
        notes.append("bouts overlap: the one that began last counts")
    rest = name_of_rest(labels) or REST_NAMES[0]
    labels, said = _one_rest(labels, rest)
    return Truth(
        start, stop, labels, rest=rest, end_s=events.end_s, notes=[*notes, *said], fills=True
    )


def _one_rest(labels: Array, rest: str) -> tuple[Array, list[str]]:
    """Labels with one name for "anything else", and what a reader should know of it."""
    words = sorted({label for label in labels if means_rest(label)})
    notes = [
        f"{word!r} is taken as anything else; write `na` where nothing was scored, or another name "
        "if it is a behaviour"
        for word in words
        if plain(word) in UNCLEAR
    ]
    return np.array([rest if label in words else label for label in labels], dtype=object), notes


def _clean(label: str) -> str:
    """A label without blanks around it; ``""`` where it says "not scored"."""
    return label.strip() if is_scored(label) else ""
