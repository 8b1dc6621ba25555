"""Files of human labels: delimited text and MATLAB vectors, down to columns of numbers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mousegpt_core.errors import DataError, FormatError

Array = npt.NDArray[Any]

_FRAME = ("frame", "frames", "frame_number", "frame_id", "frame_idx", "frame number")
_TIME = ("time", "time_s", "time (s)", "times", "t", "t_s", "seconds", "timestamp", "timestamps")
_LABEL = ("label", "labels", "behaviour", "behavior", "behaviour_id", "annotation", "annotations")
_LABEL_TOO = ("type", "class", "category", "activity", "event", "name", "state")
_START = ("start_s", "start", "start_time", "start (s)", "from", "from_s", "begin", "onset")
_STOP = ("stop_s", "stop", "stop_time", "stop (s)", "to", "to_s", "end", "end_s", "end_time")
_STOP_TOO = ("offset", "finish")
_START_FRAME = ("start_frame", "frame_start", "from_frame", "first_frame")
_STOP_FRAME = ("stop_frame", "end_frame", "frame_stop", "frame_end", "to_frame")
_HINT = "give a csv with columns `frame` or `time` (s) and `label`, or `start_s, stop_s, label`"


@dataclass(frozen=True)
class Events:
    """Labelled stretches in seconds, as they stand in a file."""

    path: Path
    start_s: Array
    stop_s: Array
    labels: list[str]
    end_s: float = math.nan
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """Rows of a text file.

    Attributes
    ----------
    path : Path
        The file.
    rows : list of list of str
        Cells, stripped; empty lines are left out.
    numbers : list of int
        Line of each row in the file, from 1.
    names : list of str
        Names of the columns, in lower case; empty if not known yet.
    decimal_comma : bool
        Whether "0,05" is a number.
    """

    path: Path
    rows: list[list[str]]
    numbers: list[int]
    names: list[str] = field(default_factory=list)
    decimal_comma: bool = False

    def below(self, row: int) -> Sheet:
        """The table whose header is a row."""
        names = [cell.casefold() for cell in self.rows[row]]
        return replace(
            self, rows=self.rows[row + 1 :], numbers=self.numbers[row + 1 :], names=names
        )

    def column(self, index: int) -> list[str]:
        """Cells of a column; ``""`` where a row is too short."""
        return [row[index] if index < len(row) else "" for row in self.rows]

    def find(self, *names: str) -> int | None:
        """Index of the first of these columns that there is."""
        return next((self.names.index(name) for name in names if name in self.names), None)

    def number(self, row: int, column: int, *, name: str = "") -> float:
        """A cell as a finite number.

        Raises
        ------
        FormatError
            Names the row and the column.
        """
        text = self.rows[row][column] if column < len(self.rows[row]) else ""
        value = as_number(text, decimal_comma=self.decimal_comma)
        if not math.isfinite(value):
            heading = name or (self.names[column] if column < len(self.names) else str(column + 1))
            raise FormatError(
                f"column {heading!r} is not a number",
                file=self.path,
                place=f"row {self.numbers[row]}",
                expected="a number",
                found=repr(text),
                hint=_HINT,
            )
        return value

    def as_numbers(self, column: int, *, name: str = "") -> Array:
        """A column as finite numbers; raises as `number`."""
        return np.array([self.number(row, column, name=name) for row in range(len(self.rows))])

    def restricted(self, only: Mapping[str, str] | None) -> Sheet:
        """The rows that have certain values in certain columns.

        Raises
        ------
        DataError
            If there is no such column, or no row is left.
        """
        sheet = self
        for name, wanted in (only or {}).items():
            column = sheet.find(name.casefold())
            if column is None:
                raise DataError(
                    f"no column {name!r}",
                    file=self.path,
                    expected=", ".join(self.names),
                    hint="use a column of the file",
                )
            cells = sheet.column(column)
            keep = [row for row, cell in enumerate(cells) if cell == wanted]
            if not keep:
                raise DataError(
                    f"no row has {wanted!r} in column {name!r}",
                    file=self.path,
                    found=", ".join(sorted(set(cells))[:10]),
                    hint="use a value of that column",
                )
            sheet = replace(
                sheet,
                rows=[sheet.rows[row] for row in keep],
                numbers=[sheet.numbers[row] for row in keep],
            )
        return sheet


@dataclass(frozen=True)
class Columns:
    """Which column of a table is what; None = not there."""

    time: int | None = None
    frame: int | None = None
    label: int | None = None
    start: int | None = None
    stop: int | None = None
    in_frames: bool = False
    flags: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class FrameClock:
    """From frame numbers to seconds."""

    path: Path
    times: Array | None
    frames: Array | None
    fps: float | None

    @classmethod
    def make(
        cls,
        times: npt.ArrayLike | None,
        frames: npt.ArrayLike | None,
        fps: float | None,
        path: Path,
    ) -> FrameClock:
        """Check what is known of the recording's frames."""
        moments = None if times is None else np.asarray(times, dtype=np.float64)
        numbers = None if frames is None else np.asarray(frames, dtype=np.float64)
        if moments is not None and numbers is None:
            numbers = np.arange(len(moments), dtype=np.float64)
        if fps is None and moments is not None and numbers is not None and len(moments) > 1:
            fps = float((numbers[-1] - numbers[0]) / (moments[-1] - moments[0]))
        return cls(path, moments, numbers, fps)

    @property
    def frame_s(self) -> float:
        """Seconds from one frame to the next; NaN where it is not known."""
        return 1 / self.fps if self.fps is not None and self.fps > 0 else math.nan

    def starts(self, frames: npt.ArrayLike) -> Array:
        """Seconds of frame numbers; beyond the known frames by the frame rate.

        Raises
        ------
        DataError
            If nothing is known of the frames' times.
        """
        wanted = np.asarray(frames, dtype=np.float64)
        if self.fps is None or not self.fps > 0:
            raise DataError(
                "the file counts frames and the frame rate is not known",
                file=self.path,
                hint="give the recording's frame rate",
            )
        if self.times is None or self.frames is None:
            return wanted / self.fps
        inside = np.interp(wanted, self.frames, self.times)
        before = np.minimum(wanted - self.frames[0], 0) / self.fps
        after = np.maximum(wanted - self.frames[-1], 0) / self.fps
        seconds: Array = inside + before + after
        return seconds


