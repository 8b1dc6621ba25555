"""A camera: from points in space to pixels and back to lines of sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mousegpt_core.errors import CalibrationError
from mousegpt_core.geometry.lens import distort, reach, straighten

Array = NDArray[np.float64]
#: No picture has longer sides (pixels).
_LARGEST = 100_000


@dataclass(frozen=True, eq=False)
class Camera:
    """A calibrated camera, in OpenCV's conventions.

    Attributes
    ----------
    name : str
        Name of the view.
    size : (int, int)
        Width and height of the picture in pixels.
    matrix : array of shape (3, 3)
        Intrinsics K in pixels; the centre of the first pixel is (0, 0), x right, y down.
    rotation, translation : array of shape (3, 3) and (3,)
        World to camera: ``rotation @ point + translation``; camera axes are right, down, forward.
    distortion : array of shape (5,)
        k1, k2, p1, p2, k3, missing ones 0; of a fisheye k1, k2, k3, k4, 0.
    fisheye : bool
        Whether the lens is a fisheye (`geometry.lens`).

    Raises
    ------
    CalibrationError
        If a shape is wrong, a number not finite, a focal length not positive, or the rotation
        is none.
    """

    name: str
    size: tuple[int, int]
    matrix: Array
    rotation: Array
    translation: Array
    distortion: Array
    fisheye: bool = False

    def __init__(
        self,
        name: str,
        size: tuple[int, int],
        matrix: ArrayLike,
        rotation: ArrayLike,
        translation: ArrayLike,
        distortion: ArrayLike = (),
        *,
        fisheye: bool = False,
    ) -> None:
        lens = np.zeros(5)
        given = finite(name, "distortion", distortion).reshape(-1)
        if len(given) > 5 and given[5:].any():
            raise CalibrationError(
                f"camera {name!r}: a lens model that is not known",
                expected="at most 5 numbers: k1, k2, p1, p2, k3",
                found=f"{len(given)} numbers",
                hint="calibrate with OpenCV's model of five numbers",
            )
        lens[: min(len(given), 5)] = given[:5]
        values = {
            "name": str(name),
            "size": (int(size[0]), int(size[1])),
            "matrix": finite(name, "matrix", matrix, (3, 3)),
            "rotation": finite(name, "rotation", rotation, (3, 3)),
            "translation": finite(name, "translation", translation, (3,)),
            "distortion": lens,
            "fisheye": bool(fisheye),
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)
        self._check()

    @property
    def width(self) -> int:
        """Width of the picture in pixels."""
        return self.size[0]

    @property
    def height(self) -> int:
        """Height of the picture in pixels."""
        return self.size[1]

    @property
    def centre(self) -> Array:
        """Where the camera stands (3,), in world coordinates."""
        return np.asarray(-self.rotation.T @ self.translation)

    def depth(self, points: ArrayLike) -> Array:
        """Distance (...) of points (..., 3) along the line of sight; negative behind the camera."""
        points = np.asarray(points, dtype=np.float64)
        return np.asarray(points @ self.rotation[2] + self.translation[2])

    def project(self, points: ArrayLike) -> Array:
        """Where points appear in the picture.

        Parameters
        ----------
        points : array of shape (..., 3)
            World coordinates; NaN where unknown.

        Returns
        -------
        array of shape (..., 2)
            Pixels, also outside the picture; NaN for unknown points and those behind the camera.
        """
        ideal = self._ideal(points)
        moved = distort(ideal, self.distortion, fisheye=self.fisheye)
        return np.asarray(moved @ self.matrix[:2, :2].T + self.matrix[:2, 2])

    def sees(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Whether points (..., 3) fall into the picture; (...).

        Beyond the radius from which on a lens polynomial turns back, nothing does.
        """
        ideal = self._ideal(points)
        pixels = self.project(points)
        inside = (pixels > -0.5) & (pixels < np.array(self.size) - 0.5)
        known = np.linalg.norm(ideal, axis=-1) < reach(self.distortion, fisheye=self.fisheye)
        return np.asarray(inside.all(axis=-1) & known)

    def undistort(self, pixels: ArrayLike) -> Array:
        """Where pixels would lie if the lens were perfect.

        Parameters
        ----------
        pixels : array of shape (..., 2)
            As in the picture; NaN where unknown.

        Returns
        -------
        array of shape (..., 2)
            Pixels of a pinhole camera of the same matrix; NaN where the lens shows nothing.
        """
        ideal = self._straight(pixels)
        return np.asarray(ideal @ self.matrix[:2, :2].T + self.matrix[:2, 2])

    def rays(self, pixels: ArrayLike) -> Array:
        """Directions (..., 3), of length 1 in world coordinates, in which pixels (..., 2) look."""
        ideal = self._straight(pixels)
        forward = np.concatenate([ideal, np.ones_like(ideal[..., :1])], axis=-1)
        forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
        return np.asarray(forward @ self.rotation)

    def _ideal(self, points: ArrayLike) -> Array:
        """Normalised coordinates (..., 2) before the lens; NaN behind the camera."""
        seen = np.asarray(points, dtype=np.float64) @ self.rotation.T + self.translation
        depth = seen[..., 2:]
        return np.asarray(seen[..., :2] / np.where(depth > 0, depth, np.nan))

    def _straight(self, pixels: ArrayLike) -> Array:
        """Normalised coordinates (..., 2) of pixels (..., 2), freed of the lens."""
        pixels = np.asarray(pixels, dtype=np.float64)
        moved = (pixels - self.matrix[:2, 2]) @ np.linalg.inv(self.matrix[:2, :2]).T
        return straighten(moved, self.distortion, fisheye=self.fisheye)

    def _check(self) -> None:
        hint = "calibrate this camera again"
        focal = self.matrix[[0, 1], [0, 1]]
        if not (focal > 0).all() or np.linalg.norm(self.matrix[2] - [0, 0, 1]) > 1e-6:
            raise CalibrationError(
                f"camera {self.name!r}: not a camera matrix",
                expected="[[fx, s, cx], [0, fy, cy], [0, 0, 1]] with positive fx and fy",
                found=str(self.matrix.round(3).tolist()), hint=hint,
            )  # fmt: skip
        # Written with few digits, a rotation is no longer quite one.
        turned = self.rotation @ self.rotation.T
        if np.abs(turned - np.eye(3)).max() > 1e-3 or np.linalg.det(self.rotation) < 0:
            raise CalibrationError(
                f"camera {self.name!r}: the rotation is none",
                expected="an orthonormal matrix of determinant 1",
                found=str(self.rotation.round(3).tolist()), hint=hint,
            )  # fmt: skip
        if not 1 <= min(self.size) <= max(self.size) <= _LARGEST:
            raise CalibrationError(
                f"camera {self.name!r}: an impossible size of the picture",
                expected="width and height in pixels", found=str(self.size), hint=hint,
            )  # fmt: skip


