"""A study, or one recording of it, as layers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mousegpt_core.errors import DataError, MouseGPTError
from napari_mousegpt.layers import LayerTuple
from napari_mousegpt.recordings import open_recording, recording_of_path

Reader = Callable[[str | list[str]], list[LayerTuple]]
#: What a reader returns that has put its layers into the viewer itself (npe2).
NO_LAYER: LayerTuple = (None,)  # type: ignore[assignment]


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
    """Open a recording: of a study, the first. In a window the docks follow what was opened.

    Raises
    ------
    DataError
        If the study has no recording.
    """
    from mousegpt_core.study import Study

    folder, id = recording_of_path(Path(path if isinstance(path, str) else path[0]))
    viewer = _current_viewer()
    if viewer is not None:
        from napari_mousegpt.windows import session_in_window

        session_in_window(viewer).open_study(folder, recording=id)
        return [NO_LAYER]
    study = Study.open(folder)
    recordings = study.recordings
    if not recordings:
        raise DataError("the study is empty", file=folder, hint="add recordings in the dock Study")
    return open_recording(study, recordings[id or min(recordings)]).whole()


def _current_viewer() -> Any:
    """The viewer in whose window a study is dropped; None where there is no napari."""
    napari = sys.modules.get("napari")
    return None if napari is None else napari.current_viewer()
