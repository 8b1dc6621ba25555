"""A pinhole camera, just enough to film the synthetic mouse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mousegpt_core.errors import SettingsError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera without distortion.

    Attributes
    ----------
    name : str
        Name of the view.
    width, height : int
        Image size in pixels.
    K : array of shape (3, 3)
        Intrinsics in pixels.
    R, t : array of shape (3, 3) and (3,)
        World to camera: ``R @ point + t`` in cm; camera axes are right, down, forward.
    """

    name: str
    width: int
    height: int
    K: Array
    R: Array
    t: Array

    @property
    def position(self) -> Array:
        """Where the camera stands (3,), in world coordinates (cm)."""
        return np.asarray(-self.R.T @ self.t)


def look_at(
    name: str,
    position: ArrayLike,
    target: ArrayLike,
    *,
    up: ArrayLike = (0.0, 0.0, 1.0),
    focal: float,
    size: tuple[int, int] = (640, 480),
) -> Camera:
    """A camera that looks at a point.

    Parameters
    ----------
    name : str
        Name of the view.
    position, target : array of shape (3,)
        World coordinates in cm.
    up : array of shape (3,)
        The direction that is up in the picture; not parallel to the line of sight.
    focal : float
        Focal length in pixels.
    size : (int, int)
        Image size (width, height) in pixels.
    """
    position = np.asarray(position, dtype=np.float64)
    forward = np.asarray(target, dtype=np.float64) - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, np.asarray(up, dtype=np.float64))
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    width, height = size
    intrinsics = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])
    return Camera(name, width, height, intrinsics, rotation, -rotation @ position)


def preset_camera(name: str, size: tuple[int, int] = (640, 480)) -> Camera:
    """A camera that sees the whole arena of 25 cm: ``"top"`` or ``"side"``.

    Raises
    ------
    SettingsError
        If there is no view of that name.
    """
    scale = min(size[0] / 640, size[1] / 480)
    if name == "top":
        return look_at(name, (0, 0, 60), (0, 0, 0), up=(0, 1, 0), focal=1020 * scale, size=size)
    if name == "side":
        return look_at(name, (0, -55, 14), (0, 0, 2.8), focal=1130 * scale, size=size)
    raise SettingsError(f"there is no view {name!r}", hint="views: top, side")


def project(points: ArrayLike, camera: Camera) -> Array:
    """Project points into the picture.

    Parameters
    ----------
    points : array of shape (..., 3)
        World coordinates in cm, in front of the camera.
    camera : Camera
        The camera.

    Returns
    -------
    array of shape (..., 2)
        Pixels, x right and y down; the centre of the first pixel is (0, 0).
    """
    seen = np.asarray(points, dtype=np.float64) @ camera.R.T + camera.t
    pixels = seen @ camera.K.T
    return np.asarray(pixels[..., :2] / pixels[..., 2:])
