"""Files of a data set for training: rows for ms-swift, or a folder for Hugging Face `datasets`."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar, Self

from mousegpt_core.describe.training_rows import (
    TrainingRow,
    hub_row,
    hub_schema,
    swift_row,
)
from mousegpt_core.errors import DataError
from mousegpt_core.language import Picture
from mousegpt_core.settings import content_hash
from mousegpt_core.study.files import remove, replace, sync_path, sync_tree, writing

#: What a folder must hold to be taken for a data set of ours.
SUMMARY = "dataset.json"
CARD = "README.md"
#: Rows and bytes of pictures that are written at once, and bytes of a file.
_ROWS, _BYTES, _FILE_BYTES = 200, 8 << 20, 400 << 20


@contextmanager
def new_folder(folder: Path, *, overwrite: bool, marker: str = SUMMARY) -> Iterator[Path]:
    """A folder to fill, which becomes `folder` when it is whole; what a kill left is cleared away.

    Parameters
    ----------
    folder : Path
        Where it is to be.
    overwrite : bool
        Whether one that is there may be replaced; nothing else ever is.
    marker : str
        A file that such a folder has.

    Raises
    ------
    DataError
        If there is something already.
    """
    partial, old = (folder.with_name(f".{mark}-{folder.name}") for mark in ("writing", "trash"))
    ours = (folder / marker).is_file()
    if folder.exists() and not (overwrite and ours):
        raise DataError(
            "there is one already" if ours else "there is something else already",
            file=folder,
            hint="--overwrite to replace it, or --out FOLDER" if ours else "name another: --out",
        )
    with writing(folder):
        remove(partial)
        partial.mkdir(parents=True)
        try:
            yield partial
            sync_tree(partial)
            remove(old)
            if folder.exists():
                replace(folder, old)
            replace(partial, folder)
        except BaseException:
            if old.exists() and not folder.exists():
                replace(old, folder)
            remove(partial)
            raise
        sync_path(folder.parent)
        remove(old)


class RowWriter(ABC):
    """Writes rows one by one, in constant memory.

    Parameters
    ----------
    folder : Path
        Empty.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def write(self, part: str, row: TrainingRow, encoded: Sequence[bytes]) -> None:
        """Write a row of ``"train"`` or ``"test"``; its pictures as they are sent to a model."""

    @abstractmethod
    def close(self) -> None:
        """Write what waits."""


class SwiftWriter(RowWriter):
    """``PART.jsonl`` for ms-swift, ``PART-facts.jsonl`` with as many lines, and ``images/``."""

    name = "swift"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._files: dict[str, IO[str]] = {}

    def write(self, part: str, row: TrainingRow, encoded: Sequence[bytes]) -> None:
        """Write a row, and those of its pictures that no row before had."""
        names = [picture_name(each) for each in row.pictures]
        for name, data in zip(names, encoded, strict=True):
            file = self.folder / name
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
        self._line(part, swift_row(row, names))
        self._line(f"{part}-facts", row.facts)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _line(self, name: str, value: Mapping[str, Any]) -> None:
        if name not in self._files:
            path = self.folder / f"{name}.jsonl"
            self._files[name] = path.open("w", encoding="utf-8", newline="\n")
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        self._files[name].write(text + "\n")


class HubWriter(RowWriter):
    """``data/PART-NNNNN.parquet`` with the pictures inside."""

    name = "hub"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._schema = hub_schema()
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._part = ""
        self._count = 0
        self._file: Any = None
        self._file_bytes = 0

    def write(self, part: str, row: TrainingRow, encoded: Sequence[bytes]) -> None:
        """Keep a row until there are enough of them; those of one part come together."""
        if part != self._part:
            self.close()
            self._part, self._count = part, 0
        names = [Path(picture_name(each)).name for each in row.pictures]
        self._rows.append(hub_row(row, names, encoded))
        self._bytes += sum(map(len, encoded))
        if len(self._rows) >= _ROWS or self._bytes >= _BYTES:
            self._flush()

    def close(self) -> None:
        """Write what waits, and end the file."""
        self._flush()
        if self._file is not None:
            self._file.close()
        self._file, self._file_bytes = None, 0

    def _flush(self) -> None:
        if not self._rows:
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._file_bytes >= _FILE_BYTES:
            self._file.close()
            self._file, self._file_bytes = None, 0
        if self._file is None:
            path = self.folder / "data" / f"{self._part}-{self._count:05d}.parquet"
            path.parent.mkdir(exist_ok=True)
            self._file = pq.ParquetWriter(path, self._schema, compression="zstd")
            self._count += 1
        self._file.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._file_bytes += self._bytes
        self._rows, self._bytes = [], 0


def picture_name(picture: Picture) -> str:
    """Path of a picture in a data set: equal pictures are one file."""
    mark = content_hash(picture.shows, length=20)
    return f"images/{mark[:2]}/{mark}.{picture.ending}"


#: Layouts that are written.
WRITERS: dict[str, type[RowWriter]] = {each.name: each for each in (SwiftWriter, HubWriter)}
