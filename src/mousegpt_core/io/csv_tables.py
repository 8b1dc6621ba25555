"""Tables in text files: encoding, separator and decimal mark are found out; numbers read fast.

Large tables are read as a stream into one float32 array, so that the peak of memory is that array.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError, MouseGPTError
from mousegpt_core.io.contract import EXPORT_AGAIN, SAVE_AS_CSV

_HEAD_BYTES = 4 << 20
_BLOCK_BYTES = 4 << 20
_MAX_COLUMNS = 20_000
_MISSING = ["", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "na", "null", "NULL", "None", "-"]
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TextTable:
    """How a text file is written, and its first rows.

    Attributes
    ----------
    path : Path
        The file.
    encoding : str
        Python's name of its encoding.
    delimiter : str
        Between cells.
    decimal : str
        ``"."`` or ``","``.
    rows : tuple of tuple of str
        The first rows, at most eight; cells without surrounding blanks.
    """

    path: Path
    encoding: str
    delimiter: str
    decimal: str
    rows: tuple[tuple[str, ...], ...]

    @property
    def n_columns(self) -> int:
        """Cells of the first row."""
        return len(self.rows[0])


@dataclass(frozen=True)
class Columns:
    """What `read_columns` read.

    Attributes
    ----------
    numbers : array of shape (row, column)
        float32; NaN where missing.
    exact : dict of int to array of shape (row,)
        Columns read in double precision.
    text : dict of int to list of str
        Columns read as text.
    words : dict of int to (array of shape (row,), list of str)
        Columns of few different words: which one each row has, and the words.
    """

    numbers: NDArray[np.float32]
    exact: dict[int, NDArray[np.float64]]
    text: dict[int, list[str]]
    words: dict[int, tuple[NDArray[np.int32], list[str]]]


def sniff_table(path: Path) -> TextTable:
    """Find out how a table is written and read its first rows.

    Parameters
    ----------
    path : Path
        A text file; UTF-8, UTF-16 with a mark, else read as Latin-1.

    Raises
    ------
    FormatError
        If the file is empty, not text, or its first rows are absurdly long.
    """
    with reading(path), path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise FormatError(
            "the file is empty",
            file=path,
            hint=EXPORT_AGAIN,
        )
    encoding = _encoding(head, path)
    # The head may end inside a character or a row; the last, unfinished row is dropped.
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    whole = len(head) < _HEAD_BYTES
    lines = [line for line in text.splitlines() if line.strip()]
    lines = (lines if whole else lines[:-1])[:8]
    if not lines:
        raise FormatError(
            "the first row is too long for a table",
            file=path,
            place="row 1",
            hint="check that this is a csv file; poses in another format need another "
            "reader, see --format",
        )
    delimiter = _delimiter(lines)
    try:
        rows = [
            tuple(cell.strip() for cell in row)
            for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise FormatError(
            f"not a table: {error}",
            file=path,
            hint=SAVE_AS_CSV,
        ) from error
    if not rows or max(map(len, rows)) > _MAX_COLUMNS:
        raise FormatError(
            "not a table",
            file=path,
            expected=f"at most {_MAX_COLUMNS} columns",
            hint=SAVE_AS_CSV,
        )
    decimal = "," if delimiter != "," and any(map(_has_decimal_commas, rows)) else "."
    return TextTable(path, encoding, delimiter, decimal, tuple(rows))


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is a number or stands for a missing one."""
    if cell in _MISSING:
        return True
    try:
        float(cell.replace(decimal, ".") if decimal != "." else cell)
    except ValueError:
        return False
    return True


