"""Finding films and poses again that were moved."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mousegpt_core.errors import DataError
from mousegpt_core.study import Recording, Study


def relink_study(study: Study, folder: Path) -> dict[str, list[dict[str, str]]]:
    """Look in a folder, and all below it, for the files of a study that are not where they were.

    A file is the same if its name and its content (by size and fingerprint) are.

    Parameters
    ----------
    study : Study
        The study.
    folder : Path
        Where the files are now.

    Returns
    -------
    dict
        ``found``: rows ``recording, was, now``; ``missing``: rows ``recording, was``.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise DataError("no such folder", file=folder, hint="name the folder that has the files")
    found, missing = [], []
    lost = {recording: _lost(recording) for recording in study.recordings.values()}
    there = _of_these_names(folder, (was for each in lost.values() for was in each))
    for recording, paths in lost.items():
        for was in paths:
            now = _find(recording, was, there.get(_name(was), ()))
            row: dict[str, Any] = {"recording": recording.id, "was": was}
            if now is None:
                missing.append(row)
            else:
                found.append({**row, "now": str(now)})
    return {"found": found, "missing": missing}


def _lost(recording: Recording) -> list[str]:
    """Paths of ``recording.toml`` that lead nowhere."""
    lost = []
    for path in recording.info.paths:
        try:
            recording.resolve(path)
        except DataError:
            lost.append(path)
    return lost


def _name(path: str) -> str:
    """Name of a file as systems compare them."""
    return os.path.normcase(Path(path.replace("\\", "/")).name)


def _of_these_names(folder: Path, lost: Iterable[str]) -> Mapping[str, Sequence[Path]]:
    """Files and folders below a folder that are called as those that are lost, by name."""
    found: dict[str, list[Path]] = {_name(path): [] for path in lost}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if os.path.normcase(name) in found:
                found[os.path.normcase(name)].append(Path(place, name))
    return {name: sorted(paths) for name, paths in found.items()}


def _find(recording: Recording, path: str, candidates: Sequence[Path]) -> Path | None:
    """The file, where it was found and written into ``recording.toml``."""
    for candidate in candidates:
        try:
            recording.relink(path, candidate)
        except DataError:
            continue  # another file of that name
        return candidate
    return None
