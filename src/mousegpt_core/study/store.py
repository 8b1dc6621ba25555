"""Derived results: immutable, named by the hash of how they were made, valid by the manifest."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import xarray as xr

from mousegpt_core.errors import DataError, StageMissingError
from mousegpt_core.study.arrays import CHUNK, open_zarr, slices, write_zarr
from mousegpt_core.study.files import remove, sync_path, sync_tree, validate_name, writing
from mousegpt_core.study.locks import Leases
from mousegpt_core.study.manifest import (
    Entry,
    Kind,
    Manifest,
    Provenance,
    read_manifest,
    write_manifest,
)
from mousegpt_core.study.tables import read_parquet, write_parquet

_SUFFIX: dict[Kind, str] = {"dataset": ".zarr", "table": ".parquet", "files": ".folder"}
_RESULT = re.compile(r".+-[0-9a-f]{12}(-\d+)?\.(zarr|parquet|folder)")
#: Stages that are not made by a command of their own name.
_VERBS = {
    "silhouettes": "kinematics",
    "poses2d": "kinematics",
    "poses3d": "kinematics",
    "ethogram": "describe",
    "activities": "describe",
    "asked": "describe",
    "clips": "describe",
    "descriptions": "describe",
    "models": "embed",
    "vectors": "embed",
    "labels": "classify",
    "bouts": "classify",
}
_MANIFEST, _MANIFEST_LOCK = "manifest.json", ".manifest"
_LEFTOVER = (".writing-", ".trash-")
#: Other small files are replaced without a lock of ours; what is older was left by a kill.
_SMALL_FILE_S = 3600.0


class ResultStore:
    """The results of one recording, or of the study as a whole.

    A result is written under a hidden name, brought to the disk, renamed, and only then named in
    ``manifest.json``, which is replaced at once. A process killed at any moment leaves the result
    of before or of after.

    Parameters
    ----------
    folder : Path
        Where results and manifest lie.
    owner : str
        What the folder is, for messages.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self.root = Path(folder)
        self.owner = owner
        self._leases = Leases(self.root, owner)
        self._manifest_path = self.root / _MANIFEST

    def lease(self, stage: str, *, timeout: float = 0.0) -> AbstractContextManager[None]:
        """Hold the right to work on a stage; it ends with the process that holds it.

        Raises
        ------
        StudyLockedError
            If another process or thread has it after `timeout` seconds.
        """
        return self._leases.lease(_check_stage(stage), timeout=timeout)

    def stages(self) -> list[str]:
        """Stages that have a result."""
        return sorted(self._manifest().stages)

    def entry(self, stage: str) -> Entry | None:
        """What the manifest says of a stage, or None."""
        return self._manifest().stages.get(stage)

    def is_current(self, provenance: Provenance) -> bool:
        """Whether the result of this stage was made in exactly this way and is whole."""
        entry = self.entry(provenance.stage)
        return entry is not None and entry.key == provenance.key and self._is_whole(entry)

    def write_dataset(
        self, provenance: Provenance, dataset: xr.Dataset, *, dim: str = "time"
    ) -> Entry:
        """Write a Dataset, lazy or not, streaming it along `dim`."""
        return self.write_blocks(provenance, slices(dataset, dim), dim=dim)

    def write_blocks(
        self,
        provenance: Provenance,
        blocks: Iterable[xr.Dataset],
        *,
        dim: str = "time",
        chunk: int = CHUNK,
        shard: int = 0,
    ) -> Entry:
        """Write consecutive blocks of any length as one Dataset, in the memory of one block.

        Pictures need a smaller `chunk`, and a `shard` that makes one file of many (`write_zarr`).

        Raises
        ------
        DataError
            If there is no block or the blocks do not fit each other.
        StudyLockedError
            If another process works on this stage.
        """
        return self._publish(
            provenance,
            "dataset",
            lambda path: write_zarr(path, blocks, dim, chunk=chunk, shard=shard),
        )

    def write_table(self, provenance: Provenance, frame: pd.DataFrame) -> Entry:
        """Write a table; its index is not kept."""
        return self.write_table_blocks(provenance, [frame])

    def write_table_blocks(self, provenance: Provenance, frames: Iterable[pd.DataFrame]) -> Entry:
        """Write consecutive frames with the same columns as one table."""
        return self._publish(provenance, "table", lambda path: write_parquet(path, frames))

    def write_files(self, provenance: Provenance, writer: Callable[[Path], None]) -> Entry:
        """Write a folder of files (a model): `writer` fills the empty folder it is given."""

        def fill(path: Path) -> None:
            path.mkdir()
            writer(path)

        return self._publish(provenance, "files", fill)

    def read_dataset(self, stage: str) -> xr.Dataset:
        """Open a Dataset lazily (dask).

        Raises
        ------
        StageMissingError
            If the stage has no result.
        DataError
            If the result has lost files.
        """
        return open_zarr(self._find(stage, "dataset"))

    def read_table(self, stage: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a table, or some of its columns; raises as `read_dataset` does."""
        return read_parquet(self._find(stage, "table"), columns)

    def folder(self, stage: str) -> Path:
        """The folder of files of a stage; raises as `read_dataset` does."""
        return self._find(stage, "files")

    def sweep(self) -> list[Path]:
        """Delete what no manifest names: replaced results and leftovers of killed writers.

        Nothing is deleted while anyone holds a lease.

        Returns
        -------
        list of Path
            What was deleted.
        """
        # With the lock that every change of the manifest takes, none is being written now.
        with self._leases.alone() as alone, self._leases.short(_MANIFEST_LOCK):
            if not alone:
                return []
            return [path for path in list(self._deletable()) if _delete(path)]

    def _manifest(self) -> Manifest:
        return read_manifest(self._manifest_path)

    def _publish(self, provenance: Provenance, kind: Kind, write: Callable[[Path], None]) -> Entry:
        with self.lease(provenance.stage), writing(self.root):
            target = self._free_target(provenance, kind)
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".writing-{target.name}")
            remove(temporary)
            try:
                write(temporary)
                sync_tree(temporary)
                os.rename(temporary, target)
            except BaseException:
                remove(temporary)
                raise
            for folder in {target.parent, self.root}:
                sync_path(folder)
            entry = Entry(
                file=target.relative_to(self.root).as_posix(),
                kind=kind,
                key=provenance.key,
                provenance=provenance,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                size=_size(target),
            )
            self._switch(provenance.stage, entry)
        return entry

    def _switch(self, stage: str, entry: Entry) -> None:
        # Other stages of the same folder switch too, each under its own lease.
        with self._leases.short(_MANIFEST_LOCK):
            stages = {**self._manifest().stages, stage: entry}
            write_manifest(self._manifest_path, Manifest(stages=stages))

    def _free_target(self, provenance: Provenance, kind: Kind) -> Path:
        """A path for a new result; never that of the valid one, which others may be reading."""
        current = self.entry(provenance.stage)
        base = f"{provenance.stage}-{provenance.key}"
        for number in range(1, 1000):
            name = f"{base}{'' if number == 1 else f'-{number}'}{_SUFFIX[kind]}"
            path = self.root / name
            if current is not None and current.file == name:
                continue
            # Under the lease, anything of this name is an orphan.
            if not path.exists() or _delete(path):
                return path
        raise DataError(
            "old results cannot be deleted",
            file=self.root / base,
            hint="close programs that have them open, then run it again",
        )

    def _find(self, stage: str, kind: Kind) -> Path:
        entry = self.entry(stage)
        if entry is not None and not (self.root / entry.file).exists():
            entry = self.entry(stage)  # replaced and swept in this instant
        if entry is None:
            raise StageMissingError(
                f"{self.owner}: there is no result of the stage {stage!r} yet",
                hint=f"run `mousegpt {_verb(stage)}` first",
            )
        path = self.root / entry.file
        if entry.kind != kind:
            raise DataError(
                f"the stage {stage!r} is not of this kind",
                file=path,
                expected=kind,
                found=entry.kind,
                hint="run `mousegpt run` again to make it anew",
            )
        if not self._is_whole(entry):
            raise DataError(
                "the result has lost files",
                file=path,
                hint=f"run `mousegpt {_verb(stage)}` again to make it anew",
            )
        return path

    def _is_whole(self, entry: Entry) -> bool:
        path = self.root / entry.file
        return path.exists() and _size(path) == entry.size

    def _deletable(self) -> Iterator[Path]:
        """Results and leftovers beside the valid ones; a person's own folders are not entered."""
        named = {self.root / entry.file for entry in self._manifest().stages.values()}
        for folder in sorted({self.root, *(path.parent for path in named)}):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                ours = _RESULT.fullmatch(path.name) or _is_leftover(path)
                if ours and path not in named:
                    yield path


def _verb(stage: str) -> str:
    """The command that makes the result of a stage."""
    kind = stage.partition("/")[0]
    return _VERBS.get(kind, kind)


def _check_stage(stage: str) -> str:
    for part in stage.split("/"):
        validate_name(part, "stage")
    return stage


def _is_leftover(path: Path) -> bool:
    if not path.name.startswith(_LEFTOVER):
        return False
    of_what = path.name.partition("-")[2]
    locked = _RESULT.fullmatch(of_what) or of_what.startswith(_MANIFEST)
    return bool(locked) or time.time() - path.stat().st_mtime > _SMALL_FILE_S


def _size(path: Path) -> int:
    """Bytes of a file, or number of files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(len(names) for _, _, names in os.walk(path))


def _delete(path: Path) -> bool:
    """Delete by renaming first: whoever still reads it gets an error instead of missing chunks."""
    trash = path
    if not path.name.startswith(_LEFTOVER):
        trash = path.with_name(f".trash-{path.name}")
        remove(trash)
        try:
            os.rename(path, trash)
        except OSError:  # open in another program on Windows: stays until the next sweep
            return False
    remove(trash)
    return not trash.exists()
