"""The log of a recording: paid answers and judgements, human edits, which cannot be made again.

SQLite, append-only (triggers refuse changes), ``journal_mode=TRUNCATE``, ``synchronous=FULL``.
Every call is one short transaction on a connection of its own, so that it can be used from any
thread, and a long job does not stop a person who edits.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.clips import (
    ANSWERS,
    EDITS,
    JUDGEMENTS,
    TableSchema,
    make_table,
    validate_table,
)
from mousegpt_core.errors import DataError, MouseGPTError, StudyLockedError
from mousegpt_core.study.files import remove, replace, sync_path, writing

_TABLES = (ANSWERS, EDITS, JUDGEMENTS)
_SQL_TYPES = {"str": "TEXT", "float": "REAL", "int": "INTEGER"}
_LOG_VERSION = 1
_PATIENCE_S = 20.0
#: Columns that say when a row was written, not what it says.
_OCCASION = {
    "answers": ("run_id", "created"),
    "edits": ("when",),
    "judgements": ("run_id", "created"),
}
_ROWS_PER_QUERY = 500
#: Kind of the edits that take others back.
_TAKEN_BACK = "edit"


class Log:
    """Append-only record of answers and edits; the file comes with the first row.

    Parameters
    ----------
    path : Path
        ``log.sqlite``.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def add_answers(self, rows: pd.DataFrame) -> int:
        """Append answers; rows that are there already are passed over.

        Parameters
        ----------
        rows : DataFrame
            Table `clips.ANSWERS`.

        Returns
        -------
        int
            Number of rows that were new.

        Raises
        ------
        DataError
            If an ``answer_id`` is there with another content; then nothing is added.
        StudyLockedError
            If another process writes for longer than 20 s.
        """
        return self._add(ANSWERS, rows)

    def answers(
        self, columns: Sequence[str] = (), **filters: str | int | Sequence[str]
    ) -> pd.DataFrame:
        """Answers in the order in which they came.

        Parameters
        ----------
        columns : sequence of str
            Only these, which saves memory where there are many texts; all if not given.
        **filters
            Column to the value, or the list of values, that it must have.
        """
        return self._read(ANSWERS, filters, columns)

    def add_judgements(self, rows: pd.DataFrame) -> int:
        """Append judgements of answers; as `add_answers`.

        Parameters
        ----------
        rows : DataFrame
            Table `clips.JUDGEMENTS`.
        """
        return self._add(JUDGEMENTS, rows)

    def judgements(
        self, columns: Sequence[str] = (), **filters: str | int | Sequence[str]
    ) -> pd.DataFrame:
        """Judgements in the order in which they came; as `answers`."""
        return self._read(JUDGEMENTS, filters, columns)

    def add_edit(
        self,
        target_kind: str,
        target_id: str,
        field: str,
        new: str,
        *,
        old: str = "",
        who: str = "",
        edit_id: str | None = None,
    ) -> str:
        """Append one edit and return its id.

        Parameters
        ----------
        target_kind : str
            What is edited: ``"description"``, ``"bout"``, ``"label"``, ...
        target_id : str
            Key of the edited row.
        field, new, old : str
            Column, its new value and the one the person saw.
        who : str
            Who edits.
        edit_id : str, optional
            Give the same id again to repeat a call safely.
        """
        edit_id = edit_id or uuid.uuid4().hex
        row = {
            "edit_id": edit_id,
            "target_kind": target_kind,
            "target_id": target_id,
            "field": field,
            "old": old,
            "new": new,
            "who": who,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._add(EDITS, make_table(EDITS, row, length=1))
        return edit_id

    def take_back(self, edit_id: str, *, who: str = "") -> None:
        """Take an edit back: it counts no more, and what was before it holds again."""
        self.add_edit(_TAKEN_BACK, edit_id, "", "", who=who)

    def edits(self, target_kind: str | None = None) -> pd.DataFrame:
        """Edits in the order in which they came: the newest is last, whatever the clocks say.

        Parameters
        ----------
        target_kind : str, optional
            Only those of this kind that were not taken back; by default all that was ever done.
        """
        if target_kind is None:
            return self._read(EDITS, {})
        rows = self._read(EDITS, {"target_kind": [target_kind, _TAKEN_BACK]})
        undone = rows["target_kind"] == _TAKEN_BACK
        stands = ~undone & ~rows["edit_id"].isin(rows.loc[undone, "target_id"])
        return rows[stands].reset_index(drop=True)

    def backup(self, path: Path) -> None:
        """Copy the log, whole at one moment, even while others write to it.

        Raises
        ------
        DataError
            If there is no log yet.
        """
        path = Path(path)
        if not self.path.exists():
            raise DataError(
                "there is no log yet",
                file=self.path,
                hint="nothing was edited or answered yet, so there is nothing to copy",
            )
        temporary = path.with_name(f".writing-{path.name}")
        with writing(path), self._connect() as source:
            remove(temporary)
            try:
                target = sqlite3.connect(temporary)
                try:
                    source.backup(target)
                finally:
                    target.close()
                sync_path(temporary)
                replace(temporary, path)
            except BaseException:
                remove(temporary)
                raise
            sync_path(path.parent)

    def _add(self, schema: TableSchema, rows: pd.DataFrame) -> int:
        rows = validate_table(schema, rows)
        if rows.empty:
            return 0
        names = ", ".join(f'"{name}"' for name in schema.columns)
        marks = ", ".join("?" * len(schema.columns))
        with self._connect(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            _create_tables(connection)
            added = connection.executemany(
                f"INSERT OR IGNORE INTO {schema.name} ({names}) VALUES ({marks})", _records(rows)
            ).rowcount
            if added < len(rows):
                there = _select(connection, schema, {schema.key[0]: list(rows[schema.key[0]])})
                _refuse_changes(schema, there, rows, self.path)  # closing then undoes all
            connection.execute("COMMIT")
            return int(added)

    def _read(
        self, schema: TableSchema, filters: Mapping[str, Any], columns: Sequence[str] = ()
    ) -> pd.DataFrame:
        unknown = sorted({*filters, *columns} - set(schema.columns))
        if unknown:
            raise DataError(
                f"table {schema.name} has no column {', '.join(unknown)}",
                expected=", ".join(schema.columns),
                hint="choose a column of the table",
            )
        schema = _with_columns(schema, columns)
        if not self.path.exists():
            return make_table(schema, {}, length=0)
        with self._connect() as connection:
            return _select(connection, schema, filters)

    @contextmanager
    def _connect(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = None
        try:
            connection = self._open("rwc" if create else "rw")
            yield connection
        except sqlite3.Error as error:
            raise self._explain(error) from error
        except UnicodeEncodeError as error:
            raise DataError(
                f"text cannot be stored: {error}",
                file=self.path,
                hint="take the characters out that are not text",
            ) from error
        finally:
            if connection is not None:
                connection.close()

    def _open(self, mode: str) -> sqlite3.Connection:
        # Reading needs to write where a killed writer left a journal to be rolled back.
        uri = f"{self.path.resolve().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE_S, isolation_level=None)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] > _LOG_VERSION:
                raise DataError(
                    "the log is of a newer version of the program",
                    file=self.path,
                    hint="update mousegpt",
                )
            if mode == "rwc":
                connection.execute("PRAGMA journal_mode=TRUNCATE")
            connection.execute("PRAGMA synchronous=FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _explain(self, error: sqlite3.Error) -> MouseGPTError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StudyLockedError(
                f"{self.path}: another process is writing to it",
                hint="try again when it has finished; nothing is damaged",
            )
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return DataError(
                f"the log is damaged: {error}",
                file=self.path,
                hint="put it aside (do not delete it) and restore a backup",
            )
        if code == sqlite3.SQLITE_CANTOPEN:
            return MouseGPTError(
                f"{self.path}: {error}",
                hint="check that the folder is there and writable, and that you may read the file",
            )
        return MouseGPTError(
            f"{self.path}: {error}",
            hint="check that the folder is writable and the disk is not full",
        )


def _with_columns(schema: TableSchema, columns: Sequence[str]) -> TableSchema:
    """The table with only some of its columns, its key among them."""
    if not columns:
        return schema
    wanted = {*schema.key, *columns}
    chosen = {name: kind for name, kind in schema.columns.items() if name in wanted}
    return TableSchema(schema.name, chosen, schema.key)


def _create_tables(connection: sqlite3.Connection) -> None:
    for schema in _TABLES:
        columns = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in schema.columns.items())
        key = ", ".join(f'"{name}"' for name in schema.key)
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {schema.name} ({columns}, PRIMARY KEY ({key}))"
        )
        for verb in ("UPDATE", "DELETE"):
            connection.execute(
                f"CREATE TRIGGER IF NOT EXISTS {schema.name}_no_{verb.lower()} "
                f"BEFORE {verb} ON {schema.name} "
                "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
            )
    connection.execute(f"PRAGMA user_version={_LOG_VERSION}")


def _select(
    connection: sqlite3.Connection, schema: TableSchema, filters: Mapping[str, Any]
) -> pd.DataFrame:
    """Rows with these values, in the order in which they came."""
    known = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type='table' AND name=?", (schema.name,)
    ).fetchone()[0]
    if not known:  # a writer was killed between making the file and its tables
        return make_table(schema, {}, length=0)
    choices = {
        name: [value] if isinstance(value, str | int) else list(value)
        for name, value in filters.items()
    }
    longest = max(choices, key=lambda name: len(choices[name]), default="")
    found: list[tuple[Any, ...]] = []
    for part in _parts(choices.get(longest)):
        wanted = {**choices, **({} if part is None else {longest: part})}
        where = " AND ".join(
            f'"{name}" IN ({", ".join("?" * len(values))})' for name, values in wanted.items()
        )
        names = ", ".join(f'"{name}"' for name in schema.columns)
        query = f"SELECT rowid, {names} FROM {schema.name}" + (f" WHERE {where}" if where else "")
        values = [value for values in wanted.values() for value in values]
        found += connection.execute(query, values).fetchall()
    found.sort(key=lambda row: row[0])
    columns = list(zip(*found, strict=True))[1:] if found else [()] * len(schema.columns)
    data = dict(zip(schema.columns, map(list, columns), strict=True))
    return validate_table(schema, make_table(schema, data, length=len(found)))


