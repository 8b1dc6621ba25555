"""Long csv: a row for each point, in the columns frame or time, keypoint, x, y[, z].

Optional columns: ``individual``, ``likelihood`` and, of points in space, ``error``. Rows may come
in any order; what has no row was not seen. Other columns are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.columns import (
    COORDINATES,
    FRAME,
    INDIVIDUAL,
    KEYPOINT,
    TIME,
    coordinate,
    find_column,
    written_beside,
)
from mousegpt_core.io.contract import (
    DEFAULT_INDIVIDUAL,
    EXPORT_AGAIN,
    OTHER_FORMAT,
    RawPoses,
    ReadOptions,
)
from mousegpt_core.io.csv_tables import read_columns, sniff_table
from mousegpt_core.io.dlc_csv import frames_from_numbers

LOOKED_FOR = "columns frame (or time), keypoint, x, y, with a row for each point"
#: More cells than this for each row are a mistake: another column was taken for the keypoints.
_SPARSEST = 1000
_BLOCK_ROWS = 1_000_000


@dataclass(frozen=True)
class _Header:
    """Numbers of the columns; `coordinates` by their kinds."""

    frame: int | None
    time: int | None
    individual: int | None
    keypoint: int
    coordinates: dict[str, int]


def recognise(path: Path) -> bool:
    """Whether there are columns of a clock, of keypoints' names, x and y."""
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return False
    return _header(sniff_table(path).rows[0]) is not None


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read a long csv.

    Raises
    ------
    FormatError
        If header or rows are not as they must be, or two rows are of the same point.
    """
    table = sniff_table(path)
    header = _header(table.rows[0])
    if header is None:
        raise FormatError(
            "not a long csv", file=path, place="row 1", expected=LOOKED_FOR, hint=OTHER_FORMAT
        )
    if len(table.rows) < 2:
        raise FormatError("a header but no rows", file=path, place="row 2", hint=EXPORT_AGAIN)
    clocks = [column for column in (header.frame, header.time) if column is not None]
    columns = read_columns(
        table,
        skip_rows=1,
        numbers=list(header.coordinates.values()),
        exact=clocks,
        words=[c for c in (header.keypoint, header.individual) if c is not None],
    )
    row, first = _rows_of_clock(columns.exact[clocks[0]])
    times = columns.exact[header.time][first] if header.time is not None else None
    frames = None
    if header.frame is not None:
        frames = frames_from_numbers(columns.exact[header.frame][first], path)
    columns.exact.clear()  # as many numbers as all coordinates
    point, keypoints = columns.words[header.keypoint]
    if "" in keypoints:
        at = int(np.argmax(point == keypoints.index("")))
        raise FormatError(
            "a row without its keypoint", file=path, place=f"row {at + 2}",
            hint="name the keypoint, or delete the row",
        )  # fmt: skip
    animal, individuals = np.zeros(1, np.int32), [DEFAULT_INDIVIDUAL]
    if header.individual is not None:
        animal, individuals = columns.words[header.individual]
    place = point.astype(np.int64) * len(individuals) + animal
    shape = (len(first), len(keypoints), len(individuals))
    _check_cells(row, place, shape, path)
    values = dict(zip(header.coordinates, columns.numbers.T, strict=True))
    axes = [values.pop(axis) for axis in COORDINATES[:3] if axis in values]
    confidence, error = (
        _spread([values[kind]], row, place, shape)[:, 0] if kind in values else None
        for kind in COORDINATES[3:]
    )
    return RawPoses(
        _spread(axes, row, place, shape),
        confidence,
        keypoints,
        [name or DEFAULT_INDIVIDUAL for name in individuals],
        frames,
        times,
        reprojection_error=error if len(axes) == 3 else None,
    )


def write(poses: xr.Dataset, path: Path) -> None:
    """Write poses as a long csv that `read` reads back; unit and source are not in it.

    Parameters
    ----------
    poses : Dataset
        As in `mousegpt_core.poses`; may be lazy.
    path : Path
        File to write.
    """
    import pyarrow as pa
    from pyarrow import csv as pacsv

    named = [str(name) for name in poses["individual"].values] != [DEFAULT_INDIVIDUAL]
    beside = written_beside(poses)
    kinds = [*map(str, poses["space"].values), *(kind for kind, _ in beside)]
    schema = pa.schema(
        [("frame", pa.int64()), ("time", pa.float64())]
        + ([("individual", pa.string())] if named else [])
        + [("keypoint", pa.string())]
        + [(kind, pa.float32()) for kind in kinds]
    )
    per_frame = poses.sizes["individual"] * poses.sizes["keypoint"]
    step = max(1, _BLOCK_ROWS // per_frame)
    with pacsv.CSVWriter(path, schema) as writer:
        for start in range(0, poses.sizes["time"], step):
            block = poses.isel(time=slice(start, start + step))
            arrays = _block_columns(block, [name for _, name in beside], named=named)
            cells = [pa.array(array, from_pandas=True) for array in arrays]
            writer.write_table(pa.table(cells, schema=schema))


def _header(names: Sequence[str]) -> _Header | None:
    """What the columns are; None if this is no such table."""
    coordinates: dict[str, int] = {}
    for column, name in enumerate(names):
        coordinates.setdefault(coordinate(name), column)
    coordinates.pop("", None)
    frame, time, individual, keypoint = (
        find_column(names, usual) for usual in (FRAME, TIME, INDIVIDUAL, KEYPOINT)
    )
    clock = frame if frame is not None else time
    if clock is None or keypoint is None or not {"x", "y"} <= set(coordinates):
        return None
    return _Header(frame, time, individual, keypoint, coordinates)


def _rows_of_clock(
    clock: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which frame each row is of, and the first row of each frame."""
    steps = np.diff(clock)
    if (steps >= 0).all():  # in order: no need to sort
        first = np.concatenate([[0], np.flatnonzero(steps) + 1])
        return np.repeat(np.arange(len(first)), np.diff(first, append=len(clock))), first
    _, first, row = np.unique(clock, return_index=True, return_inverse=True)
    return row, first


