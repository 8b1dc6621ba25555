"""Several cameras that look at the same scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mousegpt_core.errors import CalibrationError
from mousegpt_core.geometry.camera import Array, Camera


@dataclass(frozen=True, eq=False)
class CameraRig:
    """Cameras by name, in one world.

    Attributes
    ----------
    cameras : tuple of Camera
        In order; their names are unique.
    unit : str
        Unit of the world's coordinates: ``"mm"``, ``"cm"``, ``"m"`` or ``"unknown"``.
    error : float or None
        Mean reprojection error of the calibration in pixels, where it is known.

    Raises
    ------
    CalibrationError
        If there is no camera, a name repeats, or two cameras are one and the same.
    """

    cameras: tuple[Camera, ...]
    unit: str = "unknown"
    error: float | None = None

    def __post_init__(self) -> None:
        names = self.names
        repeated = sorted({name for name in names if names.count(name) > 1})
        if not names or repeated:
            raise CalibrationError(
                f"cameras of the same name: {', '.join(repeated)}" if names else "no cameras",
                hint="give every camera a name of its own",
            )
        for index, camera in enumerate(self.cameras):
            for other in self.cameras[:index]:
                if _same_place(camera, other):
                    raise CalibrationError(
                        f"the cameras {other.name!r} and {camera.name!r} are the same: "
                        "same place, direction and lens",
                        hint="one was copied over the other; take an older calibration or "
                        "calibrate again",
                    )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the cameras in order."""
        return tuple(camera.name for camera in self.cameras)

    def __iter__(self) -> Iterator[Camera]:
        return iter(self.cameras)

    def __len__(self) -> int:
        return len(self.cameras)

    def __getitem__(self, name: str) -> Camera:
        for camera in self.cameras:
            if camera.name == name:
                return camera
        raise CalibrationError(
            f"no camera is called {name!r}", hint="cameras: " + ", ".join(self.names)
        )

    def project(self, points: ArrayLike) -> Array:
        """Where points (..., 3) appear in every picture: pixels (camera, ..., 2).

        NaN for unknown points and those behind a camera (`Camera.project`).
        """
        return np.stack([camera.project(points) for camera in self.cameras])


def _same_place(one: Camera, other: Camera) -> bool:
    return all(
        np.array_equal(getattr(one, field), getattr(other, field))
        for field in ("matrix", "rotation", "translation")
    )