def _parts(values: list[Any] | None) -> Iterator[list[Any] | None]:
    """Lists short enough for one query; None, once, where there is no list."""
    if values is None:
        yield None
        return
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), _ROWS_PER_QUERY):
        yield unique[start : start + _ROWS_PER_QUERY]


def _refuse_changes(schema: TableSchema, old: pd.DataFrame, new: pd.DataFrame, path: Path) -> None:
    """Raise if a row that is there would get another content."""
    key = list(schema.key)
    compared = [name for name in schema.columns if name not in _OCCASION[schema.name]]
    both = old[compared].merge(new[compared], on=key, suffixes=("_old", "_new"))
    for name in (name for name in compared if name not in key):
        before, after = both[f"{name}_old"], both[f"{name}_new"]
        differs = ((before != after) & ~(before.isna() & after.isna())).to_numpy()
        if differs.any():
            row = both[differs].iloc[0]
            raise DataError(
                f"table {schema.name} has another {name} for {schema.key[0]} {row[key[0]]!r}",
                file=path,
                expected=repr(row[f"{name}_old"]),
                found=repr(row[f"{name}_new"]),
                hint="the log is append-only: give the new row a key of its own",
            )


def _records(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    columns = []
    for name in rows.columns:
        values = rows[name].tolist()
        if rows[name].dtype == np.float64:
            values = [None if value != value else value for value in values]
        columns.append(values)
    return list(zip(*columns, strict=True))