def _check_cells(
    row: NDArray[np.int64], place: NDArray[np.int64], shape: tuple[int, int, int], path: Path
) -> None:
    """Check that each row has a place of its own, and that the places are not far too many.

    Raises
    ------
    FormatError
        If it is not so.
    """
    width = shape[1] * shape[2]
    if shape[0] * width > _SPARSEST * len(row) + _BLOCK_ROWS:
        raise FormatError(
            "far fewer rows than points", file=path, found=f"{len(row)} rows",
            expected=f"{shape[0]} frames x {shape[1]} keypoints x {shape[2]} individuals",
            hint="check that the columns of keypoints and individuals hold names",
        )  # fmt: skip
    taken = np.zeros((shape[0], width), dtype=np.bool_)
    taken[row, place] = True
    if int(taken.sum()) < len(row):
        _, first = np.unique(row * width + place, return_index=True)
        at = int(np.setdiff1d(np.arange(len(row)), first)[0])
        raise FormatError(
            "two rows of the same point", file=path, place=f"row {at + 2}",
            hint="delete one of the two; several animals need a column of individuals",
        )  # fmt: skip


def _spread(
    columns: Sequence[NDArray[np.float32]],
    row: NDArray[np.int64],
    place: NDArray[np.int64],
    shape: tuple[int, int, int],
) -> NDArray[np.float32]:
    """Columns as an array of shape (time, column, keypoint, individual)."""
    n_time, n_points, n_animals = shape
    spread = np.full((n_time, len(columns), n_points * n_animals), np.nan, dtype=np.float32)
    for number, values in enumerate(columns):
        spread[row, number, place] = values
    return spread.reshape(n_time, len(columns), n_points, n_animals)


def _block_columns(
    block: xr.Dataset, beside: Sequence[str], *, named: bool
) -> list[NDArray[np.generic]]:
    """Columns of a stretch of frames, frame by frame and animal by animal."""
    order = ("time", "individual", "keypoint")
    n_time, n_animals, n_points = (block.sizes[dim] for dim in order)
    columns = [np.repeat(block[name].values, n_animals * n_points) for name in ("frame", "time")]
    owners = np.tile(np.repeat(block["individual"].values.astype(str), n_points), n_time)
    columns += [owners] if named else []
    columns.append(np.tile(block["keypoint"].values.astype(str), n_time * n_animals))
    for axis in block["space"].values:
        columns.append(block["position"].sel(space=axis).transpose(*order).values.ravel())
    return columns + [block[name].transpose(*order).values.ravel() for name in beside]
