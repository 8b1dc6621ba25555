"""Poses corrected by a person: what the log says lies over the poses as they were read."""

from __future__ import annotations

import xarray as xr

from mousegpt_core.settings import content_hash
from mousegpt_core.study import PoseFile, Recording
from mousegpt_core.study.pose_edits import (
    POSES,
    DoneEdit,
    PoseEdit,
    Written,
    edited_poses,
    effective,
    not_in_files,
    read_pose_edits,
    without_hidden,
)


def pose_edits(recording: Recording) -> list[DoneEdit]:
    """The acts that lie over the poses of a recording, oldest first.

    Without those that were taken back, and those that are in the file that the poses were read from
    (`writing_back`).

    Raises
    ------
    DataError
        If one cannot be understood.
    """
    done = read_pose_edits(recording.log.edits(POSES))
    if not any(isinstance(one.edit, Written) for one in done):
        return done
    return not_in_files(done, _read_from(recording))


def _read_from(recording: Recording) -> dict[str, str]:
    """Fingerprint of the file that the poses of each view were read from."""
    found = {}
    for source in recording.info.poses:
        entry = recording.store.entry(pose_stage(source))
        found[source.view] = "" if entry is None else entry.provenance.inputs.get("file", "")
    return found


def pose_stage(source: PoseFile) -> str:
    """Name of the result that holds an imported pose file."""
    return f"poses2d/{source.view}" if source.view else "poses3d"


def add_pose_edit(
    recording: Recording, view: str, edit: PoseEdit, *, who: str = "", edit_id: str | None = None
) -> str:
    """Keep an act at once; returns its id.

    Parameters
    ----------
    recording : Recording
        Whose poses.
    view : str
        Which of them; ``""`` = 3D, or the only view.
    edit : PoseEdit
        What is done.
    who : str
        By whom.
    edit_id : str, optional
        Give the same id again to repeat a call safely.

    Raises
    ------
    MouseGPTError
        If it cannot be written; then nothing is changed.
    """
    return recording.log.add_edit(POSES, view, edit.kind, edit.to_json(), who=who, edit_id=edit_id)


def pose_edits_mark(recording: Recording, view: str) -> dict[str, str]:
    """What changes the poses of a view, for the provenance of what rests on them; {} = nothing."""
    acts = [(one.edit.kind, one.edit.to_json()) for one in effective(pose_edits(recording), view)]
    return {"edits": content_hash(acts)} if acts else {}


def corrected(
    recording: Recording, view: str, poses: xr.Dataset, *, marked: bool = False
) -> xr.Dataset:
    """Poses of a view as a person corrected them, without what is hidden.

    `poses` themselves, which may be lazy, where nobody did. Where somebody did and they are to be
    `marked`, with ``edited`` (time, keypoint, individual): which points a person placed.

    Raises
    ------
    DataError
        If an edit cannot be understood.
    """
    acts = effective(pose_edits(recording), view)
    if not acts:
        return poses
    edited = edited_poses(poses, [one.edit for one in acts])
    seen = without_hidden(edited)
    return seen.assign(edited=edited["edited"]) if marked else seen
