"""Limbs: angles of their joints, and paws on the floor."""

from __future__ import annotations

import numpy as np

from mousegpt_core.kinematics.frame import Stretch
from mousegpt_core.kinematics.quantities import Quantity
from mousegpt_core.kinematics.signals import Floats, length

#: Width of the transition from on to off the floor, as a share of the half-way value.
_SOFTNESS = 0.25


def compute_joint_angles(stretch: Stretch) -> dict[str, Quantity]:
    """Angles of the limbs' joints.

    Returns
    -------
    dict
        ``joint_angle`` (rad): between the two parts that meet in elbow, wrist, knee or ankle; pi =
        straight. In 2D that of the picture.
    """
    joints = stretch.anatomy.joints
    if not joints:
        return {}
    angles = [_angle(stretch.position, *members) for members in joints.values()]
    return {
        "joint_angle": Quantity(
            ("time", "joint", "individual"),
            np.stack(angles, axis=1),
            "rad",
            coords={"joint": list(joints)},
        )
    }


def compute_contact(stretch: Stretch) -> dict[str, Quantity]:
    """Whether each paw is on the floor.

    Returns
    -------
    dict
        ``contact`` (0-1): product of two soft thresholds, on the paw's height over its resting
        height (3D) and on its speed; half-way values in the settings. In 2D by speed alone: a paw
        that is held still in the air counts as on the floor.
    """
    paws = stretch.anatomy.paws
    if not paws:
        return {}
    settings, scene = stretch.settings, stretch.scene
    members = list(paws.values())
    contact = _below(length(stretch.velocity[:, :, members]), settings.contact_speed)
    if scene.space_dims == 3:
        rest = np.asarray([scene.paw_rest_cm.get(paw, 0.0) for paw in paws], dtype=np.float32)
        lifted = stretch.position[:, 2, members] - rest[None, :, None]
        # The threshold is above the paw's jitter, else a resting paw would flicker.
        half = max(settings.contact_height, 4 * scene.noise_cm)
        contact = contact * _below(lifted, half)
    basis = "height and speed" if scene.space_dims == 3 else "speed only"
    return {
        "contact": Quantity(
            ("time", "paw", "individual"), contact, "1", {"from": basis}, {"paw": list(paws)}
        )
    }


def _below(values: Floats, half: float) -> Floats:
    """1 well below `half`, 0.5 at it, 0 well above."""
    steepness = values.dtype.type(1 / (_SOFTNESS * half))
    exponent = np.clip((values - values.dtype.type(half)) * steepness, -30, 30)
    return np.asarray(1 / (1 + np.exp(exponent)))


def _angle(position: Floats, far: int, joint: int, near: int) -> Floats:
    first = position[:, :, far] - position[:, :, joint]
    second = position[:, :, near] - position[:, :, joint]
    size = length(first) * length(second)
    dot = (first * second).sum(axis=1)
    cosine = np.divide(dot, size, out=np.full_like(dot, np.nan), where=size > 0)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))
