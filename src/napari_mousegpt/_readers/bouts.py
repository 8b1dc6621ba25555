"""Tables of bouts, labels and descriptions as an ethogram, as `mousegpt export` writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mousegpt_core.errors import DataError
from napari_mousegpt.arriving import arrived_or_none, meanwhile

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.layers import LayerTuple

    Reader = Callable[[str | list[str]], list[LayerTuple]]

_WHEN = ("recording", "start_s", "stop_s")
#: Columns in which animals are called; of labels, those of a clip together.
_WHOSE = ("individual", "individuals")
#: Columns that tell the behaviour, the better ones first.
_WHAT = ("name", "behaviour_id", "label")
_DESCRIPTION = "overall"
_MOST_HEADER = 10_000


def get_reader(path: str | list[str]) -> Reader | None:
    """A reader for a table of `mousegpt export STUDY bouts | labels | descriptions`, else None."""
    if not isinstance(path, str):
        return None
    file = Path(path)
    columns = meanwhile(lambda: _columns(file), f"Looking into {file.name}")
    whose = set(_WHOSE) & set(columns)
    return read if set(_WHEN) <= set(columns) and whose and set(_WHAT) & set(columns) else None


def read(path: str | list[str]) -> list[LayerTuple]:
    """Read bouts, labels or descriptions.

    Raises
    ------
    DataError
        If the table cannot be read.
    """
    file = Path(path if isinstance(path, str) else path[0])
    return arrived_or_none(lambda: [_ethogram(file)], f"Reading {file.name}")


def _ethogram(file: Path) -> LayerTuple:
    import pandas as pd

    from napari_mousegpt.ethogram_image import ethogram_layer

    try:
        table = _table(file)
        told = {
            "recording": table["recording"],
            "individual": _first(table, _WHOSE),
            "start_s": table["start_s"].astype(float),
            "stop_s": table["stop_s"].astype(float),
            "behaviour": _first(table, _WHAT),
        }
    except (OSError, ValueError) as error:
        raise DataError(
            f"not a table of bouts: {error}", file=file, hint="export it again"
        ) from error
    if _DESCRIPTION in table:
        told["description"] = table[_DESCRIPTION]
    return ethogram_layer(pd.DataFrame(told), name=file.stem)


def _columns(file: Path) -> Sequence[str]:
    """Names of the columns; none where it is no table."""
    import pyarrow
    import pyarrow.parquet

    try:
        if file.suffix.lower() == ".parquet":
            return list(pyarrow.parquet.read_schema(file).names)
        with file.open(encoding="utf-8") as text:
            return text.readline(_MOST_HEADER).strip().split(",")
    except (OSError, UnicodeDecodeError, pyarrow.ArrowInvalid):
        return []


def _table(file: Path) -> pd.DataFrame:
    import pandas as pd

    if file.suffix.lower() == ".parquet":
        return pd.read_parquet(file)
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def _first(table: pd.DataFrame, columns: Sequence[str]) -> pd.Series[str]:
    found = next(column for column in columns if column in table)
    return table[found].fillna("").astype(str)
