"""Studies of older formats are brought to the present one, at once and with a backup.

A migration reads a study and writes only the files it changes, under the same relative paths,
into a staging folder. When all of them have run, the staged files are on the disk and the old
ones are backed up, a marker makes the change final; a process killed before it leaves the old
study, one killed after it is finished when the study is next opened.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomlkit

from mousegpt_core.errors import DataError, SettingsError, StudyLockedError
from mousegpt_core.study.files import remove, replace, sync_path, sync_tree, write_atomic, writing
from mousegpt_core.study.locks import Leases

FORMAT_VERSION = 1
#: From a version to the next: ``migration(study, staging)``.
MIGRATIONS: dict[int, Callable[[Path, Path], None]] = {}

_STAGING = ".migration"
_READY = "ready.json"


def check_version(values: Mapping[str, Any], path: Path) -> int:
    """The ``format_version`` of a study.

    Raises
    ------
    SettingsError
        If it is missing, or newer than this program.
    """
    version = values.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise SettingsError(
            f"{path}: format_version must be a whole number (found {version!r})",
            hint=f"a study of this program has format_version = {FORMAT_VERSION}",
        )
    if version > FORMAT_VERSION:
        raise SettingsError(
            f"{path}: the study has format {version}, this program knows up to {FORMAT_VERSION}",
            hint="update: pip install --upgrade napari-mousegpt",
        )
    return version


def migrate(
    study: Path,
    version: int,
    *,
    target: int = FORMAT_VERSION,
    migrations: Mapping[int, Callable[[Path, Path], None]] | None = None,
) -> None:
    """Bring a study from a version of the format to a newer one.

    Parameters
    ----------
    study : Path
        Folder of the study.
    version, target : int
        From and to.
    migrations : Mapping, optional
        By default `MIGRATIONS`.

    Raises
    ------
    StudyLockedError
        If someone works on the study.
    DataError
        If a step is missing.
    """
    if version == target:
        return
    steps = MIGRATIONS if migrations is None else migrations
    with Leases(study, "study").short(".study"):
        _refuse_while_held(study)
        _migrate_alone(study, version, target, steps)


def finish_migration(study: Path) -> None:
    """Complete a migration that was interrupted after its marker; forget one before it."""
    if not (study / _STAGING).exists():
        return
    with Leases(study, "study").short(".study"):
        _finish(study)


def _migrate_alone(
    study: Path, version: int, target: int, steps: Mapping[int, Callable[[Path, Path], None]]
) -> None:
    staging = study / _STAGING
    new = staging / "new"
    with writing(study):
        remove(staging)
        new.mkdir(parents=True)
        _run_steps(study, new, version, target, steps)
        names = sorted(
            path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()
        )
        backup = study / "backup" / f"format-{version}"
        for name in names:
            if (study / name).exists():
                (backup / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(study / name, backup / name)
        sync_tree(backup)
        sync_tree(staging)
        write_atomic(staging / _READY, json.dumps(names))
    _finish(study)


def _run_steps(
    study: Path,
    new: Path,
    version: int,
    target: int,
    steps: Mapping[int, Callable[[Path, Path], None]],
) -> None:
    """Run the chain; every step sees the files of the one before it."""
    seen = study
    for number in range(version, target):
        if number not in steps:
            raise DataError(
                f"there is no way from format {number} to {number + 1}",
                file=study,
                hint="update mousegpt, or put a copy of the study back",
            )
        out = new.with_name(f"step-{number}")
        out.mkdir()
        steps[number](seen, out)
        shutil.copytree(out, new, dirs_exist_ok=True)
        seen = _Overlay.make(study, new, new.with_name("seen")) if number + 1 < target else seen
    source = new if (new / "study.toml").exists() else study
    document = tomlkit.parse((source / "study.toml").read_text(encoding="utf-8"))
    document["format_version"] = target
    (new / "study.toml").write_text(tomlkit.dumps(document), encoding="utf-8")


class _Overlay:
    """A study as it looks after the first steps."""

    @staticmethod
    def make(study: Path, new: Path, folder: Path) -> Path:
        """Copy what a person or a paid service made, put the new files over it."""
        remove(folder)
        folder.mkdir()
        for pattern in (
            "*.toml",
            "*.csv",
            "recordings/*/recording.toml",
            "recordings/*/log.sqlite",
        ):
            for path in study.glob(pattern):
                (folder / path.relative_to(study)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, folder / path.relative_to(study))
        shutil.copytree(new, folder, dirs_exist_ok=True)
        return folder


def _finish(study: Path) -> None:
    staging = study / _STAGING
    ready = staging / _READY
    with writing(study):
        if ready.exists():
            names = json.loads(ready.read_text(encoding="utf-8"))
            # The version is the last to change.
            for name in sorted(names, key=lambda name: name == "study.toml"):
                if (staging / "new" / name).exists():
                    (study / name).parent.mkdir(parents=True, exist_ok=True)
                    replace(staging / "new" / name, study / name)
                    sync_path((study / name).parent)
            os.unlink(ready)
        remove(staging)


def _refuse_while_held(study: Path) -> None:
    for folder in (study, *(study / "recordings").glob("*/")):
        if not (folder / ".locks").is_dir():
            continue
        with Leases(folder, folder.name).alone() as alone:
            if not alone:
                raise StudyLockedError(
                    f"{folder}: someone works on it, so the study cannot be brought "
                    "to the new format now",
                    hint="wait until that process has finished",
                )
