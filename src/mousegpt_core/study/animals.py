"""The table of animals: read from whatever spreadsheet it comes in, never losing a column."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from mousegpt_core.errors import DataError, FormatError
from mousegpt_core.settings import Settings
from mousegpt_core.study.files import reading, write_atomic

#: Columns that are always there; a person may add any others.
COLUMNS = ("animal", "treatment", "sex", "age", "dose")
_TEXT = ("animal", "treatment", "sex")
_ALIASES = {
    "animal": ("animal_id", "mouse", "mouse_id", "subject", "subject_id", "id"),
    "treatment": ("group",),
}
_DELIMITERS = (",", ";", "\t")
#: A number that reads the same when written again: no leading zeros (007 is a name).
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)?(?:\.\d+)?(?:[eE][+-]?\d+)?")


class GroupRule(Settings):
    """How a group is derived from a measurement.

    With ``source_column = "immobility"`` and the values below, an animal that is immobile longer
    than the mean of the controls is "depression-like", the others are "resilient", and the
    controls stay "control".

    Attributes
    ----------
    side : str
        ``"above"`` or ``"below"`` the reference.
    reference : str
        ``"mean"`` or ``"median"`` of the reference animals.
    where, equals : str
        Reference animals: those with this value in this column.
    label : str
        Group of animals on that side.
    otherwise : str
        Group of the other animals.
    keep_reference : bool
        Whether the reference animals keep `equals` as their group.
    """

    side: Literal["above", "below"] = "above"
    reference: Literal["mean", "median"] = "mean"
    where: str = "treatment"
    equals: str = "control"
    label: str
    otherwise: str = "other"
    keep_reference: bool = True


def empty_animals() -> pd.DataFrame:
    """A table without animals."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})


def read_animals(path: Path) -> pd.DataFrame:
    """Read animals from csv (comma, semicolon or tab) or xlsx (first sheet), all as text.

    Parameters
    ----------
    path : Path
        With a first row of column names, one of them ``animal`` (or ``mouse``, ``animal_id``,
        ``subject``, ``id``). A column ``group`` is taken as treatment where there is none.

    Returns
    -------
    DataFrame
        One row an animal; the columns of `COLUMNS` first, then all others as they came.

    Raises
    ------
    DataError
        If the file cannot be read, a name repeats, or an animal is missing or there twice.
    """
    path = Path(path)
    is_book = path.suffix.lower() in (".xlsx", ".xlsm")
    rows = _xlsx_rows(path) if is_book else _csv_rows(path)
    filled = [(number, row) for number, row in rows if any(row)]
    if not filled:
        raise FormatError(
            "the table of animals is empty",
            file=path,
            expected="column names",
            hint="write a first row with the names of the columns, and one row an animal",
        )
    header = _header(filled[0][1], path)
    data = [_fit(number, row, header, path) for number, row in filled[1:]]
    frame = pd.DataFrame(data, columns=header, dtype=object)
    _check_animals(frame, [number for number, _ in filled[1:]], path)
    return _in_order(frame)


def write_animals(path: Path, animals: pd.DataFrame) -> None:
    """Replace the csv at once; a file that used semicolons keeps them."""
    delimiter = ","
    if path.exists():
        delimiter = _delimiter(_decode(path))
    stream = io.StringIO()
    animals.to_csv(stream, index=False, sep=delimiter, lineterminator="\n")
    write_atomic(path, stream.getvalue())


