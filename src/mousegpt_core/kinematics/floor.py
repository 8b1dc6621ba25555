"""The floor under the animal, from where its lowest keypoints have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mousegpt_core.kinematics.anatomy import Anatomy
from mousegpt_core.kinematics.signals import Floats

#: Below this ratio of the thinnest to the middle spread, places lie in a plane.
_FLAT = 0.3
#: Least spread (standard deviation, cm) across the plane for its slope to be known: of an animal
#: that has walked about, and of the four feet of one that has not.
_ROAMED_CM = 1.0
_STANCE_CM = 0.5
#: A tilt below this may be an error of a small plane (rad).
_DOUBTFUL_TILT = np.pi / 6
#: Places needed for a plane.
_FEWEST = 50
#: Share of the feet's places that lie below the floor's zero: the lower half of the noise at rest.
_FLOOR_SHARE = 0.25
_ROUNDS = 12

Rotation = tuple[tuple[float, ...], ...]
UPRIGHT: Rotation = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Floor:
    """The floor.

    Attributes
    ----------
    rotation : tuple of three rows
        ``rotated = rotation @ place`` has z up.
    height : float
        z of the floor after the rotation, cm.
    source : str
        ``"fitted"``; ``"assumed"`` if the animal moved too little and z is taken as up or down.
    """

    rotation: Rotation
    height: float
    source: Literal["fitted", "assumed", ""]


def fit_floor(position: Floats, anatomy: Anatomy) -> Floor:
    """Find the floor.

    The plane is found in three steps: the thinnest direction of where the feet have been (any
    axis may be up), turned to the side on which the body is; then a plane through the lower
    part of the places, refitted until it stays; then its height, so that a resting paw is at 0.

    Parameters
    ----------
    position : array of shape (time, 3, keypoint, individual)
        Sampled positions in cm; NaN where unknown.
    anatomy : Anatomy
        What the keypoints stand for.
    """
    low = _low_places(position, anatomy)
    if len(low) == 0:
        return Floor(UPRIGHT, 0.0, "assumed")
    roamed = _thinnest(low, _ROAMED_CM) is not None
    up = _up(low, position, anatomy)
    rotation = _turn_up(_refine(low, up) if roamed else up)
    height = float(np.quantile(low @ rotation[2], _FLOOR_SHARE))
    rows = tuple(tuple(float(value) for value in row) for row in rotation)
    return Floor(rows, height, "fitted" if roamed else "assumed")


def _low_places(position: Floats, anatomy: Anatomy) -> Floats:
    """Places of the hindpaws; else of the forepaws, the rear end, or all keypoints."""
    hind = [i for paw, i in anatomy.paws.items() if paw.startswith("hind")]
    members = hind or list(anatomy.paws.values()) or list(anatomy.points.get("tail_base", ()))
    return _places(position, members or list(anatomy.rear or range(position.shape[2])))


def _places(position: Floats, members: Sequence[int]) -> Floats:
    """Known places of some keypoints; shape (n, 3)."""
    places = np.moveaxis(position[:, :, list(members)], 1, -1).reshape(-1, 3).astype(np.float64)
    return np.asarray(places[np.isfinite(places).all(axis=1)])


def _up(low: Floats, position: Floats, anatomy: Anatomy) -> Floats:
    """Rough direction of up; +z or -z where the places say little."""
    normal = _thinnest(low, _ROAMED_CM)
    if normal is None:
        # All four feet of an animal that hardly walked span a small plane: it can tell a wrong
        # axis, but not a tilt of a few degrees.
        normal = _thinnest(_places(position, list(anatomy.paws.values())), _STANCE_CM)
        if normal is None or abs(normal[2]) > np.cos(_DOUBTFUL_TILT):
            normal = np.asarray([0.0, 0.0, 1.0])
            if not anatomy.paws:
                return normal
    return np.asarray(normal * _side(normal, np.median(low, axis=0), position, anatomy))


def _thinnest(places: Floats, spread: float) -> Floats | None:
    """Direction in which places lie in a plane; None if they do not, or cover too little of it."""
    if len(places) < _FEWEST:
        return None
    distance = np.linalg.norm(places - np.median(places, axis=0), axis=1)
    near = places[distance <= np.quantile(distance, 0.99)]
    values, vectors = np.linalg.eigh(np.cov(near.T))
    thin, middle = np.sqrt(np.maximum(values[:2], 0.0))
    return vectors[:, 0] if middle >= spread and thin <= _FLAT * middle else None


def _side(normal: Floats, middle: Floats, position: Floats, anatomy: Anatomy) -> float:
    """+1 if the body lies on the normal's side of the low places, else -1."""
    above = (_places(position, anatomy.body) - middle) @ normal
    # Both the mean and the far end count: a mouse rears up, never down.
    lean = float(above.mean() + np.quantile(above, 0.99) + np.quantile(above, 0.01))
    if abs(lean) < 1e-6:
        return 1.0 if normal[2] >= 0 else -1.0
    return float(np.sign(lean))


def _refine(low: Floats, up: Floats) -> Floats:
    """Normal of the plane through the places that lie on the floor."""
    rotation = _turn_up(up)
    places = low @ rotation.T
    design = np.column_stack([places[:, :2], np.ones(len(places))])
    height = places[:, 2]
    slope = np.asarray([0.0, 0.0, np.median(height)])
    for _ in range(_ROUNDS):
        rest = height - design @ slope
        floor = (rest >= np.quantile(rest, 0.02)) & (rest <= np.quantile(rest, 0.7))
        slope = np.linalg.lstsq(design[floor], height[floor], rcond=None)[0]
    normal = rotation.T @ np.asarray([-slope[0], -slope[1], 1.0])
    return np.asarray(normal / np.linalg.norm(normal))


def _turn_up(normal: Floats) -> Floats:
    """The smallest rotation that turns `normal` into +z (Rodrigues' formula)."""
    normal = normal / np.linalg.norm(normal)
    x, y, z = (float(v) for v in normal)
    if z < -1 + 1e-9:
        return np.diag([1.0, -1.0, -1.0])
    cross = np.asarray([[0, 0, -x], [0, 0, -y], [x, y, 0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1 + z))
