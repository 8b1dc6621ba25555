"""A close look at some points, and back to the whole picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Room around what is looked at, and the least of the whole that is shown.
_ROOM, _CLOSEST = 4.0, 0.08
#: Power of the zoom by which points shrink, so that one sees what is under them.
_SHRINK = 0.7


class Closer:
    """The camera of a viewer, near or far.

    Parameters
    ----------
    viewer : ViewerModel
        Whose camera.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._far: tuple[float, Any] | None = None
        self._usual = (1.0, 1.0)

    @property
    def is_near(self) -> bool:
        """Whether it looks closely."""
        return self._far is not None

    def begin(self) -> None:
        """Let `look` bring the camera near."""
        camera = self._viewer.scene.camera
        self._far = (camera.zoom, camera.center)
        self._viewer.reset_view()
        corners = np.asarray(self._viewer.layers.extent.world)[:, -2:]
        self._usual = (camera.zoom, float(np.ptp(corners, axis=0).max()))

    def end(self) -> None:
        """Back to where it was."""
        camera = self._viewer.scene.camera
        if self._far is not None:
            camera.zoom, camera.center = self._far
        self._far = None

    def look(self, places: NDArray[np.float32]) -> float:
        """Bring points, ``([z,] y, x)``, to the middle; how large points are then, as a share."""
        camera = self._viewer.scene.camera
        zoom, whole = self._usual
        wanted = max(float(np.ptp(places[:, -2:], axis=0).max()) * _ROOM, whole * _CLOSEST)
        closer = max(whole / wanted, 1.0)
        camera.zoom = zoom * closer
        camera.center = (*camera.center[:-2], *places[:, -2:].mean(axis=0).tolist())
        return float(closer**-_SHRINK)
