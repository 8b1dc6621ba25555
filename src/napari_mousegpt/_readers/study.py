"""A study, or one recording of it, as layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mousegpt_core.errors import DataError, MouseGPTError
from napari_mousegpt.arriving import NO_LAYER, current_viewer

if TYPE_CHECKING:
    from napari_mousegpt.layers import LayerTuple

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
    """Open a recording: of a study, the first. In a window the docks follow what was opened.

    Raises
    ------
    DataError
        If the study has no recording.
    """
    folder, id = recording_of_path(Path(path if isinstance(path, str) else path[0]))
    viewer = current_viewer()
    if viewer is not None:
        from napari_mousegpt.windows import session_in_window

        session_in_window(viewer).open_study(folder, recording=id)
        return [NO_LAYER]
    from mousegpt_core.study import Study
    from napari_mousegpt.leaving_out import warn_of
    from napari_mousegpt.recordings import open_recording

    study = Study.open(folder)
    first = id or min(study.recordings, default="")
    unreadable = {} if id else study.unreadable
    if not first and not unreadable:
        raise DataError("the study is empty", file=folder, hint="add recordings in the dock Study")
    opened = open_recording(study, study.recording(first or min(unreadable)))
    for error in (*unreadable.values(), *opened.left_out.errors):
        warn_of(error)
    return opened.whole()


def recording_of_path(path: Path) -> tuple[Path, str]:
    """The study's folder and the recording ("" = the first) that a path means.

    Parameters
    ----------
    path : Path
        A study, a recording's folder in it, or the file that makes either one.

    Raises
    ------
    DataError
        If it is neither.
    """
    folder = path.parent if path.name in ("study.toml", "recording.toml") else path
    if (folder / "study.toml").is_file():
        return folder, ""
    study = folder.parent.parent
    if (folder / "recording.toml").is_file() and (study / "study.toml").is_file():
        return study, folder.name
    raise DataError(
        "neither a study nor a recording of one", file=path, hint="choose the folder of a study"
    )
