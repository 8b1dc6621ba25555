"""BORIS exports: tabular events (starts and stops in rows) and aggregated events (bouts)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from mousegpt_core.analysis.truth_files import Events, Sheet, as_number
from mousegpt_core.errors import DataError, FormatError

_HEADER_WITHIN = 80
_POINT_FPS = 30.0
_LENGTH = ("media duration (s)", "total length", "observation duration", "total duration")
_FPS = ("fps (frame/s)", "fps")


def find_table(sheet: Sheet) -> Sheet | None:
    """The table of events in a BORIS export, or None if the file is none.

    Older tabular exports have a block of facts on the observation above the table.
    """
    for row, cells in enumerate(sheet.rows[:_HEADER_WITHIN]):
        names = {cell.casefold() for cell in cells}
        tabular = {"behavior", "time"} <= names and names & {"status", "behavior type"}
        if tabular or {"behavior", "start (s)", "stop (s)"} <= names:
            return sheet.below(row)
    return None


def read_events(table: Sheet) -> Events:
    """State events as bouts, point events as bouts of one frame.

    Parameters
    ----------
    table : Sheet
        As `find_table` gives it, of one observation and subject.

    Raises
    ------
    FormatError
        If a start has no stop, a stop no start, or a time is no number; names the row.
    DataError
        If there is more than one observation or subject.
    """
    for name in ("observation id", "subject"):
        _require_one(table, name)
    frame = 1.0 / (_fact(table, _FPS) or _POINT_FPS)
    length = _fact(table, _LENGTH)
    read = _aggregated if table.find("start (s)") is not None else _tabular
    bouts = read(table, frame)
    notes = [f"{bouts.points} point events count as one frame each"] if bouts.points else []
    return Events(
        table.path,
        np.array(bouts.start),
        np.array(bouts.stop),
        bouts.labels,
        # What was scored was observed, though the film is said to end before.
        end_s=max([length, *bouts.stop]) if length > 0 else math.nan,
        notes=notes,
    )


@dataclass
class _Bouts:
    start: list[float] = field(default_factory=list)
    stop: list[float] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    points: int = 0

    def add(self, start: float, stop: float, label: str, *, point: bool = False) -> None:
        self.start.append(start)
        self.stop.append(stop)
        self.labels.append(label)
        self.points += point


def _aggregated(table: Sheet, frame: float) -> _Bouts:
    """One row a bout."""
    behaviour, start, stop = _needed(table, "behavior", "start (s)", "stop (s)")
    kind = table.find("behavior type", "type")
    kinds = table.column(kind) if kind is not None else [""] * len(table.rows)
    bouts = _Bouts()
    for row, label in enumerate(table.column(behaviour)):
        begin = table.number(row, start)
        if kinds[row].upper() == "POINT":
            bouts.add(begin, begin + frame, label, point=True)
            continue
        end = table.number(row, stop)
        if end < begin:
            raise _wrong(table, row, f"{label!r} stops before it starts")
        bouts.add(begin, end, label)
    return bouts


def _tabular(table: Sheet, frame: float) -> _Bouts:
    """One row an event: START and STOP of a state, or POINT."""
    behaviour, time = _needed(table, "behavior", "time")
    kind = table.find("status", "behavior type")
    kinds = table.column(kind) if kind is not None else []
    labels = table.column(behaviour)
    order = sorted(range(len(table.rows)), key=lambda row: table.number(row, time))
    running: dict[str, int] = {}
    bouts = _Bouts()
    for row in order:
        label, status, moment = labels[row], kinds[row].upper(), table.number(row, time)
        if status == "POINT":
            bouts.add(moment, moment + frame, label, point=True)
        elif label in running and status in ("STOP", "STATE", ""):
            bouts.add(table.number(running.pop(label), time), moment, label)
        elif status in ("START", "STATE", "") and label not in running:
            running[label] = row
        else:
            raise _wrong(
                table, row, f"{status or 'an event'} of {label!r} does not fit the one before"
            )
    if running:
        label, row = next(iter(running.items()))
        raise _wrong(table, row, f"{label!r} starts and never stops")
    return bouts


def _require_one(table: Sheet, name: str) -> None:
    column = table.find(name)
    values = sorted(set(table.column(column))) if column is not None else []
    if len(values) > 1:
        raise DataError(
            f"the file has several values in column {name!r}",
            file=table.path,
            found=", ".join(values[:10]),
            hint="export one observation and subject a file",
        )


def _fact(table: Sheet, names: tuple[str, ...]) -> float:
    """A number that stands in every row, 0 where it is not given."""
    column = table.find(*names)
    values = [as_number(cell) for cell in table.column(column)] if column is not None else []
    known = [value for value in values if math.isfinite(value)]
    return max(known, default=0.0)


def _needed(table: Sheet, *names: str) -> list[int]:
    found = [table.find(name) for name in names]
    missing = [name for name, column in zip(names, found, strict=True) if column is None]
    if missing:
        raise FormatError(
            f"no column {', '.join(missing)}",
            file=table.path,
            hint='export from BORIS as "tabular events" or "aggregated events"',
        )
    return [column for column in found if column is not None]


def _wrong(table: Sheet, row: int, message: str) -> FormatError:
    return FormatError(
        message,
        file=table.path,
        place=f"row {table.numbers[row]}",
        hint="put the observation right in BORIS (`Check state events`) and export it again",
    )
