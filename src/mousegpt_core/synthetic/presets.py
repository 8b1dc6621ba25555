"""Cameras that film the synthetic mouse."""

from __future__ import annotations

from mousegpt_core.errors import SettingsError
from mousegpt_core.geometry import Camera, look_at


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
