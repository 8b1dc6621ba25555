"""Tables of bouts as an ethogram: a row an animal, a column a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from mousegpt_core.clips import BOUTS
from mousegpt_core.errors import DataError
from napari_mousegpt.layers import LayerTuple, ethogram_layer

Reader = Callable[[str | list[str]], list[LayerTuple]]


def get_reader(path: str | list[str]) -> Reader | None:
    """A reader for a csv of bouts as `mousegpt export STUDY bouts` writes it, else None."""
    if not isinstance(path, str):
        return None
    try:
        with Path(path).open(encoding="utf-8") as file:
            header = file.readline(1000).strip().split(",")
    except (OSError, UnicodeDecodeError):
        return None
    return read if set(BOUTS.columns) <= set(header) else None


def read(path: str | list[str]) -> list[LayerTuple]:
    """Read bouts.

    Raises
    ------
    DataError
        If the table cannot be read.
    """
    file = Path(path if isinstance(path, str) else path[0])
    text = {name: str for name, kind in BOUTS.columns.items() if kind == "str"}
    try:
        bouts = pd.read_csv(file, dtype=text, keep_default_na=False, na_values={"score": [""]})
    except (OSError, ValueError) as error:
        raise DataError(
            f"not a table of bouts: {error}", file=file, hint="export it again"
        ) from error
    return [ethogram_layer(bouts, name=file.stem)]
