"""Corrected poses in the format of their files: copies of these, or the files themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mousegpt_core.errors import DataError, FormatError, StageMissingError
from mousegpt_core.io import FORMATS, read_poses, recognise_format, write_poses
from mousegpt_core.io.files import keep_copy, replaced_file
from mousegpt_core.pipeline.correcting import add_pose_edit, pose_edits
from mousegpt_core.study import PoseFile, Recording, Study, fingerprint
from mousegpt_core.study.files import writing
from mousegpt_core.study.pose_edits import (
    DoneEdit,
    PoseEdit,
    Written,
    edited_poses,
    effective,
    without_hidden,
)

#: The rate does not matter: poses are written frame by frame.
_ANY_FPS = 30.0


def write_back(
    study: Study,
    *,
    only: Sequence[str] | None = None,
    out: Path | None = None,
    into_files: bool = False,
) -> list[dict[str, Any]]:
    """Write corrected poses in the formats of their files, those that somebody corrected.

    Parameters
    ----------
    study : Study
        The study.
    only : sequence of str, optional
        Only these recordings.
    out : Path, optional
        Folder for copies; by default ``results/corrected`` of the study.
    into_files : bool
        Into the files themselves: each is replaced at once or not at all, and kept beside as
        ``NAME.before-N``.

    Returns
    -------
    list of dict
        ``recording``, ``view``, ``file`` (that was written), ``kept`` (the former one, or ``""``),
        ``acts`` (how many corrections are in it).

    Raises
    ------
    StageMissingError
        If nothing was corrected.
    DataError
        If a file is gone, is of a format that is not written, or holds what would be lost.
    MouseGPTError
        If a file cannot be written.
    """
    recordings = [study.recording(id) for id in only] if only else study.recordings.values()
    folder = out or study.folder / "results" / "corrected"
    written = []
    for recording in recordings:
        done = pose_edits(recording)
        copies = _copies(recording, folder / recording.id)
        for source in recording.info.poses:
            acts = effective(done, source.view)
            if acts:
                to = None if into_files else copies[source.view]
                written.append(_write(recording, source, acts, to))
    if not written:
        raise StageMissingError(
            "no poses were corrected", hint="correct them in napari: dock Keypoints"
        )
    return written


def _copies(recording: Recording, folder: Path) -> dict[str, Path]:
    """Where the copy of each view's file goes: where two have one name, to a folder of the view."""
    names = {source.view: Path(source.path).name for source in recording.info.poses}
    apart = len({name.casefold() for name in names.values()}) < len(names)
    return {view: (folder / view if apart else folder) / name for view, name in names.items()}


def _write(
    recording: Recording, source: PoseFile, acts: Sequence[DoneEdit], to: Path | None
) -> dict[str, Any]:
    file = recording.resolve(source.path)
    format = _format(source, file)
    edits = [one.edit for one in acts]
    poses = _corrected_file(recording, source, file, format, edits)
    kept = ""
    if to is None:
        _refuse_loss(source, file, format)
        kept = str(_into_file(recording, source, file, format, poses, acts[-1].id))
    else:
        with writing(to):
            write_poses(poses, to, format=format)
    return {
        "recording": recording.id,
        "view": source.view,
        "file": str(to or file),
        "kept": kept,
        "acts": len(edits),
    }


def _format(source: PoseFile, file: Path) -> str:
    name = source.format or recognise_format(file)
    if not FORMATS[name].writes or file.is_dir():
        raise DataError(
            f"files of the format {name} are read but not written",
            file=file,
            hint="write them in another one: mousegpt export STUDY poses --format dlc-csv",
        )
    return name


def _refuse_loss(source: PoseFile, file: Path, format: str) -> None:
    """Check that a file holds nothing that would be lost with it.

    Raises
    ------
    DataError
        If it holds several views, a session of other data, or pictures.
    """
    if format == "nwb":
        more = "other data of the session"
    elif file.name.endswith(".pkg.slp"):
        more = "pictures"
    elif source.view and _needs_view(source, file, format):
        more = "other views"
    else:
        return
    raise DataError(
        f"the file may hold {more}, which would be lost",
        file=file,
        hint="write a copy: mousegpt export STUDY poses --format own",
    )


def _needs_view(source: PoseFile, file: Path, format: str) -> bool:
    """Whether a file, which can be read, cannot be without saying which view."""
    try:
        read_poses(
            file, format=format, fps=source.fps, unit=source.unit or None, assumed_fps=_ANY_FPS
        )
    except FormatError:
        return True
    return False


def _corrected_file(
    recording: Recording, source: PoseFile, file: Path, format: str, edits: Sequence[PoseEdit]
) -> xr.Dataset:
    """All that the file holds, as a person corrected it, under its own names."""
    poses = read_poses(
        file, format=format, fps=source.fps, unit=source.unit or None, view=source.view or None,
        assumed_fps=_ANY_FPS,
    )  # fmt: skip
    own = poses["individual"].values
    animals = recording.info.individuals
    if len(animals) == len(own):
        poses = poses.assign_coords(individual=list(animals))
    changed = without_hidden(edited_poses(poses, edits)).assign_coords(individual=own)
    if not np.isfinite(poses["confidence"]).any():  # of a person's labels, who is always sure
        changed["confidence"] = changed["confidence"].where(False)
    return changed


def _into_file(
    recording: Recording, source: PoseFile, file: Path, format: str, poses: xr.Dataset, last: str
) -> Path:
    """Replace a file; the study knows, before it is, which corrections are in the new one."""
    with writing(file):
        kept = keep_copy(file)
        with replaced_file(file) as partial:
            write_poses(poses, partial, format=format)
            mark = fingerprint(partial)
            if mark == fingerprint(file):
                raise DataError(
                    "the file is too large for the study to see that it has changed",
                    file=file,
                    hint="write a copy, and replace the file by it in a study of its own",
                )
            add_pose_edit(recording, source.view, Written(file=mark, last=last))
    _keep_mark(recording, source, file, mark)
    return kept


def _keep_mark(recording: Recording, source: PoseFile, file: Path, mark: str) -> None:
    """Let the study know the new file, by which it is found again when it is moved."""
    new = source.model_copy(update={"fingerprint": mark, "size": file.stat().st_size})
    poses = [new if one.view == source.view else one for one in recording.info.poses]
    recording.change(poses=[one.model_dump(mode="json") for one in poses])
