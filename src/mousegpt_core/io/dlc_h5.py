"""DeepLabCut h5: pandas' fixed and table layouts, read by h5py.

Neither PyTables nor pickle is used: pickled attributes are only parsed (see `literals`), names
stored as Python objects are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.columns import plan_columns, share_unique_points
from mousegpt_core.io.contract import (
    COPY_AGAIN,
    DEFAULT_INDIVIDUAL,
    LABELLED,
    OTHER_FORMAT,
    RawPoses,
    ReadOptions,
)
from mousegpt_core.io.dlc_csv import frames_from_names, frames_from_numbers, software_of
from mousegpt_core.io.dlc_table import column_names, level_names, row_blocks, row_names
from mousegpt_core.io.hdf import decode_names, is_hdf5, load, open_hdf5
from mousegpt_core.io.literals import read_literal

LOOKED_FOR = "a pandas table (group 'df_with_missing' or 'df') in an HDF5 file"
_PREFERRED = ("df_with_missing", "df", "keypoints")
_LEVELS = {
    3: ("scorer", "bodyparts", "coords"),
    4: ("scorer", "individuals", "bodyparts", "coords"),
}
_ROWS = 50_000


@dataclass(frozen=True)
class _Block:
    """Columns of one number type: an array of shape (row, column), or a field of a table."""

    source: Any
    columns: list[tuple[str, ...]]

    def pieces(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        for start in range(0, len(self.source), _ROWS):
            rows = slice(start, min(start + _ROWS, len(self.source)))
            yield rows, np.asarray(self.source[rows]).reshape(rows.stop - rows.start, -1)


def recognise(path: Path) -> bool:
    """Whether an HDF5 file holds a pandas table."""
    if not is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        return any(_is_frame(group) for group in file.values())


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read a DeepLabCut h5.

    Raises
    ------
    FormatError
        If there is no such table, or it is damaged.
    """
    with open_hdf5(path) as file:
        group = _choose(file, path)
        if _text(group.attrs["pandas_type"]) == "frame_table":
            levels, blocks, index = _read_table(group, path)
        else:
            levels, blocks, index = _read_fixed(group, path)
        columns = [column for block in blocks for column in block.columns]
        order = _column_order(group, columns, path)
        labels = [(at, *_label(columns[at], levels, path)) for at in order]
        plan = plan_columns(labels, path)
        slots: dict[int, list[int]] = {}
        for slot, column in enumerate(plan.order):
            slots.setdefault(column, []).append(slot)
        numbers = np.full((len(index), len(plan.order)), np.nan, dtype=np.float32)
        first = 0
        for block in blocks:
            _fill(numbers, block, first, slots, path)
            first += len(block.columns)
    raw = share_unique_points(plan.poses(numbers))
    raw.frames = _frames(index, path)
    if columns:
        raw.scorer = dict(zip(levels, columns[0], strict=False)).get("scorer", "")
    if isinstance(index, np.ndarray):
        raw.source_software = software_of(raw.scorer)
    else:
        raw.source_software, raw.pictures = LABELLED, list(index)
    return raw


def write(poses: xr.Dataset, path: Path) -> None:
    """Write poses as a DeepLabCut h5, in the fixed layout that `pandas.read_hdf` opens.

    Times, rate, unit and lines are not in it.

    Parameters
    ----------
    poses : Dataset
        As in `mousegpt_core.poses`; may be lazy.
    path : Path
        File to write.
    """
    import h5py

    levels, columns = level_names(poses), column_names(poses)
    index = row_names(poses)
    with h5py.File(path, "w") as file:
        group = file.create_group(_PREFERRED[0])
        group.attrs.update({"ndim": 2, "nblocks": 1})
        _set_texts(
            group, CLASS="GROUP", VERSION="1.0", pandas_type="frame", encoding="UTF-8",
            errors="strict", axis1_variety="regular",
        )  # fmt: skip
        for key in ("axis0", "block0_items"):
            _write_multi_index(group, key, levels, columns)
        if isinstance(index, np.ndarray):
            rows, kind = group.create_dataset("axis1", data=index), "integer"
        else:
            rows, kind = group.create_dataset("axis1", data=np.array(index, dtype="S")), "string"
        _describe_array(rows, kind=kind)
        # As PyTables tells that there is no name: a pickled None, which it takes from ASCII alone.
        rows.attrs["name"] = np.bytes_(b"N.")
        values = group.create_dataset("block0_values", (len(index), len(columns)), dtype="f8")
        done = 0
        for block in row_blocks(poses):
            values[done : done + len(block)] = block
            done += len(block)
        _describe_array(values)