def read_sheet(path: Path) -> Sheet:
    """Read a delimited text file.

    Raises
    ------
    FormatError
        If it cannot be read, is no text, or is empty.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise FormatError(
            f"cannot be read: {error.strerror}",
            file=path,
            hint="check the path and that you may read the file",
        ) from error
    except UnicodeDecodeError as error:
        raise FormatError(
            "is not text", file=path, place=f"byte {error.start}", hint="save it as csv in UTF-8"
        ) from error
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text.replace("\x00", "")), delimiter=delimiter)
    rows: list[list[str]] = []
    numbers: list[int] = []
    try:
        for cells in reader:
            rows.append([cell.strip() for cell in cells] or [""])
            numbers.append(reader.line_num)
    except csv.Error as error:
        raise FormatError(
            str(error), file=path, place=f"row {reader.line_num}", hint="save it as csv in UTF-8"
        ) from error
    # In a single column an empty line is a frame without a label.
    single = max((len(row) for row in rows), default=0) == 1
    said = [row for row, cells in enumerate(rows) if any(cells)]
    keep = range(said[-1] + 1) if single and said else said
    rows, numbers = [rows[row] for row in keep], [numbers[row] for row in keep]
    if not rows:
        raise FormatError("the file is empty", file=path, hint=_HINT)
    return Sheet(path, rows, numbers, decimal_comma=delimiter == ";")


def as_number(text: str, *, decimal_comma: bool = False) -> float:
    """A number from text; NaN where it is none."""
    try:
        return float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        return math.nan


def telling(name: str) -> str:
    """A column's name as a behaviour's, or ``""`` where it says nothing."""
    dull = {*_LABEL, *_LABEL_TOO, "vector", "value", "0", "1", ""}
    return "" if name in dull else name


def with_header(sheet: Sheet) -> Sheet:
    """Take the first row as names where it reads like names; else name columns by their content.

    A first row whose first cell is empty is a header too: pandas leaves the index unnamed.
    """
    first = sheet.rows[0]
    if len(sheet.rows) > 1 and first[0] == "" and len(first) > 1:
        table = sheet.below(0)
        index = "frame" if _whole(table.column(0)) else "time"
        names = [index, *table.names[1:]]
        if len(names) == 2 and not telling(names[1]):
            names[1] = "label"
            _require_words(table, 1)
        return replace(table, names=names)
    known = {*_FRAME, *_TIME, *_LABEL, *_LABEL_TOO, *_START, *_STOP, *_START_FRAME, *_STOP_FRAME}
    lower = [cell.casefold() for cell in first]
    if set(lower) & known or (_numeric(sheet.rows[1:], sheet) and not _numeric([first], sheet)):
        return sheet.below(0)
    if len(first) == 1:
        _require_words(sheet, 0)
        return replace(sheet, names=["label"])
    if len(first) == 2:
        _require_words(sheet, 1)
        return replace(sheet, names=["frame" if _whole(sheet.column(0)) else "time", "label"])
    raise FormatError(
        "the columns have no names that say what they are",
        file=sheet.path,
        place=f"row {sheet.numbers[0]}",
        found=", ".join(first[:8]),
        hint=_HINT,
    )


def find_columns(table: Sheet) -> Columns:
    """Tell columns by their names.

    Raises
    ------
    FormatError
        If no column has labels.
    """
    if not table.rows:
        raise FormatError("there are no rows below the header", file=table.path, hint=_HINT)
    start, stop = table.find(*_START), table.find(*_STOP, *_STOP_TOO)
    in_frames = start is None or stop is None
    if in_frames:
        start, stop = table.find(*_START_FRAME), table.find(*_STOP_FRAME)
    time, frame = table.find(*_TIME), table.find(*_FRAME)
    label = table.find(*_LABEL, *_LABEL_TOO)
    if label is not None and start is None and _flags(table, label):
        return Columns(time, frame, flags=[label])
    taken = {index for index in (time, frame) if index is not None}
    free = [index for index in range(len(table.names)) if index not in taken]
    if label is None and len(free) == 1 and not _flags(table, free[0]):
        label = free[0]
        _require_words(table, label)
    flags = [index for index in free if _flags(table, index)] if label is None else []
    if flags:
        for index in free:
            _require_words(table, index)
    if label is None and not flags:
        raise FormatError(
            "no column has labels", file=table.path, found=", ".join(table.names), hint=_HINT
        )
    return Columns(time, frame, label, start, stop, in_frames, flags)


def read_bouts(table: Sheet, columns: Columns, clock: FrameClock) -> Events:
    """Rows with start and stop, half-open like all tables of the project.

    Raises
    ------
    FormatError
        If a stop lies before its start, or one is no number.
    """
    if columns.start is None or columns.stop is None or columns.label is None:
        raise FormatError("start, stop and label are needed", file=table.path, hint=_HINT)
    start, stop = table.as_numbers(columns.start), table.as_numbers(columns.stop)
    wrong = np.flatnonzero(stop < start)
    if len(wrong):
        raise FormatError(
            "a bout stops before it starts",
            file=table.path,
            place=f"row {table.numbers[int(wrong[0])]}",
            found=f"{start[wrong[0]]:g} to {stop[wrong[0]]:g}",
            hint="exchange start and stop of that row",
        )
    if columns.in_frames:
        start, stop = clock.starts(start), clock.starts(stop)
    return Events(table.path, start, stop, table.column(columns.label))


def read_moments(table: Sheet, columns: Columns, clock: FrameClock) -> tuple[Array, bool]:
    """Seconds of each row, and whether a row at uneven times holds until the next.

    Raises
    ------
    FormatError
        If a time is no number, or times go back.
    """
    if columns.time is not None:
        moments = table.as_numbers(columns.time)
    elif columns.frame is not None:
        moments = clock.starts(table.as_numbers(columns.frame))
    else:
        return clock.starts(np.arange(len(table.rows))), False
    back = np.flatnonzero(np.diff(moments) <= 0)
    if len(back):
        raise FormatError(
            "times do not rise",
            file=table.path,
            place=f"row {table.numbers[int(back[0]) + 1]}",
            hint="one animal and observer a file, or say which with `only`",
        )
    return moments, True


def read_flags(table: Sheet, columns: Sequence[int]) -> Array:
    """Columns of 0 and 1 (rows x columns); NaN where empty."""
    flags = [
        [as_number(cell, decimal_comma=table.decimal_comma) for cell in table.column(column)]
        for column in columns
    ]
    return np.array(flags, dtype=np.float64).T


def read_matlab_vector(path: Path) -> tuple[Array, str]:
    """The one vector of 0 and 1 in a MATLAB 7.3 file, and the name it has there.

    BehaviorDEPOT keeps it as ``hBehavior/NAME/Vector``: there the name is that of the group.

    Raises
    ------
    FormatError
        If the file cannot be read, or has no such vector or several.
    """
    import h5py

    found: dict[str, Array] = {}

    def visit(name: str, item: object) -> None:
        if (
            not isinstance(item, h5py.Dataset)
            or name.startswith("#")
            or item.dtype.kind not in "biuf"
        ):
            return
        if item.ndim == 2 and min(item.shape) == 1 and max(item.shape) > 1:
            values = np.asarray(item[()], dtype=np.float64).ravel()
            if set(np.unique(values)) <= {0.0, 1.0}:
                found[name] = values

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except OSError as error:
        raise FormatError(
            "is not a MATLAB 7.3 file",
            file=path,
            hint="save it in MATLAB with `-v7.3`, or as csv",
        ) from error
    if len(found) != 1:
        raise FormatError(
            "the labels cannot be told",
            file=path,
            expected="one vector of 0 and 1",
            found=", ".join(sorted(found)) or "none",
            hint="save the vector alone, or as csv",
        )
    (name, vector), *_ = found.items()
    parts = name.split("/")
    name = parts[-2] if len(parts) > 1 and parts[-1].casefold() == "vector" else parts[-1]
    return vector, telling(name.casefold())


def _delimiter(text: str) -> str:
    """Semicolon, tab or comma: the one that most of the first lines have most of."""
    head = [line for line in text.splitlines()[:50] if line.strip()]
    counts = {mark: sum(line.count(mark) for line in head) for mark in ",;\t"}
    # With decimal commas, a semicolon file has as many commas as semicolons.
    if (
        counts[";"]
        and counts[";"] >= sum(mark in line for line in head for mark in ";") > len(head) / 2
    ):
        return ";"
    return max(counts, key=lambda mark: counts[mark])


def _whole(cells: Sequence[str]) -> bool:
    """Whether all cells are whole numbers, written without a point."""
    return all(cell.lstrip("-").isdecimal() for cell in cells)


def _numeric(rows: Sequence[Sequence[str]], sheet: Sheet) -> bool:
    """Whether most of the cells are numbers."""
    cells = [cell for row in rows[:100] for cell in row]
    good = [math.isfinite(as_number(cell, decimal_comma=sheet.decimal_comma)) for cell in cells]
    return bool(good) and sum(good) > len(good) / 2


def _require_words(table: Sheet, column: int) -> None:
    """Refuse numbers for labels, unless they are 0 and 1 or a column's name says what they are."""
    if _flags(table, column) or not _numeric([[c] for c in table.column(column) if c], table):
        return
    name = table.names[column] if column < len(table.names) else str(column + 1)
    raise FormatError(
        f"column {name!r} has numbers, not labels",
        file=table.path,
        expected="words, or 0 and 1",
        found=", ".join(cell for cell in table.column(column)[:5] if cell),
        hint=_HINT,
    )


def _flags(table: Sheet, column: int) -> bool:
    """Whether a column is of 0 and 1."""
    values = {as_number(cell) for cell in table.column(column) if cell}
    return bool(values) and values <= {0.0, 1.0}
