"""Mice whose movement is known by hand."""

from __future__ import annotations

import numpy as np
import xarray as xr

from mousegpt_core.poses import make_poses
from mousegpt_core.skeleton import Skeleton

# x forward, y to the left, z up, in cm; nose to tail base 8, centre of the spine at 0.
BODY = {
    "nose": (4.5, 0.0, 1.5),
    "ear_left": (3.0, 0.8, 2.0),
    "ear_right": (3.0, -0.8, 2.0),
    "neck": (2.0, 0.0, 2.0),
    "mid": (0.0, 0.0, 2.5),
    "hip": (-2.0, 0.0, 2.0),
    "tail_base": (-3.5, 0.0, 1.0),
    "tail_tip": (-9.0, 0.0, 0.5),
    "fl": (2.5, 1.0, 0.0),
    "fr": (2.5, -1.0, 0.0),
    "hl": (-2.0, 1.2, 0.0),
    "hr": (-2.0, -1.2, 0.0),
}
ROLES = {
    "nose": "nose",
    "ear_left": "ear_left",
    "ear_right": "ear_right",
    "neck": "neck",
    "spine": "mid",
    "hip": "hip",
    "tail_base": "tail_base",
    "tail_tip": "tail_tip",
    "forepaw_left": "fl",
    "forepaw_right": "fr",
    "hindpaw_left": "hl",
    "hindpaw_right": "hr",
}
SKELETON = Skeleton("test", tuple(BODY), {role: (name,) for role, name in ROLES.items()})
KEYPOINTS = list(BODY)


def walk(
    place: np.ndarray,
    heading: np.ndarray,
    *,
    body: dict[str, tuple[float, float, float]] | None = None,
) -> np.ndarray:
    """Positions (time, 3, keypoint, 1) of a rigid mouse from places (time, 2) and headings."""
    points = np.asarray(list((body or BODY).values()))
    cos, sin = np.cos(heading)[:, None], np.sin(heading)[:, None]
    x = place[:, :1] + cos * points[:, 0] - sin * points[:, 1]
    y = place[:, 1:] + sin * points[:, 0] + cos * points[:, 1]
    z = np.broadcast_to(points[:, 2], x.shape)
    return np.stack([x, y, z], axis=1)[..., None]


def still(frames: int, *, at: tuple[float, float] = (0.0, 0.0), heading: float = 0.0) -> np.ndarray:
    """A mouse that does not move."""
    return walk(np.tile(at, (frames, 1)), np.full(frames, heading))


def straight(frames: int, fps: float, speed: float = 5.0) -> np.ndarray:
    """Along the 3-4-5 line, nose ahead."""
    path = np.arange(frames)[:, None] / fps * speed * np.asarray([[0.6, 0.8]])
    return walk(path, np.full(frames, np.arctan2(0.8, 0.6)))


def circle(frames: int, fps: float, radius: float = 10.0, rate: float = 0.5) -> np.ndarray:
    """Round a circle, turning left at `rate` rad/s."""
    angle = np.arange(frames) / fps * rate
    place = radius * np.stack([np.sin(angle), 1 - np.cos(angle)], axis=1)
    return walk(place, angle)


def poses_of(
    position: np.ndarray,
    fps: float,
    *,
    unit: str = "cm",
    keypoints: list[str] | None = None,
    **more,
) -> xr.Dataset:
    names = keypoints or KEYPOINTS
    index = [KEYPOINTS.index(name) for name in names]
    return make_poses(position[:, :, index], keypoints=names, fps=fps, unit=unit, **more)


def picture(position: np.ndarray, *, from_below: bool = False) -> np.ndarray:
    """The horizontal plane as a picture: y runs down; from below, left and right change places."""
    flat = position[:, :2].copy()
    if not from_below:
        flat[:, 1] *= -1
    return flat