def _write_multi_index(
    group: Any, key: str, levels: Sequence[str], columns: Sequence[tuple[str, ...]]
) -> None:
    """The names of the columns, as each level's values and their places."""
    _set_texts(group, **{f"{key}_variety": "multi"})
    group.attrs[f"{key}_nlevels"] = len(levels)
    for number, (level, labels) in enumerate(zip(levels, zip(*columns, strict=True), strict=True)):
        values = list(dict.fromkeys(labels))
        stored = np.array([value.encode() for value in values])
        names = group.create_dataset(f"{key}_level{number}", data=stored)
        _describe_array(names, name=level, kind="string", **{f"{key}_name{level}": level})
        codes = np.array([values.index(label) for label in labels])
        _describe_array(group.create_dataset(f"{key}_label{number}", data=codes))


def _describe_array(dataset: Any, **texts: str) -> None:
    """What PyTables writes of an array."""
    dataset.attrs["transposed"] = np.uint8(1)
    _set_texts(dataset, CLASS="ARRAY", VERSION="2.4", FLAVOR="numpy", **texts)


def _set_texts(thing: Any, **texts: str) -> None:
    """Set attributes as PyTables reads them: strings of a fixed length in UTF-8."""
    import h5py

    for name, text in texts.items():
        data = text.encode()
        thing.attrs.create(name, data, dtype=h5py.string_dtype("utf-8", len(data)))


def _is_frame(group: Any) -> bool:
    return _text(group.attrs.get("pandas_type", "")) in ("frame", "frame_table")


def _choose(file: Any, path: Path) -> Any:
    """The table's group: a name DeepLabCut uses, else the only one."""
    names = [name for name, group in file.items() if _is_frame(group)]
    if not names:
        raise FormatError(
            "no pandas table",
            file=path,
            expected=LOOKED_FOR,
            found=str(list(file)[:5]),
            hint=OTHER_FORMAT,
        )
    preferred = [name for name in _PREFERRED if name in names]
    if not preferred and len(names) > 1:
        raise FormatError(
            "several tables",
            file=path,
            expected="one",
            found=", ".join(names),
            hint="keep the table of poses only, or export it as csv",
        )
    return file[(preferred or names)[0]]


def _read_fixed(
    group: Any, path: Path
) -> tuple[tuple[str, ...], list[_Block], Sequence[str] | NDArray[Any]]:
    """Pandas' fixed layout: blocks of values, each with its column labels."""
    blocks: list[_Block] = []
    levels: tuple[str, ...] = ()
    for number in range(int(group.attrs.get("nblocks", 0))):
        levels, columns = _multi_index(group, f"block{number}_items", path)
        values = group[f"block{number}_values"]
        if values.shape is None or values.ndim != 2 or values.shape[1] != len(columns):
            raise FormatError(
                "values do not fit their labels", file=path, place=f"block {number}",
                expected=f"{len(columns)} columns", found=f"shape {values.shape}",
                hint=COPY_AGAIN,
            )  # fmt: skip
        blocks.append(_Block(values, columns))
    if "axis1_nlevels" in group.attrs:
        _, rows = _multi_index(group, "axis1", path)
        return levels, blocks, ["/".join(row) for row in rows]
    index = load(group["axis1"], path)
    return levels, blocks, index if index.dtype.kind in "iuf" else decode_names(index)


