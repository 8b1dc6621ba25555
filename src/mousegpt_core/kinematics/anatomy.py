"""Which keypoints stand for the points and axes of the body; substitutes where some are absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mousegpt_core.kinematics.signals import Floats, mean_known
from mousegpt_core.skeleton import LIMBS, SIDES, Skeleton

#: Share of the distance nose - tail base that lies between a substitute pair in a walking mouse.
PROPORTIONS: dict[tuple[str, str], float] = {
    ("nose", "tail_base"): 1.0,
    ("nose", "hip"): 0.85,
    ("head", "tail_base"): 0.85,
    ("ears", "tail_base"): 0.80,
    ("neck", "tail_base"): 0.72,
    ("nose", "hindpaws"): 0.80,
    ("spine", "tail_base"): 0.65,
    ("neck", "hip"): 0.55,
    ("shoulders", "tail_base"): 0.62,
    ("forepaws", "tail_base"): 0.65,
    ("forepaws", "hindpaws"): 0.50,
    ("nose", "ears"): 0.22,
}
_PAIRED = {
    "ears": "ear",
    "eyes": "eye",
    "shoulders": "shoulder",
    "haunches": "haunch",
    "flanks": "flank",
    "forepaws": "forepaw",
    "hindpaws": "hindpaw",
}
_FRONT = ("neck", "spine", "shoulders", "ears", "head", "forepaws", "nose")
_REAR = ("tail_base", "hip", "haunches", "hindpaws")
_HEAD_BASE = ("ears", "neck", "head", "shoulders", "forepaws")
_HEAD_TIP = ("nose", "head")

Point = tuple[int, ...]


@dataclass(frozen=True)
class Anatomy:
    """Keypoints of a poses Dataset by what they stand for, as indices along ``keypoint``.

    Attributes
    ----------
    keypoints : tuple of str
        Names, as in the poses.
    points : dict of str to tuple of int
        Named points, each the mean of its keypoints: roles, and pairs such as ``"ears"``.
    front, rear, head_base, head_tip : tuple of int or None
        Ends of the trunk's and the head's axis.
    centre : tuple of int
        Keypoints whose mean is the body centre.
    chain : tuple of tuple of int
        Points of the midline from tail base to neck (or head), for the curvature.
    regions : dict of str to tuple of int
        Regions of `region_speed`, without ``overall``.
    pairs : tuple of (int, int)
        Left and right keypoint of each part that has both.
    paws : dict of str to int
        ``forepaw_left`` ... to the keypoint.
    joints : dict of str to tuple of int
        ``elbow_left`` ... to the three keypoints that make the angle.
    tail : tuple of int
        Keypoints of the tail beyond its base.
    body : tuple of int
        Keypoints with a role but the tail's; keypoints without a role may be corners of the arena
        or another view's. Where there is nothing else, the tail or all keypoints.
    """

    keypoints: tuple[str, ...]
    points: dict[str, Point]
    front: Point | None
    rear: Point | None
    head_base: Point | None
    head_tip: Point | None
    centre: Point
    chain: tuple[Point, ...]
    regions: dict[str, Point]
    pairs: tuple[tuple[int, int], ...]
    paws: dict[str, int]
    joints: dict[str, tuple[int, int, int]]
    tail: Point
    body: Point

    @property
    def length_pair(self) -> tuple[str, str] | None:
        """The two points whose distance stands for the body length, best first."""
        return next((p for p in PROPORTIONS if p[0] in self.points and p[1] in self.points), None)


def read_anatomy(skeleton: Skeleton, keypoints: Sequence[str]) -> Anatomy:
    """Find the points and axes of the body among these keypoints.

    Parameters
    ----------
    skeleton : Skeleton
        Roles; keypoints that the poses lack are ignored.
    keypoints : sequence of str
        Names along ``keypoint`` of the poses.
    """
    names = [str(name) for name in keypoints]
    skeleton = skeleton.select(names)
    points = _points(skeleton, names)
    front = _first(points, _FRONT)
    rear = _first(points, _REAR) or _last_spine(skeleton, names)
    if front == rear or front is None or rear is None:
        front = _first({k: v for k, v in points.items() if v != rear}, _FRONT)
    tip = _first(points, _HEAD_TIP)
    tail = _members(skeleton, names, ("tail", "tail_tip"))
    roles = _members(skeleton, names, tuple(skeleton.roles))
    base = _first({k: v for k, v in points.items() if v != tip}, _HEAD_BASE)
    return Anatomy(
        keypoints=tuple(names),
        points=points,
        front=front if rear else None,
        rear=rear if front else None,
        head_base=base if tip else None,
        head_tip=tip if base else None,
        centre=_centre(skeleton, names, points),
        chain=_chain(skeleton, names, points),
        regions=_regions(skeleton, names),
        pairs=tuple((names.index(left), names.index(right)) for left, right in skeleton.pairs),
        paws=_paws(skeleton, names),
        joints=_joints(skeleton, names),
        tail=tail,
        body=tuple(i for i in roles if i not in tail) or tail or tuple(range(len(names))),
    )


def point(values: Floats, members: Point) -> Floats:
    """Mean of some keypoints; NaN where one of them is missing, so that it never jumps.

    Parameters
    ----------
    values : array of shape (time, space, keypoint, individual)
        Positions.
    members : tuple of int
        Keypoints.

    Returns
    -------
    array of shape (time, space, individual)
    """
    if len(members) == 1:
        return values[:, :, members[0]]
    return np.asarray(values[:, :, list(members)].mean(axis=2))


def centre_point(values: Floats, anatomy: Anatomy) -> Floats:
    """Mean of the centre's keypoints that are known; shape (time, space, individual)."""
    return mean_known(values[:, :, list(anatomy.centre)], axis=2)


