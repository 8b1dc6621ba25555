"""Bones of the mouse's skin: where they are and how they lie in a pose."""

from __future__ import annotations

import numpy as np

from mousegpt_core.synthetic.body import (
    KEYPOINTS,
    Anatomy,
    Array,
    Posture,
    pose_limbs,
    pose_trunk,
    stack_keypoints,
)

#: Bones of the limbs: name to the keypoints it runs from and to. Tail bones come on top.
_LIMBS = tuple(
    (f"{part}{side}", start + side, end + side)
    for side in "LR"
    for part, start, end in (
        ("arm", "Shoulder", "Elbow"),
        ("forearm", "Elbow", "Wrist"),
        ("hand", "Wrist", "Forepaw"),
        ("shank", "Knee", "Ankle"),
        ("foot", "Ankle", "Hindpaw"),
    )
)
#: Bones of the tail, which come last.
TAIL_BONES = 13
#: Numbers of the bones of trunk and head; the head's is the last of them.
BODY_BONES, HEAD_BONE = 4, 3


def bone_frames(points: Array) -> tuple[Array, Array, float]:
    """Bones of a pose.

    Parameters
    ----------
    points : array of shape (24, 3)
        Keypoints (cm) in the order of `body.KEYPOINTS`.

    Returns
    -------
    origins : array of shape (bone, 3)
    frames : array of shape (bone, 3, 3)
        Columns forward (along the bone), left, up.
    length : float
        Length of the spine (cm).
    """
    at = dict(zip(KEYPOINTS, points, strict=True))
    chest_left = at["ShoulderL"] - at["ShoulderR"]
    spine = np.array([at["Hip"], at["SpineH"], at["SpineG"], at["SpineF"]])
    length = float(np.linalg.norm(np.diff(spine, axis=0), axis=-1).sum())
    # The side of the chest is carried back along the spine, which does not twist.
    trunk: list[Array] = []
    left = chest_left
    for way in np.diff(spine, axis=0)[::-1]:
        trunk.insert(0, frames_along(way[None], left)[0])
        left = trunk[0][:, 1]
    socket = [
        at["Hip"] + trunk[0] @ Anatomy(length / (3 * Anatomy().spine)).offset("socket", side)
        for side in (1.0, -1.0)
    ]
    curve = tail_curve(points)
    starts = np.array([at["SpineF"], *socket, *(at[start] for _, start, _ in _LIMBS), *curve[:-1]])
    ends = np.array(
        [at["Snout"], at["KneeL"], at["KneeR"], *(at[end] for _, _, end in _LIMBS), *curve[1:]]
    )
    lefts = np.array([at["EarL"] - at["EarR"]] + [left] * (len(starts) - 1))
    origins = np.concatenate([spine[:3], starts])
    return origins, np.concatenate([trunk, frames_along(ends - starts, lefts)]), length


def tail_curve(points: Array) -> Array:
    """Points (bone + 1, 3) along the tail from hip to tip: a smooth curve through its keypoints."""
    index = [KEYPOINTS.index(name) for name in ("Hip", "TailBase", "TailMid", "TailEnd")]
    hip, base, middle, tip = points[index]
    knots = np.array([base, middle, tip])
    slopes = np.array([0.5 * (middle - hip) * 1.1, 0.5 * (tip - base), tip - middle])
    share = np.linspace(0, 2, TAIL_BONES)
    segment = np.minimum(share.astype(int), 1)
    u = (share - segment)[:, None]
    curve = (
        (1 + 2 * u) * (1 - u) ** 2 * knots[segment]
        + u * (1 - u) ** 2 * slopes[segment]
        + u**2 * (3 - 2 * u) * knots[segment + 1]
        + u**2 * (u - 1) * slopes[segment + 1]
    )
    return np.concatenate([[hip], curve])


def frames_along(forward: Array, left: Array) -> Array:
    """Frames (n, 3, 3) along directions (n, 3); the side is any where both are parallel."""
    forward = forward / np.maximum(np.linalg.norm(forward, axis=-1, keepdims=True), 1e-9)
    up = np.cross(forward, left)
    norm = np.linalg.norm(up, axis=-1, keepdims=True)
    up = np.where(norm < 1e-6, np.cross(forward, np.array([0.3, 0.7, 0.6])), up)
    up = up / np.linalg.norm(up, axis=-1, keepdims=True)
    return np.stack([forward, np.cross(up, forward), up], axis=-1)


def resting_points() -> Array:
    """Keypoints (24, 3) of an adult high on its legs, so that no limb touches the trunk."""
    value = dict.fromkeys(("x", "y", "heading", "bend", "head_yaw"), 0.0)
    value |= {"hip_height": 3.1, "pitch": 0.0, "arch": 0.7, "head_pitch": -0.3}
    value |= {"tail_heading": np.pi, "tip_heading": np.pi, "tail_height": 2.0, "tip_height": 2.0}
    anatomy = Anatomy()
    trunk = pose_trunk(Posture(**{name: np.array([v]) for name, v in value.items()}), anatomy)
    paws = np.stack(
        [trunk.shoulders[0], trunk.shoulders[1], trunk.sockets[0], trunk.sockets[1]], axis=1
    )
    paws[:, :, 0] += np.array([0.45, 0.45, 0.8, 0.8])
    paws[:, :, 1] += np.array([0.1, -0.1, 0.4, -0.4])
    paws[:, :, 2] = 0.12
    pitch = -np.array([[0.9, 0.9, 0.5, 0.5]])
    return np.asarray(stack_keypoints(trunk, pose_limbs(trunk, paws, pitch, anatomy))[0])
