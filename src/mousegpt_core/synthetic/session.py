"""A recording session of synthetic mice: who is in it, which cameras film it, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from pydantic import Field, field_validator

from mousegpt_core.errors import SettingsError
from mousegpt_core.geometry import Camera, CameraRig
from mousegpt_core.settings import Settings
from mousegpt_core.synthetic.coats import COATS, find_coat
from mousegpt_core.synthetic.filming import expose, find_points
from mousegpt_core.synthetic.presets import preset_rig
from mousegpt_core.synthetic.simulate import (
    SimulationSettings,
    SyntheticRecording,
    simulate_group,
)

#: Cameras that start late do so by at most this much (s).
_LATEST_S = 0.3
#: Coats of the animals in their order.
_COATS = ("black", "white", "agouti", "brown")
#: How much animals differ in size: standard deviation (share).
_SIZE = 0.04


class SessionSettings(Settings):
    """What to record.

    Attributes
    ----------
    animals : int
        Mice in the arena, 1 to 4.
    coats : tuple of str
        Their coats (`coats.COATS`); different ones by default.
    cameras : str
        How many, 1 to 8, or names of views (`presets.preset_rig`).
    size : (int, int)
        Width and height of the pictures in pixels.
    seconds : float
        Length (s).
    fps : float
        Frames per second, of the truth in space and of cameras of which `rates` says nothing.
    rates : dict of str to float
        Frames per second of single cameras.
    offsets : bool
        Whether the cameras start at different times.
    drop : float
        Probability that a camera loses a frame.
    fluorescence : bool
        Whether each camera also films fluorescent dots on the skin.
    exposure_s : float
        How long a picture is exposed (s).
    seed : int
        Seed of everything that is drawn.
    """

    animals: int = Field(default=1, ge=1, le=4)
    coats: tuple[str, ...] = ()
    cameras: str = "8"
    size: tuple[int, int] = (640, 480)
    seconds: float = Field(default=10.0, gt=0, le=36_000)
    fps: float = Field(default=60.0, gt=0, le=1000)
    rates: dict[str, float] = Field(default_factory=dict)
    offsets: bool = False
    drop: float = Field(default=0.0, ge=0, le=0.9)
    fluorescence: bool = False
    exposure_s: float = Field(default=0.004, ge=0, le=1)
    seed: int = Field(default=0, ge=0)

    @field_validator("size")
    @classmethod
    def _check_size(cls, size: tuple[int, int]) -> tuple[int, int]:
        if not (min(size) >= 64 and max(size) <= 8192):
            raise ValueError("sides of pictures must have 64 to 8192 pixels")
        return size

    @field_validator("rates")
    @classmethod
    def _check_rates(cls, rates: dict[str, float]) -> dict[str, float]:
        if any(not 0 < rate <= 1000 for rate in rates.values()):
            raise ValueError("frames per second must be between 0 and 1000")
        return rates

    @field_validator("coats")
    @classmethod
    def _check_coats(cls, coats: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(coats) - set(COATS))
        if unknown:
            raise ValueError(f"no coat is called {unknown[0]!r}; coats: {', '.join(COATS)}")
        return coats


@dataclass(frozen=True, eq=False)
class Shutter:
    """When a camera takes its pictures.

    Attributes
    ----------
    fps : float
        Frames per second.
    offset_s : float
        When its first picture is due (s on the common clock).
    counter : array of shape (frame,), int
        The camera's own count of each frame that was kept; numbers that are missing were lost.
    times : array of shape (frame,)
        Middle of each exposure (s on the common clock).
    """

    fps: float
    offset_s: float
    counter: np.ndarray
    times: np.ndarray


@dataclass(frozen=True, eq=False)
class Session:
    """A session whose truth is known.

    Attributes
    ----------
    settings : SessionSettings
        What was asked for.
    recordings : list of SyntheticRecording
        One an animal.
    coats : tuple of str
        Coat of each animal.
    rig : CameraRig
        The cameras.
    shutters : mapping of str to Shutter
        When each camera takes its pictures.
    """

    settings: SessionSettings
    recordings: list[SyntheticRecording]
    coats: tuple[str, ...]
    rig: CameraRig
    shutters: Mapping[str, Shutter]

    @property
    def names(self) -> list[str]:
        """Names of the animals."""
        return [str(each.clean["individual"].values[0]) for each in self.recordings]

    @property
    def poses(self) -> xr.Dataset:
        """The truth in space: poses of all animals, cm."""
        parts = [each.clean for each in self.recordings]
        return xr.concat(parts, "individual", combine_attrs="override", join="exact")

    def exposures(self, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """What a camera catches: keypoints and their movements (frame, animal, 24, 3) in cm."""
        poses = self.poses
        return expose(
            poses["time"].values,
            find_points(poses),
            self.shutters[camera.name].times,
            self.settings.exposure_s,
        )


def record_session(settings: SessionSettings) -> Session:
    """Simulate the animals and plan the cameras.

    Raises
    ------
    SettingsError
        If there is no such camera, or fewer coats than animals.
    """
    rig = preset_rig(settings.cameras, settings.size, seed=settings.seed)
    unknown = sorted(set(settings.rates) - set(rig.names))
    if unknown:
        raise SettingsError(
            f"a rate is given for {unknown[0]!r}, which is no camera of this rig",
            hint="cameras: " + ", ".join(rig.names),
        )
    coats = settings.coats or _COATS
    if len(coats) < settings.animals:
        raise SettingsError(
            f"{len(coats)} coats for {settings.animals} animals", hint="give a coat for each"
        )
    for coat in coats:
        find_coat(coat)
    rng = np.random.default_rng([settings.seed, 9])
    animals = [
        SimulationSettings(
            duration_s=settings.seconds,
            fps=settings.fps,
            seed=int(rng.integers(2**31)),
            size=float(np.clip(rng.normal(1.0, _SIZE), 0.9, 1.1)),
        )
        for _ in range(settings.animals)
    ]
    alone = settings.animals == 1
    names = ["mouse"] if alone else [f"mouse{number + 1}" for number in range(settings.animals)]
    shutters = {
        camera.name: _plan_shutter(settings, camera.name, number)
        for number, camera in enumerate(rig)
    }
    return Session(
        settings, simulate_group(animals, names), coats[: settings.animals], rig, shutters
    )


def _plan_shutter(settings: SessionSettings, view: str, number: int) -> Shutter:
    """The first camera starts on time, and no camera loses its first frame."""
    rng = np.random.default_rng([settings.seed, 10, number])
    fps = settings.rates.get(view, settings.fps)
    late = float(rng.uniform(0, min(_LATEST_S, 0.5 * settings.seconds)))
    offset = late if settings.offsets and number else 0.0
    last = (max(round(settings.seconds * settings.fps), 1) - 1) / settings.fps
    counter = np.arange(int((last - offset) * fps + 1e-6) + 1)
    kept = rng.random(len(counter)) >= settings.drop
    kept[0] = True
    return Shutter(fps, offset, counter[kept], offset + counter[kept] / fps)
