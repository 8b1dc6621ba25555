"""DeepLabCut csv, and what writes like it (Lightning Pose, EKS): one to several animals, 2D, 3D."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.columns import coordinate, plan_columns, share_unique_points
from mousegpt_core.io.contract import (
    DEFAULT_INDIVIDUAL,
    EXPORT_AGAIN,
    LABELLED,
    OTHER_FORMAT,
    RawPoses,
    ReadOptions,
)
from mousegpt_core.io.csv_tables import TextTable, is_number, read_columns, sniff_table
from mousegpt_core.io.dlc_table import (
    SCORERS,
    column_names,
    level_names,
    numbers_in_names,
    row_blocks,
    row_names,
)

LOOKED_FOR = "header rows 'scorer', 'bodyparts' and 'coords'"


def recognise(path: Path) -> bool:
    """Whether the first rows are DeepLabCut's header."""
    return path.suffix.lower() in (".csv", ".tsv", ".txt") and bool(_header(sniff_table(path)))


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read a DeepLabCut csv.

    Points with a likelihood of zero, and the point (-1, -1), are what DeepLabCut writes for a
    keypoint that was not found; they become NaN (see `clean`).

    Raises
    ------
    FormatError
        If header or rows are not as they must be.
    """
    table = sniff_table(path)
    header = _header(table)
    if not header:
        raise FormatError(
            "not a DeepLabCut csv",
            file=path,
            expected=LOOKED_FOR,
            hint=OTHER_FORMAT,
        )
    n_rows = len(header)
    rows = {name: table.rows[number] for name, number in header.items()}
    lengths = {len(row) for row in rows.values()}
    if len(lengths) > 1:
        raise FormatError(
            "header rows differ in length",
            file=path,
            place="header",
            found=str(lengths),
            hint="export the csv again; a table program may have cut the header",
        )
    if len(table.rows) <= n_rows:
        raise FormatError(
            "a header but no rows",
            file=path,
            place=f"row {n_rows + 1}",
            hint=EXPORT_AGAIN,
        )
    # Labelled pictures may have their folder and name in up to three columns before the points.
    first = next((i for i, cell in enumerate(rows["coords"]) if coordinate(cell)), 1)
    parts = _without_suffixes(rows["bodyparts"][first:])
    animals = rows.get("individuals", (DEFAULT_INDIVIDUAL,) * len(rows["coords"]))
    labels = [
        (column, animals[column], part, rows["coords"][column])
        for column, part in enumerate(parts, start=first)
    ]
    plan = plan_columns(labels, path)
    index_columns = list(range(first))
    numbered = first == 1 and is_number(table.rows[n_rows][0])
    columns = read_columns(
        table,
        skip_rows=n_rows,
        numbers=plan.order,
        exact=index_columns if numbered else (),
        text=() if numbered else index_columns,
    )
    raw = share_unique_points(plan.poses(columns.numbers))
    # A table program may have made "Name.1", "Name.2" of equal names.
    raw.scorer = next(iter(rows.get("scorer", ())[first:]), "")
    if numbered:
        raw.frames = frames_from_numbers(columns.exact[0], path)
        raw.source_software = software_of(raw.scorer)
    else:
        names = ["/".join(cells) for cells in zip(*columns.text.values(), strict=True)]
        raw.frames = frames_from_names(names, path)
        raw.source_software = LABELLED
        raw.pictures = names
    return raw


def write(poses: xr.Dataset, path: Path) -> None:
    """Write poses as a DeepLabCut csv; times, rate, unit and lines are not in it.

    Parameters
    ----------
    poses : Dataset
        As in `mousegpt_core.poses`; may be lazy.
    path : Path
        File to write.
    """
    import pyarrow as pa
    from pyarrow import csv as pacsv

    columns = column_names(poses)
    index = row_names(poses)
    schema = pa.schema(
        [("0", pa.int64() if isinstance(index, np.ndarray) else pa.string())]
        + [(str(number), pa.float32()) for number in range(1, len(columns) + 1)]
    )
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerows(
        (name, *labels) for name, *labels in zip(level_names(poses), *columns, strict=True)
    )
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    with path.open("wb") as file:
        file.write(header.getvalue().encode("utf-8"))
        with pacsv.CSVWriter(file, schema, write_options=options) as writer:
            done = 0
            for block in row_blocks(poses):
                arrays = [index[done : done + len(block)], *np.ascontiguousarray(block.T)]
                cells = [pa.array(array, from_pandas=True) for array in arrays]
                writer.write_table(pa.table(cells, schema=schema))
                done += len(block)


def frames_from_numbers(values: NDArray[np.float64], path: Path) -> NDArray[np.int64]:
    """Frame numbers of a numbered index.

    Raises
    ------
    FormatError
        If one is missing, negative or not whole.
    """
    with np.errstate(invalid="ignore"):
        bad = ~(
            np.isfinite(values) & (values >= 0) & (values < 2**53) & (values == np.floor(values))
        )
    if bad.any():
        at = int(np.argmax(bad))
        raise FormatError(
            "a frame number that is not a whole number", file=path, place=f"frame row {at + 1}",
            found=str(values[at]),
            hint="the first column must count the frames 0, 1, 2, ...: mend that row or "
            "export the csv again",
        )  # fmt: skip
    return values.astype(np.int64)


def frames_from_names(names: list[str], path: Path) -> NDArray[np.int64]:
    """Frame numbers of labelled pictures: the last number in the name (``img0042.png`` is 42).

    Raises
    ------
    FormatError
        If a name has no number, or pictures of several films are mixed.
    """
    folders = {name.replace("\\", "/").rsplit("/", 1)[0] for name in names if "/" in name}
    if len(folders) > 1:
        raise FormatError(
            "labelled pictures of several films", file=path, found=", ".join(sorted(folders)[:4]),
            hint="split the table: one recording, one film",
        )  # fmt: skip
    frames = numbers_in_names(names)
    if -1 in frames:
        row = frames.index(-1)
        raise FormatError(
            "a row whose name has no frame number", file=path, place=f"frame row {row + 1}",
            found=repr(names[row][:60]),
            hint="name the pictures by their frame, as in img0042.png, or number the rows",
        )  # fmt: skip
    return np.array(frames, dtype=np.int64)


def _header(table: TextTable) -> dict[str, int]:
    """Name of a header row to its number; empty if this is not DeepLabCut's header."""
    found: dict[str, int] = {}
    for number, row in enumerate(table.rows[:4]):
        first = row[0].lower()
        if first not in ("scorer", "individuals", "bodyparts", "coords"):
            break
        found[first] = number
    return found if {"bodyparts", "coords"} <= set(found) else {}


def software_of(scorer: str) -> str:
    """The program that writes under such a name."""
    name = re.sub(r"\.\d+$", "", scorer)
    known = next((program for program, usual in SCORERS.items() if name == usual), "")
    return known or ("Lightning Pose" if name.endswith("_tracker") else "DeepLabCut")


def _without_suffixes(parts: tuple[str, ...]) -> list[str]:
    """Undo the ``Nose, Nose.1, Nose.2`` that a table program makes of equal names."""
    counts = Counter(parts)
    if max(counts.values(), default=0) > 1:
        return list(parts)
    bases = [re.sub(r"\.\d+$", "", part) for part in parts]
    return [base if base in counts else part for base, part in zip(bases, parts, strict=True)]
