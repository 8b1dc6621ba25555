"""A study, or one recording of it, as layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mousegpt_core.errors import DataError, MouseGPTError
from napari_mousegpt.layers import LayerTuple
from napari_mousegpt.recordings import open_recording, recording_of_path

Reader = Callable[[str | list[str]], list[LayerTuple]]


def get_reader(path: str | list[str]) -> Reader | None:
    """A reader for the folder of a study or of one of its recordings, else None."""
    if not isinstance(path, str):
        return None
    try:
        recording_of_path(Path(path))
    except MouseGPTError:
        return None
    return read


def read(path: str | list[str]) -> list[LayerTuple]:
    """Open a recording: of a study, the first.

    Raises
    ------
    DataError
        If the study has no recording.
    """
    from mousegpt_core.study import Study

    folder, id = recording_of_path(Path(path if isinstance(path, str) else path[0]))
    study = Study.open(folder)
    recordings = study.recordings
    if not recordings:
        raise DataError("the study is empty", file=folder, hint="add recordings in the dock Study")
    return open_recording(study, recordings[id or min(recordings)]).whole()
