"""Anatomy of a mouse and forward kinematics from posture to 24 keypoints.

World frame: centimetres, right-handed, origin at the arena's centre on the floor, z up. A heading
of 0 looks along +x and grows to the animal's left. All functions work on whole time courses: the
leading axis of every array is time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Array = NDArray[np.float64]

#: MouseGPT's keypoints in their order.
KEYPOINTS = (
    "EarL",
    "EarR",
    "Snout",
    "SpineF",
    "SpineG",
    "SpineH",
    "Hip",
    "TailBase",
    "TailMid",
    "TailEnd",
    *(f"{part}{side}" for side in "LR" for part in ("Forepaw", "Wrist", "Elbow", "Shoulder")),
    *(f"{part}{side}" for side in "LR" for part in ("Hindpaw", "Ankle", "Knee")),
)
#: Order of the paws in every array of paws.
PAWS = ("ForepawL", "ForepawR", "HindpawL", "HindpawR")
#: +1 left, -1 right, in the order of `PAWS`.
SIDES = np.array([1.0, -1.0, 1.0, -1.0])
#: Height of a paw's keypoint above the floor while it stands (cm).
PAW_HEIGHT = 0.12
#: Height below which elbows and knees are turned upwards (cm).
FLOOR_ROOM = 0.4

#: Pairs of keypoints whose distance never changes.
RIGID_PAIRS = (
    ("SpineF", "SpineG"),
    ("SpineG", "SpineH"),
    ("SpineH", "Hip"),
    ("Hip", "TailBase"),
    ("TailBase", "TailMid"),
    ("TailMid", "TailEnd"),
    ("SpineF", "Snout"),
    ("Snout", "EarL"),
    ("Snout", "EarR"),
    ("EarL", "EarR"),
    *((f"{a}{side}", f"{b}{side}") for side in "LR" for a, b in (
        ("Forepaw", "Wrist"), ("Wrist", "Elbow"), ("Elbow", "Shoulder"),
        ("Hindpaw", "Ankle"), ("Ankle", "Knee"),
    )),
    ("ShoulderL", "ShoulderR"),
    ("SpineF", "ShoulderL"),
)  # fmt: skip


@dataclass(frozen=True)
class Anatomy:
    """Bone lengths in centimetres, of an adult C57BL/6 mouse at `size` 1.

    Offsets are (forward, left, up) in the frame of the bone they belong to, for the left side.
    """

    size: float = 1.0
    spine: float = 1.45
    head: float = 2.7
    rump: float = 1.25
    tail: float = 4.0
    ear: tuple[float, float, float] = (1.0, 0.8, 0.75)
    shoulder: tuple[float, float, float] = (0.0, 0.7, -0.95)
    socket: tuple[float, float, float] = (0.1, 0.6, -0.2)
    humerus: float = 1.1
    forearm: float = 1.3
    forepaw: float = 0.55
    femur: float = 1.5
    tibia: float = 1.7
    foot: float = 1.5

    def length(self, name: str) -> float:
        """Length of a bone (cm) at this size."""
        return float(getattr(self, name)) * self.size

    def offset(self, name: str, side: float) -> Array:
        """Offset of a joint (3,) in cm at this size; `side` is +1 for left, -1 for right."""
        return np.asarray(np.array(getattr(self, name)) * self.size * np.array([1.0, side, 1.0]))


@dataclass
class Posture:
    """Time courses (time,) that shape the trunk.

    Attributes
    ----------
    x, y, hip_height : array
        The hip in the arena (cm).
    heading : array
        Horizontal direction of the pelvis (rad).
    pitch : array
        Mean elevation of the spine (rad).
    arch : array
        How much the back is hunched: elevation of the rear minus that of the front (rad).
    bend : array
        Sideways bend from pelvis to chest, + left (rad).
    head_yaw : array
        Head against chest, + left (rad).
    head_pitch : array
        Elevation of the snout seen from the neck, against the horizontal (rad).
    tail_heading, tip_heading : array
        Directions in which the two halves of the tail point (rad).
    tail_height, tip_height : array
        Heights that middle and tip of the tail strive for (cm).
    """

    x: Array
    y: Array
    hip_height: Array
    heading: Array
    pitch: Array
    arch: Array
    bend: Array
    head_yaw: Array
    head_pitch: Array
    tail_heading: Array
    tip_heading: Array
    tail_height: Array
    tip_height: Array


@dataclass
class Trunk:
    """Head, spine and tail in space: positions (time, 3) in cm, frames (time, 3, 3).

    The columns of a frame are its forward, left and up directions.
    """

    hip: Array
    spine_h: Array
    spine_g: Array
    spine_f: Array
    snout: Array
    ears: tuple[Array, Array]
    tail_base: Array
    tail_mid: Array
    tail_end: Array
    pelvis: Array
    chest: Array
    head: Array
    shoulders: tuple[Array, Array]
    sockets: tuple[Array, Array]
    chest_heading: Array


def frames_of(heading: Array, pitch: Array) -> Array:
    """Frames (time, 3, 3) whose columns are forward, left, up, without roll."""
    cos_h, sin_h = np.cos(heading), np.sin(heading)
    cos_p, sin_p = np.cos(pitch), np.sin(pitch)
    zero = np.zeros_like(heading)
    forward = np.stack([cos_p * cos_h, cos_p * sin_h, sin_p], axis=-1)
    left = np.stack([-sin_h, cos_h, zero], axis=-1)
    up = np.stack([-sin_p * cos_h, -sin_p * sin_h, cos_p], axis=-1)
    return np.stack([forward, left, up], axis=-1)


def place(origin: Array, frame: Array, offset: Array) -> Array:
    """Points (time, 3) at an offset (3,) or offsets (time, 3), given in a frame."""
    if offset.ndim == 1:
        return np.asarray(origin + frame @ offset)
    return np.asarray(origin + np.einsum("tij,tj->ti", frame, offset))


@dataclass(frozen=True)
class Wall:
    """A round wall that no bone's end may leave.

    Attributes
    ----------
    radius : float
        Its radius (cm).
    calm : float
        A bone that has to change sides does so over about this many frames; 0 for single poses.
    """

    radius: float = np.inf
    calm: float = 0.0

    def turn(self, origin: Array, heading: Array, reach: Array) -> Array:
        """The heading nearest to the wished one at which a bone's end stays inside.

        Parameters
        ----------
        origin : array of shape (time, 3)
            Where the bone begins, inside the arena.
        heading, reach : array of shape (time,)
            Wished direction (rad) and horizontal length (cm) of the bone.
        """
        outward = np.arctan2(origin[:, 1], origin[:, 0])
        distance = np.maximum(np.hypot(origin[:, 0], origin[:, 1]), 1e-9)
        reach = np.maximum(reach, 1e-9)
        # Law of cosines in the triangle arena centre, origin, end.
        cosine = (self.radius**2 - distance**2 - reach**2) / (2 * distance * reach)
        closest = np.arccos(np.clip(cosine, -1.0, 1.0))
        off = np.angle(np.exp(1j * (heading - outward)))
        push = np.where(off >= 0, 1.0, -1.0) * np.maximum(closest - np.abs(off), 0.0)
        if self.calm > 0:
            push = gaussian_filter1d(push, self.calm, mode="nearest")
        return np.asarray(heading + push)

    def rise(self, origin: Array, heading: Array, pitch: Array, length: float) -> Array:
        """The elevation (time,) at which a bone that points at the wall goes up it instead."""
        way = np.stack([np.cos(heading), np.sin(heading)], axis=-1)
        along = np.sum(origin[:, :2] * way, axis=-1)
        room = self.radius**2 - np.sum(origin[:, :2] ** 2, axis=-1)
        free = np.sqrt(np.maximum(along**2 + room, 0.0)) - along
        needed = np.arccos(np.clip(free / length, 0.0, 1.0))
        more = np.maximum(needed - np.abs(pitch), 0.0)
        return np.asarray(np.minimum(pitch + 6.0 * more, np.maximum(needed, pitch)))


def pose_trunk(posture: Posture, anatomy: Anatomy, wall: Wall = Wall()) -> Trunk:
    """Place head, spine and tail; bones that would leave the arena turn along its wall."""
    hip = np.stack([posture.x, posture.y, posture.hip_height], axis=-1)
    points = [hip]
    frames = []
    heading = posture.heading
    for step in range(3):
        heading = posture.heading + posture.bend * (step + 0.5) / 3.0
        pitch = posture.pitch + posture.arch * (0.5, 0.0, -0.5)[step]
        point, frame, heading = _bone(points[-1], heading, pitch, anatomy.length("spine"), wall)
        points.append(point)
        frames.append(frame)
    spine_h, spine_g, spine_f = points[1:]
    chest_heading = heading
    # The snout keeps more distance, for a lowered head that rises at the wall swings through it.
    near = Wall(wall.radius - 0.25, wall.calm)
    snout, head, _ = _bone(
        spine_f, chest_heading + posture.head_yaw, posture.head_pitch, anatomy.length("head"), near
    )
    # The rump hangs from the hip, the more so the steeper the pelvis stands.
    fall = -np.clip(0.55 + 0.5 * (posture.pitch + 0.5 * posture.arch), 0.0, 1.45)
    tail_base, _, _ = _bone(hip, posture.heading + np.pi, fall, anatomy.length("rump"), wall)
    tail_mid = _tail_bone(tail_base, posture.tail_heading, posture.tail_height, anatomy, wall)
    tail_end = _tail_bone(tail_mid, posture.tip_heading, posture.tip_height, anatomy, wall)
    chest, pelvis = frames[2], frames[0]
    return Trunk(
        hip=hip,
        spine_h=spine_h,
        spine_g=spine_g,
        spine_f=spine_f,
        snout=snout,
        ears=_both(spine_f, head, anatomy, "ear"),
        tail_base=tail_base,
        tail_mid=tail_mid,
        tail_end=tail_end,
        pelvis=pelvis,
        chest=chest,
        head=head,
        shoulders=_both(spine_f, chest, anatomy, "shoulder"),
        sockets=_both(hip, pelvis, anatomy, "socket"),
        chest_heading=chest_heading,
    )


def _both(origin: Array, frame: Array, anatomy: Anatomy, name: str) -> tuple[Array, Array]:
    """The left and the right one of a pair of joints."""
    left, right = anatomy.offset(name, 1.0), anatomy.offset(name, -1.0)
    return place(origin, frame, left), place(origin, frame, right)


def _bone(
    origin: Array, heading: Array, pitch: Array, length: float, wall: Wall
) -> tuple[Array, Array, Array]:
    """End, frame and heading of a bone."""
    if np.isfinite(wall.radius):
        heading = wall.turn(origin, heading, length * np.abs(np.cos(pitch)))
        pitch = wall.rise(origin, heading, pitch, length)
    frame = frames_of(heading, pitch)
    return origin + length * frame[:, :, 0], frame, heading


def _tail_bone(origin: Array, heading: Array, height: Array, anatomy: Anatomy, wall: Wall) -> Array:
    """End of half a tail that strives for a height."""
    length = anatomy.length("tail")
    pitch = np.arcsin(np.clip((height - origin[:, 2]) / length, -0.9, 0.9))
    return _bone(origin, heading, pitch, length, wall)[0]


def two_bone_reach(
    root: Array, target: Array, upper: float, lower: float, pole: Array
) -> tuple[Array, Array]:
    """Inverse kinematics of a limb of two bones.

    Parameters
    ----------
    root, target : array of shape (time, 3)
        Where the limb is fixed and where its end should be (cm).
    upper, lower : float
        Bone lengths (cm).
    pole : array of shape (time, 3)
        Direction into which the middle joint points.

    Returns
    -------
    middle, end : array of shape (time, 3)
        The end is the target, or the nearest point towards it that the limb reaches.
    """
    direction = _unit(target - root)
    distance = np.linalg.norm(target - root, axis=-1, keepdims=True)
    reached = np.clip(distance, abs(upper - lower) + 0.05, 0.999 * (upper + lower))
    along = (upper**2 - lower**2 + reached**2) / (2 * reached)
    across = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    side = _unit(_across(pole, direction))
    base = root + along * direction
    # Where the joint comes near the floor, the limb turns it upwards.
    low = np.clip(1.0 - (base + across * side)[:, 2:] / FLOOR_ROOM, 0.0, 2.0)
    up = _unit(_across(np.array([[0.0, 0.0, 1.0]]), direction))
    side = _unit(side + low * up)
    return base + across * side, root + reached * direction


def _across(vectors: Array, direction: Array) -> Array:
    """The part of vectors (n, 3) that is perpendicular to unit vectors (n, 3)."""
    along = np.sum(vectors * direction, axis=-1, keepdims=True)
    return np.asarray(vectors - along * direction)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def pose_limbs(trunk: Trunk, paws: Array, paw_pitch: Array, anatomy: Anatomy) -> dict[str, Array]:
    """Place the four limbs so that the paws are where they are wanted.

    Parameters
    ----------
    trunk : Trunk
        Placed head, spine and tail.
    paws : array of shape (time, 4, 3)
        Where the paws should be (cm), in the order of `PAWS`.
    paw_pitch : array of shape (time, 4)
        Elevation of each paw, seen from wrist or ankle (rad); negative points down.
    anatomy : Anatomy
        Bone lengths.

    Returns
    -------
    dict of str to array of shape (time, 3)
        Keypoints of the limbs.
    """
    found = {}
    for index, paw in enumerate(PAWS):
        side, letter = SIDES[index], paw[-1]
        front = index < 2
        heading = (
            trunk.chest_heading
            if front
            else np.arctan2(trunk.pelvis[:, 1, 0], trunk.pelvis[:, 0, 0])
        )
        reach = anatomy.length("forepaw" if front else "foot")
        splay = 0.0 if front else 0.2 * side
        tip = reach * frames_of(heading + splay, paw_pitch[:, index])[:, :, 0]
        body = frames_of(heading, np.zeros_like(heading))
        wanted = paws[:, index] - tip
        if front:
            root, bones = trunk.shoulders[index], ("humerus", "forearm")
        else:
            root, bones = trunk.sockets[index - 2], ("femur", "tibia")
        # Elbows point backwards from the limb and outwards, knees forwards.
        across = np.cross(_unit(wanted - root), body[:, :, 1])
        left, up = side * body[:, :, 1], body[:, :, 2]
        pole = 0.7 * left + 0.3 * up - across if front else 0.35 * left + across
        upper, lower = (anatomy.length(bone) for bone in bones)
        middle, end = two_bone_reach(root, wanted, upper, lower, pole)
        names = ("Wrist", "Elbow", "Shoulder") if front else ("Ankle", "Knee")
        found[paw] = end + tip
        found.update(zip((f"{n}{letter}" for n in names), (end, middle, root), strict=False))
    return found


def stack_keypoints(trunk: Trunk, limbs: dict[str, Array]) -> Array:
    """Keypoints (time, 24, 3) in the order of `KEYPOINTS`."""
    points = {
        "EarL": trunk.ears[0],
        "EarR": trunk.ears[1],
        "Snout": trunk.snout,
        "SpineF": trunk.spine_f,
        "SpineG": trunk.spine_g,
        "SpineH": trunk.spine_h,
        "Hip": trunk.hip,
        "TailBase": trunk.tail_base,
        "TailMid": trunk.tail_mid,
        "TailEnd": trunk.tail_end,
        **limbs,
    }
    return np.stack([points[name] for name in KEYPOINTS], axis=1)
