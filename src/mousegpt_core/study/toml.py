"""TOML that a person edits: our changes keep their comments, order and other keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from mousegpt_core.errors import SettingsError
from mousegpt_core.settings import read_toml
from mousegpt_core.study.files import reading, write_atomic


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file as plain values.

    Raises
    ------
    SettingsError, DataError
        If it is not TOML, or cannot be read.
    """
    with reading(path):
        return read_toml(path)


@contextmanager
def edit_toml(path: Path) -> Iterator[tomlkit.TOMLDocument]:
    """Change a TOML file: the document is written back, at once, if it was changed.

    Raises
    ------
    SettingsError, DataError
        If it is not TOML, or cannot be read.
    """
    load_toml(path)  # says what is wrong, if anything is
    before = path.read_bytes().decode("utf-8")
    try:
        document = tomlkit.parse(before)
    except TOMLKitError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}", hint="mend that line") from error
    yield document
    after = tomlkit.dumps(document)
    if after != before:
        write_atomic(path, after)


def merge_into(table: Any, values: Mapping[str, Any], *, only_these: bool = False) -> None:
    """Bring a TOML table to these values, touching only what differs.

    Parameters
    ----------
    table : tomlkit table or document
        Changed in place.
    values : Mapping
        Plain values, tables and lists of tables.
    only_these : bool
        Whether keys that are not among the values are removed, here and in sub-tables.
    """
    for key, value in values.items():
        old = table.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            merge_into(old, value, only_these=only_these)
        elif _are_tables(value) and _are_tables(old) and len(value) == len(old):
            for part, new in zip(old, value, strict=True):
                merge_into(part, new, only_these=only_these)
        elif old != value or isinstance(old, bool) != isinstance(value, bool):
            table[key] = _item(value)
    if only_these:
        for key in [key for key in table if key not in values]:
            del table[key]


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, Mapping) for part in value)


def _item(value: Any) -> Any:
    """Lists of tables as ``[[name]]``, tables as ``[name]``."""
    if isinstance(value, Mapping):
        table = tomlkit.table()
        for key, part in value.items():
            table[key] = _item(part)
        return table
    if isinstance(value, list) and value and _are_tables(value):
        tables = tomlkit.aot()
        for part in value:
            tables.append(_item(part))
        return tables
    return tomlkit.item(value)