def read_columns(
    table: TextTable,
    *,
    skip_rows: int,
    numbers: Sequence[int],
    exact: Sequence[int] = (),
    text: Sequence[int] = (),
    words: Sequence[int] = (),
) -> Columns:
    """Read columns of a table.

    Parameters
    ----------
    table : TextTable
        From `sniff_table`.
    skip_rows : int
        Rows of the header.
    numbers : sequence of int
        Columns of the file, in the order wanted; -1 gives a column of NaN.
    exact, text, words : sequence of int
        Columns to read in double precision, as text, and as one of few words.

    Raises
    ------
    FormatError
        If a row has another number of cells, or a cell is not a number; names row and column.
    """
    import pyarrow as pa

    n_rows = _count_lines(table.path) - skip_rows
    if n_rows <= 0:
        raise FormatError(
            "a header but no rows",
            file=table.path,
            place=f"row {skip_rows + 1}",
            hint=EXPORT_AGAIN,
        )
    wanted = sorted({*(column for column in numbers if column >= 0), *exact, *text, *words})
    made = _Made(n_rows, numbers, exact, text, words)
    try:
        for batch in _stream(table, skip_rows, wanted, text, words):
            for position, column in enumerate(wanted):
                made.add(column, batch.column(position))
            made.done += batch.num_rows
    except (pa.ArrowException, UnicodeError) as error:
        numeric = set(wanted) - {*text, *words}
        raise _explain(table, skip_rows, numeric, str(error)) from error
    # What was read ahead would be kept for the next file.
    pa.default_memory_pool().release_unused()
    if made.done == 0:
        raise FormatError(
            "a header but no rows",
            file=table.path,
            place=f"row {skip_rows + 1}",
            hint=EXPORT_AGAIN,
        )
    return made.columns()


