"""Which recordings a study has, and which of them cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.study.files import reading
from mousegpt_core.study.recording import Recording

_Looks = tuple[tuple[int, ...], ...]


class Listing:
    """The recordings of a study as they are on disk now.

    Parameters
    ----------
    study_folder : Path
        The study.
    """

    def __init__(self, study_folder: Path) -> None:
        self._study_folder = study_folder
        self._sound: dict[Path, _Looks] = {}

    def read(self) -> tuple[dict[str, Recording], dict[str, MouseGPTError]]:
        """The recordings, and why others cannot be read, by id, sorted.

        Raises
        ------
        DataError
            If the study's own folder cannot be read.
        """
        root = self._study_folder / "recordings"
        with reading(root):
            folders = sorted(root.iterdir()) if root.is_dir() else []
        there: dict[str, Recording] = {}
        unreadable: dict[str, MouseGPTError] = {}
        for folder in folders:
            try:
                if is_recording(folder):
                    recording = Recording(folder, self._study_folder)
                    self._check(recording)
                    there[recording.id] = recording
            except MouseGPTError as error:
                unreadable[folder.name] = error
        return there, unreadable

    def _check(self, recording: Recording) -> None:
        """Read what is asked of every recording, where it is not as it was when it was sound.

        Raises
        ------
        MouseGPTError
            If it cannot be read.
        """
        folder = recording.folder
        with reading(folder):
            looks = tuple(_looks(folder / name) for name in ("recording.toml", "manifest.json"))
        if self._sound.get(folder) != looks:
            _ = recording.info, recording.store.stages()
            self._sound[folder] = looks


def is_recording(folder: Path) -> bool:
    """Whether a folder holds a recording.

    Raises
    ------
    DataError
        If it may not be looked into.
    """
    if folder.name.startswith("."):
        return False
    with reading(folder):
        return bool(_looks(folder / "recording.toml"))


def _looks(file: Path) -> tuple[int, ...]:
    """What differs once a file was written, replaced or locked; empty where there is none."""
    try:
        state = os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_mode
