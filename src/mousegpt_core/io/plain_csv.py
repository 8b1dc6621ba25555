"""Headerless csv: only numbers, one row a frame; the keypoints' names are given."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError, UnnamedKeypointsError
from mousegpt_core.io.columns import plan_columns
from mousegpt_core.io.contract import DEFAULT_INDIVIDUAL, RawPoses, ReadOptions
from mousegpt_core.io.csv_tables import TextTable, is_number, read_columns, sniff_table
from mousegpt_core.io.dlc_csv import frames_from_numbers

LOOKED_FOR = "rows of numbers without a header"
LAYOUTS = {"xy": "xy", "xyl": "xyl", "xyz": "xyz", "xyzl": "xyzl"}
_SAMPLE_ROWS = 2000
#: No arena of mice is larger, and no film's picture so small (m, px).
_METRES = 10


def recognise(path: Path) -> bool:
    """Whether the first rows are numbers only."""
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return False
    table = sniff_table(path)
    return table.n_columns >= 4 and all(
        len(row) == table.n_columns and all(is_number(cell, table.decimal) for cell in row)
        for row in table.rows
    )


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read a headerless csv.

    The number of columns a keypoint decides between 2D and 3D; with three, values that all lie
    between 0 and 1 are a likelihood, else z. A first column that rises by one is the frame number.

    Raises
    ------
    FormatError
        If the keypoints' names are not given, or do not fit the number of columns.
    """
    table = sniff_table(path)
    names = options.keypoints
    if not names:
        raise UnnamedKeypointsError(
            f"{table.n_columns} columns without names", file=path, count=_likely_count(table),
            hint="name the keypoints in their order with --keypoints a,b,c "
            "or a skeleton, as in --keypoints SUBTLE-9 (dock Study: Keypoints)",
        )  # fmt: skip
    if not all(is_number(cell, table.decimal) for cell in table.rows[0]):
        raise FormatError(
            "the first row is not numbers",
            file=path,
            place="row 1",
            expected=LOOKED_FOR,
            hint="a file with a header needs no --keypoints: leave that away, or delete the header",
        )
    offset, per_point = _columns_per_keypoint(table, names, options.layout)
    layout = options.layout or ("xyl" if per_point == 3 and _third_is_likelihood(table, offset) else
                                {2: "xy", 3: "xyz", 4: "xyzl"}[per_point])  # fmt: skip
    labels = [
        (
            offset + per_point * i + k,
            DEFAULT_INDIVIDUAL,
            name,
            "likelihood" if kind == "l" else kind,
        )
        for i, name in enumerate(names)
        for k, kind in enumerate(layout)
    ]
    plan = plan_columns(labels, path)
    columns = read_columns(table, skip_rows=0, numbers=plan.order, exact=range(offset))
    raw = plan.poses(columns.numbers)
    raw.frames = frames_from_numbers(columns.exact[0], path) if offset else None
    return raw


def _likely_count(table: TextTable) -> int | None:
    """How many keypoints there are, with two or three columns each; None where both fit."""
    columns = table.n_columns - _counts_up(table)
    fitting = [columns // each for each in (2, 3) if columns % each == 0]
    return fitting[0] if len(fitting) == 1 else None


def _columns_per_keypoint(table: TextTable, names: tuple[str, ...], layout: str) -> tuple[int, int]:
    """Number of columns before the keypoints (0 or 1), and of columns a keypoint."""
    if layout and layout not in LAYOUTS:
        raise FormatError(
            f"unknown layout {layout!r}",
            file=table.path,
            expected=", ".join(LAYOUTS),
            hint="choose one of these: x, y, z are coordinates and l the likelihood",
        )
    for offset in (0, 1):
        per_point, rest = divmod(table.n_columns - offset, len(names))
        fits = per_point == len(layout) if layout else per_point in (2, 3, 4)
        if rest == 0 and fits and (offset == 0 or _counts_up(table)):
            return offset, per_point
    raise FormatError(
        "number of columns does not fit the keypoints",
        file=table.path,
        place="row 1",
        expected=f"2, 3 or 4 columns for each of {len(names)} keypoints"
        if not layout
        else f"{len(layout) * len(names)} ({layout} for each of {len(names)} keypoints)",
        found=f"{table.n_columns} columns",
        hint="check --keypoints",
    )


def _counts_up(table: TextTable) -> bool:
    """Whether the first column is a frame number."""
    firsts = [row[0] for row in table.rows]
    return all(cell.isdecimal() for cell in firsts) and all(
        int(b) > int(a) for a, b in pairwise(firsts)
    )


def _third_is_likelihood(table: TextTable, offset: int) -> bool:
    """Whether every third value lies between 0 and 1, and x and y can be pixels.

    Heights in metres lie between 0 and 1, too, but then x and y are not far from 0 either.
    """
    rows: list[NDArray[np.float64]] = []
    with table.path.open(encoding=table.encoding, errors="replace") as file:
        for line, _ in zip(file, range(_SAMPLE_ROWS), strict=False):
            cells = line.rstrip("\r\n").split(table.delimiter)[offset:]
            if len(cells) == table.n_columns - offset:
                rows.append(np.array([_number(cell, table.decimal) for cell in cells]))
    values = np.array(rows).reshape(len(rows), -1, 3)
    third = values[..., 2][np.isfinite(values[..., 2])]
    plane = values[..., :2][np.isfinite(values[..., :2])]
    if not third.size or not plane.size:
        return False
    return bool(third.min() >= 0 and third.max() <= 1 and np.abs(plane).max() > _METRES)


def _number(cell: str, decimal: str) -> float:
    try:
        return float(cell.strip().replace(decimal, "."))
    except ValueError:
        return float("nan")