class _Made:
    """Columns that are filled batch by batch; `done` rows are full."""

    def __init__(
        self,
        n_rows: int,
        numbers: Sequence[int],
        exact: Sequence[int],
        text: Sequence[int],
        words: Sequence[int],
    ) -> None:
        self.done = 0
        self._numbers = np.full((n_rows, len(numbers)), np.nan, dtype=np.float32)
        self._slots = {c: [i for i, other in enumerate(numbers) if other == c] for c in numbers}
        self._exact = {column: np.empty(n_rows, dtype=np.float64) for column in exact}
        self._text: dict[int, list[str]] = {column: [] for column in text}
        self._codes = {column: np.empty(n_rows, dtype=np.int32) for column in words}
        self._words: dict[int, dict[str, int]] = {column: {} for column in words}

    def add(self, column: int, cells: Any) -> None:
        """Take over a column of a batch, an array of Arrow's."""
        rows = slice(self.done, self.done + len(cells))
        if column in self._text:
            self._text[column] += [cell or "" for cell in cells.to_pylist()]
            return
        if column in self._codes:
            known = self._words[column]
            here = [
                known.setdefault(word or "", len(known)) for word in cells.dictionary.to_pylist()
            ]
            missing = [known.setdefault("", len(known))] if cells.null_count else []
            places = np.array([*here, *missing], dtype=np.int32)
            codes = cells.indices.fill_null(len(here)).to_numpy(zero_copy_only=False)
            self._codes[column][rows] = places[codes]
            return
        array = cells.to_numpy(zero_copy_only=False)
        if column in self._exact:
            self._exact[column][rows] = array
        with np.errstate(over="ignore"):
            for slot in self._slots.get(column, ()):
                self._numbers[rows, slot] = array

    def columns(self) -> Columns:
        """What was read."""
        return Columns(
            self._numbers[: self.done],
            {column: values[: self.done] for column, values in self._exact.items()},
            self._text,
            {
                column: (codes[: self.done], list(self._words[column]))
                for column, codes in self._codes.items()
            },
        )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in our words why a file cannot be read.

    Raises
    ------
    FormatError
        In place of the system's error.
    """
    try:
        yield
    except MouseGPTError:
        raise
    except FileNotFoundError as error:
        raise FormatError("no such file", file=path, hint="check the path") from error
    except IsADirectoryError as error:
        raise FormatError("is a folder", file=path, hint="name a file in it") from error
    except OSError as error:
        raise FormatError(
            f"cannot be read: {error.strerror or error}",
            file=path,
            hint="check that you may read it and that its disk is there",
        ) from error


def _encoding(head: bytes, path: Path) -> str:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        raise FormatError("not a text file", file=path, hint="name its format with --format")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _delimiter(lines: list[str]) -> str:
    """The separator that cuts the rows into equally many cells, and these into numbers.

    Of several, the one that cuts the most: a comma may also be the decimal mark of the cells.
    """
    last = lines[-3:]

    def score(mark: str) -> tuple[bool, float, int, bool]:
        counts = [line.count(mark) for line in last]
        cells = [cell.strip(' \t"') for line in last for cell in line.split(mark)]
        decimal = "." if mark == "," else ","
        numbers = sum(is_number(cell) or is_number(cell, decimal) for cell in cells)
        is_even = len(set(counts)) == 1 and counts[0] > 0
        return is_even, round(numbers / len(cells), 3), counts[-1], mark == ","

    best = max((";", "\t", ",", " "), key=score)
    return best if score(best)[2] > 0 else ","


def _has_decimal_commas(row: tuple[str, ...]) -> bool:
    return any("," in cell and is_number(cell, ",") for cell in row)


def _count_lines(path: Path) -> int:
    """Number of lines, at least that of rows (UTF-16's bytes give too many, never too few)."""
    lines = 1
    with reading(path), path.open("rb") as file:
        while block := file.read(1 << 22):
            lines += max(block.count(b"\n"), block.count(b"\r"))
    return lines


def _stream(
    table: TextTable,
    skip_rows: int,
    wanted: Sequence[int],
    text: Sequence[int],
    words: Sequence[int],
) -> Iterator[Any]:
    """Record batches of the columns that are wanted."""
    import pyarrow as pa
    from pyarrow import csv as pacsv

    names = [f"c{column}" for column in range(table.n_columns)]
    # Double precision first: so other formats of the same poses are rounded, too.
    kinds = dict.fromkeys((names[column] for column in wanted), pa.float64())
    kinds |= {names[column]: pa.string() for column in text}
    kinds |= {names[column]: pa.dictionary(pa.int32(), pa.string()) for column in words}
    encoding = "utf-8" if table.encoding == "utf-8-sig" else table.encoding
    reader = pacsv.open_csv(
        table.path,
        read_options=pacsv.ReadOptions(
            use_threads=False,
            block_size=_BLOCK_BYTES,
            skip_rows=skip_rows,
            column_names=names,
            encoding=encoding,
        ),
        parse_options=pacsv.ParseOptions(delimiter=table.delimiter),
        convert_options=pacsv.ConvertOptions(
            column_types=kinds,
            include_columns=[names[column] for column in wanted],
            null_values=_MISSING,
            strings_can_be_null=True,
            decimal_point=table.decimal,
        ),
    )
    with reader:
        yield from reader


def _explain(table: TextTable, skip_rows: int, numeric: set[int], message: str) -> FormatError:
    """Find the row and column that could not be read."""
    hint = "delete or mend that row; an unfinished last row is what an interrupted export leaves"
    encoding = table.encoding
    with reading(table.path), table.path.open(encoding=encoding, errors="replace", newline="") as f:
        rows = csv.reader(f, delimiter=table.delimiter)
        try:
            for row in rows:
                number = rows.line_num
                if number <= skip_rows or not row:
                    continue
                if len(row) != table.n_columns:
                    return FormatError(
                        "a row with the wrong number of cells",
                        file=table.path,
                        place=f"row {number}",
                        expected=str(table.n_columns),
                        found=str(len(row)),
                        hint=hint,
                    )
                for column in sorted(numeric):
                    if not is_number(row[column].strip(), table.decimal):
                        return FormatError(
                            "a cell that is not a number",
                            file=table.path,
                            place=f"row {number}, column {column + 1}",
                            found=repr(row[column][:40]),
                            hint=hint,
                        )
        except csv.Error as error:
            return FormatError(
                f"not a table: {error}",
                file=table.path,
                place=f"row {rows.line_num}",
                hint=SAVE_AS_CSV,
            )
    return FormatError(
        f"not a table of numbers: {message[:200]}",
        file=table.path,
        hint="open it in a table program, and save it again as csv in UTF-8",
    )
