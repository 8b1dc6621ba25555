"""Motion capture's ``.trc``: labelled markers in space, as OpenSim and Pose2Sim have them.

Five rows of header, of which the second names what the third tells (``DataRate``, ``NumMarkers``,
``Units``) and the fourth names the markers, each over its three columns; then, separated by tabs, a
row a frame: its number (the first is mostly 1), its time, and x, y, z of each marker. Axes are
those of the file: in OpenSim's world y points upwards.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.columns import plan_columns
from mousegpt_core.io.contract import (
    DEFAULT_INDIVIDUAL,
    EXPORT_AGAIN,
    OTHER_FORMAT,
    RawPoses,
    ReadOptions,
)
from mousegpt_core.io.conventions import frames_of_times, unit_named
from mousegpt_core.io.csv_tables import TextTable, read_columns, reading, sniff_table
from mousegpt_core.io.dlc_csv import frames_from_numbers

LOOKED_FOR = "a first row that begins with 'PathFileType'"
_MARK = b"PathFileType"
_HEADER_ROWS = 5
_BEFORE_MARKERS = 2


def recognise(path: Path) -> bool:
    """Whether a file begins as these do."""
    if not path.is_file():
        return False
    with reading(path), path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read labelled markers.

    Raises
    ------
    FormatError
        If header or rows are not as they must be.
    """
    table = sniff_table(path)
    if not table.rows[0][0].startswith(_MARK.decode()):
        raise FormatError(
            "not a trc file", file=path, place="row 1", expected=LOOKED_FOR, hint=OTHER_FORMAT
        )
    if len(table.rows) <= _HEADER_ROWS:
        raise FormatError(
            "a header but no rows", file=path, place=f"row {_HEADER_ROWS + 1}", hint=EXPORT_AGAIN
        )
    told = dict(zip(table.rows[1], table.rows[2], strict=False))
    markers = _markers(table, told.get("NumMarkers", ""))
    labels = [
        (_BEFORE_MARKERS + 3 * number + axis, DEFAULT_INDIVIDUAL, marker, name)
        for number, marker in enumerate(markers)
        for axis, name in enumerate("xyz")
    ]
    plan = plan_columns(labels, path)
    body = replace(table, rows=table.rows[_HEADER_ROWS:])
    columns = read_columns(body, skip_rows=_HEADER_ROWS, numbers=plan.order, exact=(0, 1))
    raw = plan.poses(columns.numbers)
    frames = frames_from_numbers(columns.exact[0], path)
    raw.frames = frames - min(1, int(frames.min()))
    raw.fps = _rate(told.get("DataRate", ""), table.decimal)
    steady = raw.fps is not None and _is_steady(columns.exact[1], frames, raw.fps)
    raw.times = None if steady else columns.exact[1]
    raw.unit = unit_named(told.get("Units", ""))
    raw.source_software = "trc"
    return raw


def _markers(table: TextTable, told: str) -> list[str]:
    """Names of the markers, as many as are told and as there are columns for."""
    names = [cell for cell in table.rows[3][_BEFORE_MARKERS:] if cell]
    columns = len(table.rows[_HEADER_ROWS]) - _BEFORE_MARKERS
    if not names or told != str(len(names)) or len(names) != len(set(names)):
        raise FormatError(
            "the names of the markers do not fit their number", file=table.path, place="row 4",
            expected=f"NumMarkers = {told or '?'} different names", found=", ".join(names[:50]),
            hint=EXPORT_AGAIN,
        )  # fmt: skip
    if columns < 3 * len(names):
        raise FormatError(
            "too few columns for the markers", file=table.path, place=f"row {_HEADER_ROWS + 1}",
            expected=f"x, y, z of {len(names)}", found=f"{columns} columns", hint=EXPORT_AGAIN,
        )  # fmt: skip
    return names


def _rate(cell: str, decimal: str) -> float | None:
    try:
        rate = float(cell.replace(decimal, "."))
    except ValueError:
        return None
    return rate if 0 < rate < math.inf else None


def _is_steady(times: NDArray[np.float64], frames: NDArray[np.int64], fps: float) -> bool:
    """Whether times say no more than the numbers of frames do."""
    beats = frames_of_times(times - times[0], fps)
    return beats is not None and np.array_equal(beats, frames - frames[0])
