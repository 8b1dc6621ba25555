"""Tables on disk: pandas in Parquet (zstd), written block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mousegpt_core.errors import REPORT_IT, DataError

_ROWS = 50_000


def write_parquet(path: Path, frames: Iterable[pd.DataFrame]) -> None:
    """Write consecutive frames with the same columns as one table; the index is not kept.

    Raises
    ------
    DataError
        If there is no frame, or the frames do not fit each other.
    """
    schema: pa.Schema | None = None
    writer: pq.ParquetWriter | None = None
    try:
        for frame in _larger(frames):
            schema = schema or _schema_of(frame)
            writer = writer or pq.ParquetWriter(path, schema, compression="zstd")
            writer.write_table(_to_arrow(frame, schema))
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise DataError(
            "there is nothing to write",
            expected="at least one table",
            found="none",
            hint=REPORT_IT,
        )


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table, or some of its columns; text comes back as ``object``.

    Raises
    ------
    DataError
        If it cannot be read, or a column is not there.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            missing = [name for name in columns or () if name not in names]
            if missing:
                raise DataError(
                    f"no column {', '.join(missing)}",
                    file=path,
                    expected=", ".join(names),
                    hint="run `mousegpt run` again to make it anew",
                )
            wanted = None if columns is None else list(columns)
            frame: pd.DataFrame = file.read(columns=wanted).to_pandas()
    except PermissionError as error:
        raise DataError(
            "cannot be read: Permission denied", file=path, hint="check that you may read this file"
        ) from error
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"cannot be read: {error}",
            file=path,
            hint="delete this file and run `mousegpt run` again to make it anew",
        ) from error
    text = [name for name in frame.columns if isinstance(frame[name].dtype, pd.StringDtype)]
    frame = frame.astype(dict.fromkeys(text, object))
    return frame if wanted is None else frame[wanted]


def _larger(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Join small frames, so that the file has few row groups."""
    waiting: list[pd.DataFrame] = []
    rows = 0
    for frame in frames:
        if waiting and list(frame.columns) != list(waiting[0].columns):
            raise DataError(
                "tables differ in their columns",
                expected=", ".join(map(str, waiting[0].columns)),
                found=", ".join(map(str, frame.columns)),
                hint=REPORT_IT,
            )
        # Empty frames have no types of their own to give.
        waiting = [part for part in waiting if len(part)] if len(frame) else waiting or [frame]
        waiting += [frame] if len(frame) else []
        rows += len(frame)
        if rows >= _ROWS:
            yield pd.concat(waiting, ignore_index=True)
            waiting, rows = [], 0
    if waiting:
        yield pd.concat(waiting, ignore_index=True)


def _schema_of(frame: pd.DataFrame) -> pa.Schema:
    """Types of the columns; objects without a single value are taken as text."""
    try:
        schema = pa.Schema.from_pandas(frame, preserve_index=False)
    except pa.ArrowException as error:
        raise DataError(
            f"the table cannot be stored: {error}",
            hint="look for characters that are not text in names and notes",
        ) from error
    for index, entry in enumerate(schema):
        if pa.types.is_null(entry.type):
            schema = schema.set(index, pa.field(entry.name, pa.string()))
    return schema


def _to_arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    if list(frame.columns) != schema.names:
        raise DataError(
            "tables differ in their columns",
            expected=", ".join(schema.names),
            found=", ".join(map(str, frame.columns)),
            hint=REPORT_IT,
        )
    try:
        return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    except (pa.ArrowException, UnicodeEncodeError) as error:
        raise DataError(
            f"the table cannot be stored: {error}",
            hint="look for characters that are not text in names and notes",
        ) from error