def merge_animals(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Put new values over old ones, animal by animal.

    Animals and columns that only one of the tables has are kept; an empty new value does not
    erase an old one.
    """
    columns = [*old.columns, *(name for name in new.columns if name not in old.columns)]
    left = old.set_index("animal").replace("", pd.NA)
    right = new.set_index("animal").replace("", pd.NA)
    index = [*left.index, *(name for name in right.index if name not in left.index)]
    left, right = (
        frame.reindex(index=index, columns=[c for c in columns if c != "animal"])
        for frame in (left, right)
    )
    merged = right.astype(object).where(right.notna(), left)
    merged = merged.astype(object).where(merged.notna(), "")
    return _in_order(merged.rename_axis("animal").reset_index().astype(object)[columns])


def set_values(animals: pd.DataFrame, animal: str, values: Mapping[str, object]) -> pd.DataFrame:
    """Set columns of one animal, which is added if need be; an empty value erases."""
    animal = animal.strip()
    if not animal:
        raise DataError("an animal needs a name", hint="give it one: --animal animal=A7")
    row = {name: _text(value) for name, value in values.items()}
    table = merge_animals(animals, pd.DataFrame([{"animal": animal, **row}], dtype=object))
    for name, value in row.items():
        table.loc[table["animal"] == animal, name] = value
    return table


def typed_animals(animals: pd.DataFrame) -> pd.DataFrame:
    """The table with numbers as numbers (empty = NaN) where a whole column reads as numbers."""
    table = animals.copy()
    for name in table.columns:
        filled = table[name][table[name] != ""]
        if name in _TEXT or filled.empty:
            continue
        if all(_NUMBER.fullmatch(value) and value.strip("+-") for value in filled):
            table[name] = pd.to_numeric(table[name].replace("", "nan"), errors="coerce")
    return table


def derive_groups(animals: pd.DataFrame, source_column: str, rule: GroupRule) -> pd.Series:
    """Groups derived from a measurement.

    Parameters
    ----------
    animals : DataFrame
        As `typed_animals` gives it.
    source_column : str
        The measurement, a column of numbers.
    rule : GroupRule
        How.

    Returns
    -------
    Series of str
        One a row; ``""`` where there is no measurement.

    Raises
    ------
    DataError
        If a column is missing or holds no numbers, or no reference animal is measured.
    """
    for name in (source_column, rule.where):
        if name not in animals.columns:
            raise DataError(
                f"the animals have no column {name!r}",
                expected=", ".join(animals.columns),
                hint="choose one of these, or add the column to animals.csv",
            )
    measured = animals[source_column]
    if not pd.api.types.is_numeric_dtype(measured.dtype):
        raise DataError(
            f"column {source_column!r} of the animals does not hold only numbers",
            hint="correct the cells that are no numbers in animals.csv",
        )
    is_reference = animals[rule.where].astype(str) == rule.equals
    values = measured[is_reference].dropna()
    if values.empty:
        raise DataError(
            f"no animal with {rule.where} = {rule.equals!r} has a value of {source_column!r}",
            found=", ".join(sorted(set(animals[rule.where].astype(str)))),
            hint="choose a group that has measured animals",
        )
    limit = values.mean() if rule.reference == "mean" else values.median()
    hit = measured > limit if rule.side == "above" else measured < limit
    group = pd.Series(rule.otherwise, index=animals.index, dtype=object)
    group[hit] = rule.label
    group[measured.isna()] = ""
    if rule.keep_reference:
        group[is_reference] = rule.equals
    return group


def _csv_rows(path: Path) -> list[tuple[int, list[str]]]:
    text = _decode(path)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True))
    except csv.Error as error:
        raise FormatError(
            f"not a csv table: {error}", file=path, hint="save it again as csv in UTF-8, or as xlsx"
        ) from error
    return [(number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 1)]


def _decode(path: Path) -> str:
    with reading(path):
        data = path.read_bytes()
    if b"\x00" in data:
        raise FormatError("not a csv table", file=path, hint="save it as csv (UTF-8) or xlsx")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")  # spreadsheets of older Windows


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=header.count)


def _xlsx_rows(path: Path) -> list[tuple[int, list[str]]]:
    import zipfile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    with reading(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about formats of cells, which do not matter here
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                sheet = book.worksheets[0]
                return [
                    (number, [_text(cell) for cell in row])
                    for number, row in enumerate(sheet.iter_rows(values_only=True), 1)
                ]
            finally:
                book.close()
        except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError) as error:
            raise FormatError(
                "not an xlsx table", file=path, hint="save it anew as xlsx or csv"
            ) from error


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _header(row: list[str], path: Path) -> list[str]:
    while row and not row[-1]:
        row = row[:-1]
    names = [name.lower() if name.lower() in COLUMNS else name for name in row]
    for target, aliases in _ALIASES.items():
        lower = [name.lower() for name in names]
        alias = next((name for name in aliases if name in lower), None)
        if target not in names and alias is not None:
            names[lower.index(alias)] = target
    repeated = sorted({name for name in names if names.count(name) > 1})
    if "" in names or repeated:
        raise FormatError(
            "every column needs a name of its own", file=path, place="first row",
            found=f"twice: {', '.join(repeated)}" if repeated else "a column without a name",
            hint="rename the columns in the first row",
        )  # fmt: skip
    if "animal" not in names:
        raise FormatError(
            "no column 'animal'",
            file=path,
            place="first row",
            expected="animal, treatment, sex, age, dose and any others",
            found=", ".join(names),
            hint="name the column of the animals `animal`",
        )
    return names


def _fit(number: int, row: list[str], header: list[str], path: Path) -> list[str]:
    if any(row[len(header) :]):
        raise FormatError(
            "more values than columns",
            file=path,
            place=f"row {number}",
            expected=str(len(header)),
            found=str(len(row)),
            hint="put values that contain the delimiter in quotes",
        )
    return (row + [""] * len(header))[: len(header)]


def _check_animals(frame: pd.DataFrame, numbers: list[int], path: Path) -> None:
    for number, name in zip(numbers, frame["animal"], strict=True):
        if not name:
            raise FormatError(
                "an animal without a name",
                file=path,
                place=f"row {number}",
                hint="fill in the column `animal`, or delete the row",
            )
    twice = frame["animal"].duplicated()
    if twice.any():
        position = int(twice.to_numpy().argmax())
        raise FormatError(
            f"animal {frame['animal'].iloc[position]!r} is there twice",
            file=path,
            place=f"row {numbers[position]}",
            hint="one row an animal: delete or rename one of the two",
        )


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """All of `COLUMNS`; a person's order of columns is kept."""
    for name in COLUMNS:
        if name not in frame.columns:
            frame = frame.assign(**{name: pd.Series("", index=frame.index, dtype=object)})
    return frame
