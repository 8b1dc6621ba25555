"""Cameras that film the synthetic mice: MouseGPT's eight, or some of them."""

from __future__ import annotations

import numpy as np

from mousegpt_core.errors import SettingsError
from mousegpt_core.geometry import Camera, CameraRig, look_at
from mousegpt_core.synthetic.stage import RING_CAMERAS, RING_HEIGHT, RING_RADIUS

#: Height of the camera on top (cm).
TOP_HEIGHT = 120.0
RING_NAMES = tuple(f"ring{number + 1}" for number in range(RING_CAMERAS))
#: All views there are: one on top, a ring at the height of the floor, one obliquely from the side.
VIEWS = ("top", *RING_NAMES, "side")
#: What tells a real camera from the one in the plan: standard deviations of its place and aim (cm),
#: of its focal length (share) and of the middle of its picture (share of the width).
_PLACE, _AIM, _FOCAL, _MIDDLE = 0.6, 0.4, 0.01, 0.006


def preset_camera(name: str, size: tuple[int, int] = (640, 480)) -> Camera:
    """A camera that sees the whole arena of 25 cm, ideal and exactly in its place.

    Parameters
    ----------
    name : str
        One of `VIEWS`.
    size : (int, int)
        Width and height of the picture in pixels.

    Raises
    ------
    SettingsError
        If there is no view of that name.
    """
    width, height = size
    if name == "top":
        focal = min(3.6 * width, 3.75 * height)
        return look_at(name, (0, 0, TOP_HEIGHT), (0, 0, 0), up=(0, 1, 0), focal=focal, size=size)
    if name == "side":
        focal = min(1.77 * width, 2.35 * height)
        return look_at(name, (0, -55, 14), (0, 0, 2.8), focal=focal, size=size)
    if name in RING_NAMES:
        angle = 2 * np.pi * RING_NAMES.index(name) / RING_CAMERAS
        place = (RING_RADIUS * np.cos(angle), RING_RADIUS * np.sin(angle), RING_HEIGHT)
        focal = min(2.45 * width, 3.5 * height)
        return look_at(name, place, (0, 0, 5.8), focal=focal, size=size)
    raise SettingsError(f"there is no view {name!r}", hint="views: " + ", ".join(VIEWS))


def preset_rig(
    cameras: str = "8", size: tuple[int, int] = (640, 480), *, seed: int = 0
) -> CameraRig:
    """A rig of real cameras: each a little off its place, with a lens of its own.

    Parameters
    ----------
    cameras : str
        How many, 1 to 8: one on top, the others evenly on the ring; or names out of `VIEWS`,
        separated by commas.
    size : (int, int)
        Width and height of the pictures in pixels.
    seed : int
        Seed of what tells the cameras apart.

    Raises
    ------
    SettingsError
        If there is no such number or view.
    """
    names = _names(cameras)
    return CameraRig(tuple(_real_camera(name, size, seed) for name in names), unit="cm")


def _names(cameras: str) -> list[str]:
    if not cameras.strip().isdecimal():
        names = [name.strip() for name in cameras.split(",")]
        if len(set(names)) < len(names):
            raise SettingsError(f"--cameras {cameras}: a view is named twice", hint="name it once")
        return names
    count = int(cameras)
    if not 1 <= count <= 1 + RING_CAMERAS:
        raise SettingsError(
            f"there is no rig of {count} cameras",
            hint=f"1 to {1 + RING_CAMERAS}, or names: " + ", ".join(VIEWS),
        )
    steps = np.arange(count - 1) * RING_CAMERAS / max(count - 1, 1)
    return ["top", *(RING_NAMES[int(step)] for step in steps)]


def _real_camera(name: str, size: tuple[int, int], seed: int) -> Camera:
    plan = preset_camera(name, size)
    rng = np.random.default_rng([seed, 8, VIEWS.index(name)])
    place = plan.centre + rng.normal(0, _PLACE, 3)
    ahead = plan.rotation[2] * np.linalg.norm(plan.centre)
    target = plan.centre + ahead + rng.normal(0, _AIM, 3)
    up = -plan.rotation[1] + rng.normal(0, 0.01, 3)
    focal = float(plan.matrix[0, 0]) * (1 + rng.normal(0, _FOCAL))
    lens = rng.normal([-0.12, 0.05, 0, 0, 0], [0.03, 0.05, 4e-4, 4e-4, 0.0])
    camera = look_at(name, place, target, up=up, focal=focal, size=size, distortion=lens)
    matrix = camera.matrix.copy()
    matrix[:2, 2] += rng.normal(0, _MIDDLE * size[0], 2)
    return Camera(name, size, matrix, camera.rotation, camera.translation, lens)
