"""Wide csv: a header ``name_x, name_y[, name_z][, name_likelihood]``, one row a frame.

Optional columns: ``frame``, ``time`` (seconds) and ``individual``; with the last there is a row
for each frame and animal; of points in space also ``name_error``, of reprojection in pixels.
SLEAP's csv is of this kind. Other columns are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.columns import (
    FRAME,
    INDIVIDUAL,
    TIME,
    coordinate,
    find_column,
    plan_columns,
    written_beside,
)
from mousegpt_core.io.contract import (
    DEFAULT_INDIVIDUAL,
    EXPORT_AGAIN,
    OTHER_FORMAT,
    RawPoses,
    ReadOptions,
)
from mousegpt_core.io.csv_tables import Columns, is_number, read_columns, sniff_table
from mousegpt_core.io.dlc_csv import frames_from_numbers

LOOKED_FOR = "one header row with columns such as nose_x, nose_y"
_BLOCK = 50_000


def recognise(path: Path) -> bool:
    """Whether the first row names at least one keypoint's x and y, and the second is data."""
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return False
    table = sniff_table(path)
    labels = [] if is_anipose(table.rows[0]) else _labels(table.rows[0])
    kinds = {(keypoint, coordinate(kind)) for _, _, keypoint, kind in labels}
    return any((keypoint, "y") in kinds for keypoint, kind in kinds if kind == "x")