def finite(name: str, field: str, values: ArrayLike, shape: tuple[int, ...] | None = None) -> Array:
    """Finite numbers of a camera, as an array of the shape that is wanted.

    Raises
    ------
    CalibrationError
        If they are none; names the camera and the field.
    """
    hint = "write the calibration again with the tool that made it"
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise CalibrationError(
            f"camera {name!r}: {field} is not made of numbers", found=str(values)[:80], hint=hint
        ) from error
    if (shape and numbers.shape != shape) or not np.isfinite(numbers).all():
        raise CalibrationError(
            f"camera {name!r}: an impossible {field}",
            expected="finite numbers" + (f" of shape {shape}" if shape else ""),
            found=f"shape {numbers.shape}" if shape not in (None, numbers.shape) else "not finite",
            hint=hint,
        )
    return numbers


def look_at(
    name: str,
    position: ArrayLike,
    target: ArrayLike,
    *,
    up: ArrayLike = (0.0, 0.0, 1.0),
    focal: float,
    size: tuple[int, int] = (640, 480),
    distortion: ArrayLike = (),
) -> Camera:
    """A camera that looks at a point, its picture centred on it.

    Parameters
    ----------
    name : str
        Name of the view.
    position, target : array of shape (3,)
        World coordinates.
    up : array of shape (3,)
        The direction that is up in the picture; not parallel to the line of sight.
    focal : float
        Focal length in pixels.
    size : (int, int)
        Width and height of the picture in pixels.
    distortion : array of shape (5,)
        As in `Camera`.

    Raises
    ------
    CalibrationError
        If position and target are the same, or `up` is parallel to the line of sight.
    """
    position = np.asarray(position, dtype=np.float64)
    forward = np.asarray(target, dtype=np.float64) - position
    right = np.cross(forward, np.asarray(up, dtype=np.float64))
    if np.linalg.norm(right) < 1e-9:
        raise CalibrationError(
            f"camera {name!r} looks nowhere or straight up", hint="choose another target or up"
        )
    forward /= np.linalg.norm(forward)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    width, height = size
    matrix = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    return Camera(name, size, matrix, rotation, -rotation @ position, distortion)