def _multi_index(group: Any, key: str, path: Path) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Level names and labels of a pandas MultiIndex."""
    count = int(group.attrs.get(f"{key}_nlevels", 1))
    if not 2 <= count <= 5:
        raise FormatError(
            f"columns with {count} level(s) of names", file=path, place=key,
            expected="scorer, [individuals,] bodyparts, coords",
            hint="export the poses again with DeepLabCut, or as csv",
        )  # fmt: skip
    names, parts = [], []
    for level in range(count):
        dataset = group[f"{key}_level{level}"]
        default = _LEVELS.get(count, ("",) * count)[level]
        name = _text(dataset.attrs.get("name", "")) or default
        names.append(name if name in _LEVELS[4] else default)
        codes = load(group[f"{key}_label{level}"], path).astype(np.int64).ravel()
        if names[-1] == "scorer" and key != "axis1" and dataset.dtype.hasobject:
            parts.append([""] * len(codes))  # a scorer that is no text is none
            continue
        values = decode_names(load(dataset, path).ravel())
        if len(codes) and not -1 <= codes.min() <= codes.max() < len(values):
            raise FormatError(
                "labels point nowhere",
                file=path,
                place=f"{key}, level {level}",
                hint=COPY_AGAIN,
            )
        parts.append([values[code] if code >= 0 else "" for code in codes])
    return tuple(names), list(zip(*parts, strict=True))


def _read_table(
    group: Any, path: Path
) -> tuple[tuple[str, ...], list[_Block], Sequence[str] | NDArray[Any]]:
    """Pandas' table layout: rows of an index and blocks of values."""
    table = group["table"]
    if table.dtype.names is None or "index" not in table.dtype.names:
        raise FormatError(
            "a table without an index",
            file=path,
            place=str(table.name),
            hint=COPY_AGAIN,
        )
    blocks = []
    for name in table.dtype.names:
        kind = table.attrs.get(f"{name}_kind")
        if not name.startswith("values_block_") or kind is None:
            continue
        columns = _literal_columns(kind, path, name)
        width = int(np.prod(table.dtype[name].shape, dtype=np.int64)) or 1
        if width != len(columns) or table.dtype[name].base.kind not in "fiu":
            raise FormatError(
                "values do not fit their labels", file=path, place=name,
                expected=f"{len(columns)} columns of numbers", found=str(table.dtype[name]),
                hint=COPY_AGAIN,
            )  # fmt: skip
        blocks.append(_Block(table.fields(name), columns))
    if table.size > 4096 * path.stat().st_size:
        raise FormatError(
            "more rows than the file can hold",
            file=path,
            found=str(table.size),
            hint=COPY_AGAIN,
        )
    index = np.asarray(table.fields("index")[:])
    count = len(blocks[0].columns[0]) if blocks and blocks[0].columns else 0
    levels = _LEVELS.get(count)
    if levels is None:
        raise FormatError(
            f"columns with {count} level(s) of names", file=path,
            expected="scorer, [individuals,] bodyparts, coords",
            hint="export the poses again with DeepLabCut, or as csv",
        )  # fmt: skip
    return levels, blocks, index if index.dtype.kind in "iuf" else decode_names(index)


def _literal_columns(pickled: Any, path: Path, name: str) -> list[tuple[str, ...]]:
    """Column labels out of a pickled attribute that is parsed, not loaded."""
    data = pickled if isinstance(pickled, bytes) else bytes(pickled)
    try:
        value = read_literal(data)
    except ValueError as error:
        raise FormatError(
            f"column names that cannot be read safely: {error}", file=path, place=name,
            hint="export the poses as csv instead",
        ) from error  # fmt: skip
    if not isinstance(value, list) or not all(isinstance(label, tuple) for label in value):
        raise FormatError(
            "column names of an unknown kind",
            file=path,
            place=name,
            hint=COPY_AGAIN,
        )
    return [tuple(str(part) for part in label) for label in value]


def _column_order(group: Any, columns: list[tuple[str, ...]], path: Path) -> list[int]:
    """Columns in the order the table showed them; blocks sort them by number type."""
    if "non_index_axes" in group.attrs:
        try:
            axes = read_literal(bytes(group.attrs["non_index_axes"]))
            shown = [tuple(map(str, label)) for label in axes[0][1]]
        except (ValueError, TypeError, IndexError, KeyError):
            return list(range(len(columns)))
    elif "axis0_nlevels" in group.attrs:
        shown = _multi_index(group, "axis0", path)[1]
    else:
        return list(range(len(columns)))
    place = {label: at for at, label in enumerate(shown)}
    return sorted(range(len(columns)), key=lambda at: place.get(columns[at], len(place)))


def _label(column: tuple[str, ...], levels: tuple[str, ...], path: Path) -> tuple[str, str, str]:
    """Individual, keypoint and coordinate of a column."""
    named = dict(zip(levels, column, strict=False))
    if not {"bodyparts", "coords"} <= set(named):
        raise FormatError(
            "columns without body parts",
            file=path,
            expected="bodyparts, coords",
            found=str(levels),
            hint=COPY_AGAIN,
        )
    return named.get("individuals", DEFAULT_INDIVIDUAL), named["bodyparts"], named["coords"]


def _fill(
    numbers: NDArray[np.float32],
    block: _Block,
    first: int,
    slots: dict[int, list[int]],
    path: Path,
) -> None:
    """Copy a block's columns to where they go; `first` is the number of its first column."""
    if len(block.source) != len(numbers):
        raise FormatError(
            "blocks differ in length", file=path, expected=f"{len(numbers)} rows",
            found=str(len(block.source)),
            hint=COPY_AGAIN,
        )  # fmt: skip
    for rows, values in block.pieces():
        for column in range(values.shape[1]):
            for slot in slots.get(first + column, ()):
                with np.errstate(over="ignore"):
                    numbers[rows, slot] = values[:, column]


def _frames(index: Sequence[str] | NDArray[Any], path: Path) -> NDArray[np.int64]:
    if isinstance(index, np.ndarray):
        return frames_from_numbers(index.astype(np.float64), path)
    return frames_from_names(list(index), path)


def _text(value: Any) -> str:
    """An attribute as text; ``""`` for anything else."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""
