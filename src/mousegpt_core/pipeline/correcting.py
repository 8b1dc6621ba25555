"""Poses corrected by a person: what the log says lies over the poses as they were read."""

from __future__ import annotations

import xarray as xr

from mousegpt_core.settings import content_hash
from mousegpt_core.study import Recording
from mousegpt_core.study.pose_edits import (
    POSES,
    DoneEdit,
    PoseEdit,
    edited_poses,
    effective,
    read_pose_edits,
    without_hidden,
)


def pose_edits(recording: Recording) -> list[DoneEdit]:
    """All acts on the poses of a recording that were not taken back, oldest first.

    Raises
    ------
    DataError
        If one cannot be understood.
    """
    return read_pose_edits(recording.log.edits(POSES))


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


def corrected(recording: Recording, view: str, poses: xr.Dataset) -> xr.Dataset:
    """Poses of a view as a person corrected them, without what is hidden.

    `poses` themselves, which may be lazy, where nobody did.

    Raises
    ------
    DataError
        If an edit cannot be understood.
    """
    acts = effective(pose_edits(recording), view)
    if not acts:
        return poses
    return without_hidden(edited_poses(poses, [one.edit for one in acts]))