def _members(skeleton: Skeleton, names: list[str], roles: Sequence[str]) -> Point:
    """Keypoints of some roles, in the order of the poses."""
    return tuple(
        sorted(names.index(name) for role in roles for name in skeleton.roles.get(role, ()))
    )


def _points(skeleton: Skeleton, names: list[str]) -> dict[str, Point]:
    points: dict[str, Point] = {}
    for role in ("nose", "head", "neck", "hip", "tail_base"):
        name = skeleton.keypoint(role)
        if name is not None:
            points[role] = (names.index(name),)
    spine = skeleton.roles.get("spine", ())
    if spine:
        points["spine"] = (names.index(spine[0]),)
    for pair, part in _PAIRED.items():
        sides = [skeleton.keypoint(f"{part}_{side}") for side in SIDES]
        if all(sides):
            points[pair] = tuple(names.index(side) for side in sides if side)
    return points


def _first(points: dict[str, Point], order: Sequence[str]) -> Point | None:
    return next((points[name] for name in order if name in points), None)


def _last_spine(skeleton: Skeleton, names: list[str]) -> Point | None:
    spine = skeleton.roles.get("spine", ())
    return (names.index(spine[-1]),) if spine else None


def _centre(skeleton: Skeleton, names: list[str], points: dict[str, Point]) -> Point:
    """Midline of the torso and flanks; completed at the end that is missing."""
    members = [names.index(name) for name in skeleton.spine_chain]
    members += [i for pair in ("flanks", "shoulders", "haunches") for i in points.get(pair, ())]
    has_front = any(name in points for name in ("neck", "spine", "shoulders"))
    has_rear = any(name in points for name in ("tail_base", "hip", "haunches", "spine"))
    if not has_front:
        members += _first(points, ("ears", "head", "forepaws", "nose")) or ()
    if not has_rear:
        members += _first(points, ("hindpaws",)) or ()
    everything = _members(skeleton, names, tuple(skeleton.roles)) or tuple(range(len(names)))
    return tuple(dict.fromkeys(members)) or everything


def _chain(skeleton: Skeleton, names: list[str], points: dict[str, Point]) -> tuple[Point, ...]:
    chain: list[Point] = [(names.index(name),) for name in reversed(skeleton.spine_chain)]
    if len(chain) < 3:
        ahead = [points[name] for name in ("ears", "head", "nose") if name in points]
        chain += ahead[: 3 - len(chain)]
    if len(chain) > 4:
        # Of many short pieces each has an uncertain direction; two joints between four points do.
        inner = [i for members in chain[1:-1] for i in members]
        half = len(inner) // 2
        chain = [chain[0], tuple(inner[:half]), tuple(inner[half:]), chain[-1]]
    return tuple(chain) if len(chain) >= 3 else ()


def _regions(skeleton: Skeleton, names: list[str]) -> dict[str, Point]:
    found = {
        region: tuple(names.index(name) for name in skeleton.regions.get(region, ()))
        for region in ("head", "torso", "tail")
    }
    for limb in LIMBS:
        found[limb.replace("leg", "limb")] = tuple(
            names.index(name) for name in skeleton.limb(limb)
        )
    return {region: members for region, members in found.items() if members}


def _paws(skeleton: Skeleton, names: list[str]) -> dict[str, int]:
    found = {limb.replace("leg", "paw"): skeleton.paw(limb) for limb in LIMBS}
    return {paw: names.index(name) for paw, name in found.items() if name is not None}


def _joints(skeleton: Skeleton, names: list[str]) -> dict[str, tuple[int, int, int]]:
    """Keypoints on both sides of each joint along the limb; the hip closes the knee."""
    joints = {}
    for limb in LIMBS:
        side = limb.rpartition("_")[2]
        chain = list(skeleton.limb(limb))
        hip = skeleton.keypoint("hip")
        if limb.startswith("hind") and hip and not skeleton.has(f"haunch_{side}"):
            chain.append(hip)
        for far, joint, near in zip(chain, chain[1:], chain[2:], strict=False):
            role = skeleton.role_of(joint) or joint
            joints[role] = (names.index(far), names.index(joint), names.index(near))
    return joints
