"""Posture of trunk and head: directions, lengths, pitch, bends, height, distance from the wall."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mousegpt_core.kinematics.anatomy import PROPORTIONS, point
from mousegpt_core.kinematics.arena import wall_distance
from mousegpt_core.kinematics.frame import Stretch, angle_of
from mousegpt_core.kinematics.quantities import PER_ANIMAL, PER_KEYPOINT, Quantity
from mousegpt_core.kinematics.signals import Floats, length, wrap

#: Where less of a piece of the spine than this is horizontal, it has no horizontal direction.
_UPRIGHT = 0.25


def compute_directions(stretch: Stretch) -> dict[str, Quantity]:
    """Directions seen from above; a turn to the animal's left is positive.

    Returns
    -------
    dict
        - ``heading`` (rad): of the trunk, rear to front, 0 along +x. In pictures y runs down, so y
          is turned round; views from below are mirrored once more.
        - ``turning`` (rad/s): rate of the heading, smoothed.
        - ``head_direction`` (rad): from the ears (else neck, shoulders, forepaws) to the nose.
        - ``head_angle`` (rad): head direction less heading, -pi to pi; + head to the left.
    """
    found: dict[str, Quantity] = {}
    sign = stretch.scene.up_sign
    if stretch.axis is not None and stretch.spin is not None:
        found["heading"] = Quantity(PER_ANIMAL, angle_of(stretch.axis, sign), "rad")
        found["turning"] = Quantity(PER_ANIMAL, stretch.spin * np.float32(sign), "rad/s")
    if stretch.head is not None:
        direction = angle_of(stretch.head, sign)
        found["head_direction"] = Quantity(PER_ANIMAL, direction, "rad")
        if stretch.axis is not None:
            angle = wrap(direction - angle_of(stretch.axis, sign))
            found["head_angle"] = Quantity(PER_ANIMAL, angle, "rad")
    return found


def compute_lengths(stretch: Stretch) -> dict[str, Quantity]:
    """How long and how large the animal is.

    Returns
    -------
    dict
        - ``body_length`` (cm): straight distance from nose to tail base, or the substitute that
          ``body_length_from`` in the attributes names, scaled to it by its usual share.
        - ``stretch`` (1): body length over that of the stretched animal (`Scene.body_length_cm`,
          the upper quartile); about 1 while walking, less when crouched or curled.
        - ``body_extent`` (cm): largest distance between two keypoints of head and torso.
    """
    found: dict[str, Quantity] = {}
    anatomy, pair = stretch.anatomy, stretch.anatomy.length_pair
    if pair is not None:
        ends = (point(stretch.position, anatomy.points[name]) for name in pair)
        front, rear = ends
        distance = length(front - rear) / np.float32(PROPORTIONS[pair])
        found["body_length"] = Quantity(PER_ANIMAL, distance, "cm", {"from": " to ".join(pair)})
        if stretch.scene.body_length_cm:
            found["stretch"] = Quantity(
                PER_ANIMAL, distance / np.float32(stretch.scene.body_length_cm), "1"
            )
    members = [i for name in ("head", "torso") for i in anatomy.regions.get(name, ())]
    members += [i for i in anatomy.points.get("tail_base", ()) if i not in members]
    if len(members) >= 3:
        found["body_extent"] = Quantity(PER_ANIMAL, _extent(stretch.position, members), "cm")
    return found


def compute_pitch(stretch: Stretch) -> dict[str, Quantity]:
    """Elevation, in 3D only.

    Returns
    -------
    dict
        - ``height`` (cm): of each keypoint above the floor.
        - ``body_pitch``, ``head_pitch`` (rad): of the trunk's (rear to front) and the head's axis
          (ears to nose) above the horizontal; + nose up.
    """
    if stretch.scene.space_dims != 3:
        return {}
    found = {"height": Quantity(PER_KEYPOINT, stretch.position[:, 2], "cm")}
    for name, vector in (("body_pitch", stretch.trunk), ("head_pitch", stretch.head)):
        if vector is not None:
            found[name] = Quantity(PER_ANIMAL, _pitch(vector), "rad")
    return found


def compute_bends(stretch: Stretch) -> dict[str, Quantity]:
    """Bends of the midline from tail base to neck (to the head where the spine has too few points).

    Returns
    -------
    dict
        - ``spine_curvature`` (rad): sum of the horizontal angles between its pieces, going forward;
          + bent to the left. Pieces that stand nearly upright do not count.
        - ``spine_arch`` (rad, 3D): by how much the rear piece points up more steeply than the front
          piece; + hunched, - hollow.
    """
    chain = stretch.anatomy.chain
    if not chain:
        return {}
    ends = [point(stretch.position, members) for members in chain]
    pieces = [after - before for before, after in pairwise(ends)]
    total: Floats = np.zeros_like(pieces[0][:, 0])
    for before, after in pairwise(pieces):
        bend = wrap(
            angle_of(after, stretch.scene.up_sign) - angle_of(before, stretch.scene.up_sign)
        )
        total = total + np.where(_upright(before) | _upright(after), np.float32(0), bend)
    found = {"spine_curvature": Quantity(PER_ANIMAL, total, "rad")}
    if stretch.scene.space_dims == 3:
        arch = _pitch(pieces[0]) - _pitch(pieces[-1])
        found["spine_arch"] = Quantity(PER_ANIMAL, arch, "rad")
    return found


def compute_wall(stretch: Stretch) -> dict[str, Quantity]:
    """Distance from the arena's wall, negative outside.

    Returns
    -------
    dict
        ``wall_distance`` and ``nose_wall_distance`` (cm), horizontal, of body centre and nose.
    """
    arena = stretch.scene.arena
    if arena is None:
        return {}
    note = {"arena": "fitted" if arena.fitted else "given"}
    found = {
        "wall_distance": Quantity(
            PER_ANIMAL, wall_distance(stretch.centre[:, :2], arena), "cm", note
        )
    }
    nose = stretch.anatomy.points.get("nose")
    if nose is not None:
        distance = wall_distance(point(stretch.position, nose)[:, :2], arena)
        found["nose_wall_distance"] = Quantity(PER_ANIMAL, distance, "cm", note)
    return found


def _extent(position: Floats, members: list[int]) -> Floats:
    """Largest distance between any two of some keypoints that are known."""
    largest = np.full((len(position), position.shape[3]), np.nan, dtype=position.dtype)
    for n, i in enumerate(members[:-1]):
        apart = np.square(position[:, :, members[n + 1 :]] - position[:, :, i][:, :, None])
        largest = np.fmax(largest, np.fmax.reduce(apart.sum(axis=1), axis=1))
    return np.asarray(np.sqrt(largest))


def _pitch(vector: Floats) -> Floats:
    return np.asarray(np.arctan2(vector[:, 2], np.hypot(vector[:, 0], vector[:, 1])))


def _upright(piece: Floats) -> np.ndarray:
    return np.asarray(length(piece[:, :2]) < _UPRIGHT * length(piece))
