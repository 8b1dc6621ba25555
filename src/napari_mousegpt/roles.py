"""Which role a keypoint has, changed by a person; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mousegpt_core.skeleton import CHAIN_ROLES

if TYPE_CHECKING:
    from mousegpt_core.skeleton import Skeleton
    from mousegpt_core.study import Recording, Study

NO_ROLE = ""


def role_words(role: str) -> str:
    """A role for people: ``"left forepaw"`` of ``"forepaw_left"``."""
    if role == NO_ROLE:
        return "nothing that is used"
    words = role.split("_")
    if words[-1] in ("left", "right"):
        words = [words[-1], *words[:-1]]
    return " ".join(words) + (" (in order)" if role in CHAIN_ROLES else "")


def skeleton_of(study: Study, recording: Recording) -> Skeleton | None:
    """The skeleton of a recording; None without poses.

    Raises
    ------
    MouseGPTError
        If there is none of the name that the recording gives, or its poses are not read yet.
    """
    from mousegpt_core.pipeline.recording_stages import recording_skeleton

    return recording_skeleton(study, recording) if recording.info.poses else None


def with_role(study: Study, recording: Recording, keypoint: str, role: str) -> Skeleton:
    """Give a keypoint another role, in ``study.toml``; who had a role of one keypoint loses it.

    Parameters
    ----------
    study, recording : Study, Recording
        Whose skeleton.
    keypoint : str
        Its name.
    role : str
        One of `skeleton.ROLES`; `NO_ROLE` = none.

    Raises
    ------
    MouseGPTError
        If the recording has no skeleton, or the study cannot be written.
    """
    from mousegpt_core.pipeline.recording_stages import recording_skeleton

    skeleton = recording_skeleton(study, recording)
    others = {
        name: tuple(each for each in members if each != keypoint)
        for name, members in skeleton.roles.items()
    }
    if role in CHAIN_ROLES:
        # In the order of the file, which goes along the body as a rule.
        members = {*others.get(role, ()), keypoint}
        others[role] = tuple(name for name in skeleton.keypoints if name in members)
    elif role != NO_ROLE:
        others[role] = (keypoint,)
    changed = replace(skeleton, roles={name: each for name, each in others.items() if each})
    study.set_skeleton(changed.name, changed)
    if recording.info.skeleton != changed.name:
        recording.change(skeleton=changed.name)
    return changed