def is_anipose(header: Sequence[str]) -> bool:
    """Whether these are the columns of Anipose's points in space, a wide csv with its own ones."""
    return any(name.endswith("_ncams") for name in header) and "fnum" in header


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read a wide csv.

    Raises
    ------
    FormatError
        If header or rows are not as they must be.
    """
    table = sniff_table(path)
    header = table.rows[0]
    labels = _labels(header)
    if not labels:
        raise FormatError(
            "not a wide csv",
            file=path,
            place="row 1",
            expected=LOOKED_FOR,
            hint=OTHER_FORMAT,
        )
    if len(table.rows) < 2:
        raise FormatError(
            "a header but no rows",
            file=path,
            place="row 2",
            hint=EXPORT_AGAIN,
        )
    if len(table.rows[1]) != len(header):
        raise FormatError(
            "a row with the wrong number of cells", file=path, place="row 2",
            expected=str(len(header)), found=str(len(table.rows[1])),
            hint="every row needs a cell for each column of the header: mend the row or the "
            "header",
        )  # fmt: skip
    plan = plan_columns(labels, path)
    frame, time, owner = (find_column(header, names) for names in (FRAME, TIME, INDIVIDUAL))
    if frame is None and header[0] in ("", "Unnamed: 0") and is_number(table.rows[1][0]):
        frame = 0
    columns = read_columns(
        table,
        skip_rows=1,
        numbers=plan.order,
        exact=[column for column in (frame, time) if column is not None],
        words=[] if owner is None else [owner],
    )
    raw = plan.poses(columns.numbers)
    raw.frames = None if frame is None else frames_from_numbers(columns.exact[frame], path)
    raw.times = None if time is None else columns.exact[time]
    if owner is not None:
        raw = _by_individual(raw, columns, owner, path)
    return raw


def write(poses: xr.Dataset, path: Path) -> None:
    """Write poses as a wide csv that `read` reads back; unit and exact fps are not in it.

    Parameters
    ----------
    poses : Dataset
        As in `mousegpt_core.poses`; may be lazy.
    path : Path
        File to write.
    """
    import pyarrow as pa
    from pyarrow import csv as pacsv

    names = _column_names(poses)
    schema = pa.schema(
        [("frame", pa.int64()), ("time", pa.float64())]
        + ([("individual", pa.string())] if poses.sizes["individual"] > 1 else [])
        + [(name, pa.float32()) for name in names]
    )
    with pacsv.CSVWriter(path, schema) as writer:
        for start in range(0, poses.sizes["time"], _BLOCK):
            block = poses.isel(time=slice(start, start + _BLOCK))
            arrays = _block_columns(block, [name for _, name in written_beside(poses)])
            writer.write_table(pa.table(dict(zip(schema.names, arrays, strict=True)), schema))


def _column_names(poses: xr.Dataset) -> list[str]:
    kinds = [str(axis) for axis in poses["space"].values]
    kinds += [kind for kind, _ in written_beside(poses)]
    return [f"{keypoint}_{kind}" for keypoint in poses["keypoint"].values for kind in kinds]


def _block_columns(block: xr.Dataset, beside: Sequence[str]) -> list[Any]:
    """Columns of a stretch of frames; several animals are interleaved, frame by frame."""
    import pyarrow as pa

    n_animals = block.sizes["individual"]
    values = block["position"].transpose("time", "individual", "keypoint", "space").values
    more = [block[name].transpose("time", "individual", "keypoint").values for name in beside]
    values = np.concatenate([values, *(one[..., None] for one in more)], axis=-1)
    values = values.reshape(len(block["time"]) * n_animals, -1)
    owners = np.tile(block["individual"].values.astype(str), block.sizes["time"])
    columns = [
        np.repeat(block["frame"].values, n_animals),
        np.repeat(block["time"].values, n_animals),
    ]
    columns += [owners] if n_animals > 1 else []
    columns += [
        np.ascontiguousarray(values[:, i], dtype=np.float32) for i in range(values.shape[1])
    ]
    return [pa.array(column, from_pandas=True) for column in columns]


def _labels(header: Sequence[str]) -> list[tuple[int, str, str, str]]:
    """Columns that are coordinates of a keypoint."""
    found = []
    for column, name in enumerate(header):
        match = re.fullmatch(r"(.*[^_.:\s-])[_.:\s-]+([A-Za-z]+)", name)
        if match and coordinate(match[2]) and match[1].lower() not in ("instance",):
            found.append((column, DEFAULT_INDIVIDUAL, match[1], match[2]))
    points = {keypoint for _, _, keypoint, kind in found if coordinate(kind) == "x"}
    return [label for label in found if label[2] in points]


def _by_individual(raw: RawPoses, columns: Columns, owner: int, path: Path) -> RawPoses:
    """From a row for each frame and animal to an array with a dimension for the animals."""
    animal, words = columns.words[owner]
    individuals = [word or DEFAULT_INDIVIDUAL for word in words]
    if len(individuals) == 1:
        return replace(raw, individuals=individuals)
    clock: NDArray[Any] | None = raw.frames if raw.frames is not None else raw.times
    if clock is None:
        raise FormatError(
            "rows of several animals without frame numbers", file=path, place="header",
            expected="a column 'frame' or 'time'",
            hint="add a column that numbers the frames, the same number for all animals of a "
            "frame",
        )  # fmt: skip
    _, first, row = np.unique(clock, return_index=True, return_inverse=True)
    taken = np.zeros((len(first), len(individuals)), dtype=np.int64)
    np.add.at(taken, (row, animal), 1)
    if taken.max() > 1:
        at, who = np.argwhere(taken > 1)[0]
        raise FormatError(
            "two rows of the same frame and animal", file=path, place=f"frame {clock[first[at]]}",
            found=individuals[who],
            hint="delete one of the two",
        )  # fmt: skip
    arrays = (raw.confidence, raw.reprojection_error)
    confidence, error = (
        None if array is None else _by_row_and_animal(array, row, animal) for array in arrays
    )
    return replace(
        raw,
        position=_by_row_and_animal(raw.position, row, animal),
        confidence=confidence,
        reprojection_error=error,
        individuals=individuals,
        frames=None if raw.frames is None else raw.frames[first],
        times=None if raw.times is None else raw.times[first],
    )


def _by_row_and_animal(
    array: NDArray[np.float32], row: NDArray[np.int64], animal: NDArray[np.int32]
) -> NDArray[np.float32]:
    """From a row for each frame and animal to an array with the animals as last dimension."""
    shape = (int(row.max()) + 1, *array.shape[1:-1], int(animal.max()) + 1)
    spread = np.full(shape, np.nan, dtype=np.float32)
    spread[row, ..., animal] = array[..., 0]
    return spread
