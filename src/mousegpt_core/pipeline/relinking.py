"""Finding films and poses again that were moved."""

from __future__ import annotations

import glob
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
    for recording in study.recordings.values():
        for was in _lost(recording):
            now = _find(recording, was, folder)
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


def _find(recording: Recording, path: str, folder: Path) -> Path | None:
    """The file, where it was found and written into ``recording.toml``."""
    name = Path(path.replace("\\", "/")).name
    for candidate in sorted(folder.rglob(glob.escape(name))):
        try:
            recording.relink(path, candidate)
        except DataError:
            continue  # another file of that name
        return candidate
    return None
