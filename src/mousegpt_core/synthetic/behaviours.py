"""The behaviours: what each does to posture and paws while it lasts.

A behaviour gives time courses; `simulate` blends those of neighbouring bouts into each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mousegpt_core.synthetic.body import PAW_HEIGHT, Anatomy, Array, Trunk, frames_of, place

#: Channels of posture and their values in a mouse that stands still: lengths in cm, angles in rad,
#: as in `body.Posture`; ``forward`` shifts the hip along the heading, ``tail_curl`` turns the tail
#: to the left, ``heel`` is how steeply the hind foot stands.
STANDING: Mapping[str, float] = {
    "forward": 0.0,
    "hip_height": 2.1,
    "pitch": 0.1,
    "arch": 1.0,
    "bend": 0.0,
    "head_yaw": 0.0,
    "head_pitch": -0.45,
    "tail_height": 0.45,
    "tip_height": 0.3,
    "tail_curl": 0.0,
    "heel": 0.3,
    "wrist": 0.9,
}

Channels = dict[str, Array | float]
#: Paw index (order of `body.PAWS`) to its place (time, 3) in the world (cm).
Reaches = dict[int, Array]


@dataclass(frozen=True)
class Clock:
    """A bout's own time.

    Attributes
    ----------
    t : array of shape (time,)
        Seconds since the bout began; reaches a little beyond both ends.
    duration : float
        Length of the bout (s).
    draw : array of shape (8,)
        Numbers between 0 and 1 by which bouts of one behaviour differ.
    """

    t: Array
    duration: float
    draw: Array

    @property
    def side(self) -> float:
        """+1 for a bout to the left, -1 to the right."""
        return 1.0 if self.draw[0] < 0.5 else -1.0

    def between(self, index: int, low: float, high: float) -> float:
        """The bout's own value of a quantity that varies between two limits."""
        return float(low + (high - low) * self.draw[index])

    def wave(self, hertz: float, phase: float = 0.0) -> Array:
        """A sine of a frequency (Hz); `phase` in turns."""
        return np.asarray(np.sin(2 * np.pi * (hertz * self.t + phase)))

    def wander(self, hertz: float) -> Array:
        """A slow irregular movement around 0, within -1..1, of about a frequency (Hz)."""
        first = self.wave(hertz, self.draw[5])
        second = self.wave(1.7 * hertz, self.draw[6])
        return (first + 0.6 * second + 0.4 * self.wave(2.9 * hertz, self.draw[7])) / 2.0


@dataclass(frozen=True)
class Behaviour:
    """What a behaviour is made of.

    Attributes
    ----------
    name : str
        Its name in labels and tables.
    rate : float
        How often a bout of it begins, against the other behaviours.
    duration : float
        Mean length of a bout (s).
    posture : callable
        Clock to channels; channels that are left out are as in `STANDING`.
    reach : callable, optional
        Clock, trunk, anatomy and arena radius to paws that leave the floor.
    speed : (float, float)
        Range from which a bout's speed is drawn (cm/s).
    turning : (float, float)
        Range from which a bout's turning is drawn (rad/s), to either side.
    ease : float
        Time to slip into it (s).
    shortest : float
        Shortest bout (s).
    """

    name: str
    rate: float
    duration: float
    posture: Callable[[Clock], Channels]
    reach: Callable[[Clock, Trunk, Anatomy, float], Reaches] | None = None
    speed: tuple[float, float] = (0.0, 0.0)
    turning: tuple[float, float] = (0.0, 0.0)
    ease: float = 0.25
    shortest: float = 0.6


def _walking(clock: Clock) -> Channels:
    return {
        "hip_height": 2.15,
        "arch": 0.8,
        "head_pitch": -0.4 + 0.1 * clock.wander(0.8),
        "head_yaw": 0.15 * clock.wander(0.7),
        "tail_height": 0.8,
        "tip_height": 0.5,
    }


def _running(clock: Clock) -> Channels:
    return {
        "hip_height": 2.15,
        "arch": 0.5 + 0.1 * clock.wave(5.0),
        "pitch": 0.08,
        "head_pitch": -0.25,
        "tail_height": 1.3,
        "tip_height": 1.5,
    }


def _standing(clock: Clock) -> Channels:
    return {
        "head_yaw": 0.25 * clock.wander(0.25) + _glances(clock, 0.14),
        "head_pitch": -0.4 + 0.08 * clock.wander(0.3) + 0.06 * clock.wander(1.1),
        "forward": 0.06 * clock.wander(0.7),
        "bend": 0.06 * clock.wander(0.5),
        "arch": 1.0 + _breath(clock, 3.0, 0.012),
    }


def _sniffing(clock: Clock) -> Channels:
    low = clock.draw[1] < 0.7
    bob = 0.03 * clock.wave(clock.between(2, 6.0, 8.0))
    return {
        "head_yaw": 0.55 * clock.wander(0.7),
        "head_pitch": (-0.6 if low else 0.25) + 0.1 * clock.wander(0.9) + bob,
        "pitch": 0.0 if low else 0.2,
        "forward": 0.3,
        "arch": 0.85,
    }


def _turning(clock: Clock) -> Channels:
    return {
        "bend": 0.6 * clock.side,
        "head_yaw": 0.35 * clock.side,
        "head_pitch": -0.4,
        "arch": 0.95,
    }


def _rearing(clock: Clock) -> Channels:
    return {
        "hip_height": 2.35,
        "pitch": clock.between(1, 1.0, 1.2) + 0.04 * clock.wander(0.6),
        "arch": 0.5,
        "forward": 0.3,
        "head_yaw": 0.4 * clock.wander(0.5),
        "head_pitch": 0.25 + 0.2 * clock.wander(0.7),
        "heel": 0.2,
        "wrist": 1.0,
        "tail_height": 0.3,
        "tip_height": 0.2,
    }


def _rearing_reach(clock: Clock, trunk: Trunk, anatomy: Anatomy, radius: float) -> Reaches:
    """Forepaws hang before the chest."""
    level = frames_of(trunk.chest_heading, np.zeros_like(trunk.chest_heading))
    found = {}
    for paw, side in ((0, 1.0), (1, -1.0)):
        sway = 0.12 * clock.wave(1.3, clock.draw[2] + 0.3 * paw)
        hang = np.stack([1.15 + sway, np.full_like(sway, -0.15 * side), -1.0 + sway], axis=-1)
        found[paw] = place(trunk.shoulders[paw], level, hang * anatomy.size)
    return found


def _supported(clock: Clock) -> Channels:
    return {
        **_rearing(clock),
        "pitch": clock.between(1, 1.0, 1.15) + 0.03 * clock.wander(0.6),
        "head_pitch": 0.75 + 0.15 * clock.wander(0.7),
        "head_yaw": 0.3 * clock.wander(0.5),
        "wrist": -0.7,
    }


def _supported_reach(clock: Clock, trunk: Trunk, anatomy: Anatomy, radius: float) -> Reaches:
    """Forepaws stand on the wall, where they were put when the animal had risen."""
    found = {}
    settled = (clock.t > 0.25 * clock.duration) & (clock.t < 0.75 * clock.duration)
    settled = settled if settled.any() else np.ones_like(settled)
    for paw, side in ((0, 1.0), (1, -1.0)):
        shoulder = np.median(trunk.shoulders[paw][settled], axis=0)
        heading = float(np.median(np.unwrap(trunk.chest_heading)[settled])) + 0.12 * side
        way = np.array([np.cos(heading), np.sin(heading)])
        along = float(shoulder[:2] @ way)
        room = max(along**2 + (radius - 0.15) ** 2 - float(shoulder[:2] @ shoulder[:2]), 0.0)
        reach = min(max(np.sqrt(room) - along, 0.0), 2.6 * anatomy.size)
        step = 0.3 * np.maximum(clock.wave(0.7, clock.draw[2] + 0.5 * paw), 0.0) ** 2
        spot = np.empty((len(clock.t), 3))
        spot[:, :2] = shoulder[:2] + reach * way
        spot[:, 2] = shoulder[2] + 0.9 * anatomy.size + step
        found[paw] = spot
    return found


def _grooming(clock: Clock) -> Channels:
    stroke = clock.wave(_stroke_hertz(clock))
    return {
        "hip_height": 1.45,
        "forward": -0.5,
        "pitch": 0.62,
        "arch": 1.35,
        "head_pitch": -0.85 + 0.05 * stroke,
        "head_yaw": 0.2 * clock.wander(0.4),
        "bend": 0.1 * clock.wander(0.3),
        "heel": 0.12,
        "wrist": -0.8,
        "tail_curl": 0.5 * clock.side,
        "tail_height": 0.25,
        "tip_height": 0.2,
    }


def _stroke_hertz(clock: Clock) -> float:
    return clock.between(1, 4.6, 5.6)


def _grooming_reach(clock: Clock, trunk: Trunk, anatomy: Anatomy, radius: float) -> Reaches:
    """Both forepaws stroke from behind the whiskers to the snout."""
    found = {}
    for paw, side in ((0, 1.0), (1, -1.0)):
        stroke = clock.wave(_stroke_hertz(clock), 0.06 * paw)
        offset = np.stack(
            [-0.55 + 0.4 * stroke, side * (0.42 - 0.15 * stroke), -0.12 - 0.22 * stroke], axis=-1
        )
        found[paw] = place(trunk.snout, trunk.head, offset * anatomy.size)
    return found


def _scratching(clock: Clock) -> Channels:
    shake = clock.wave(_scratch_hertz(clock), 0.25)
    return {
        "hip_height": 1.75,
        "pitch": 0.3,
        "arch": 1.2,
        "bend": 0.75 * clock.side,
        "head_yaw": 0.45 * clock.side + 0.03 * shake,
        "head_pitch": -0.5,
        "tail_curl": -0.3 * clock.side,
        "heel": 0.3,
    }


def _scratch_hertz(clock: Clock) -> float:
    return clock.between(1, 8.5, 11.0)


def _scratching_reach(clock: Clock, trunk: Trunk, anatomy: Anatomy, radius: float) -> Reaches:
    """The hind paw of one side strokes neck and cheek."""
    paw = 2 if clock.side > 0 else 3
    hertz = _scratch_hertz(clock)
    offset = np.stack(
        [
            -0.1 + 0.3 * clock.wave(hertz),
            np.full_like(clock.t, 1.25 * clock.side),
            -0.55 + 0.3 * clock.wave(hertz, 0.25),
        ],
        axis=-1,
    )
    return {paw: place(trunk.spine_f, trunk.chest, offset * anatomy.size)}


def _freezing(clock: Clock) -> Channels:
    return {
        "hip_height": 1.85,
        "arch": 1.2 + _breath(clock, clock.between(2, 2.4, 3.6), 0.005),
        "head_pitch": clock.between(1, -0.4, -0.1),
        "head_yaw": 0.2 * (clock.draw[3] - 0.5),
    }


def _crouching(clock: Clock) -> Channels:
    return {
        "hip_height": 1.65,
        "pitch": 0.05,
        "arch": 1.35 + _breath(clock, 3.0, 0.01),
        "forward": 0.05 * clock.wander(0.6),
        "head_pitch": -0.3 + 0.05 * clock.wander(0.3) + 0.06 * clock.wander(1.1),
        "head_yaw": 0.15 * clock.wander(0.2) + _glances(clock, 0.14),
        "tail_curl": 0.4 * clock.side,
        "heel": 0.2,
    }


def _sleeping(clock: Clock) -> Channels:
    return {
        "hip_height": 1.45,
        "pitch": 0.05,
        "arch": 1.5 + _breath(clock, 2.2, 0.012),
        "bend": 1.0 * clock.side,
        "head_yaw": 0.6 * clock.side,
        "head_pitch": -0.42,
        "tail_curl": -1.3 * clock.side,
        "tail_height": 0.25,
        "tip_height": 0.2,
        "heel": 0.1,
    }


def _sleeping_reach(clock: Clock, trunk: Trunk, anatomy: Anatomy, radius: float) -> Reaches:
    """Forepaws lie under the chest."""
    level = frames_of(trunk.chest_heading, np.zeros_like(trunk.chest_heading))
    found = {}
    for paw, side in ((0, 1.0), (1, -1.0)):
        spot = place(trunk.shoulders[paw], level, np.array([0.6, -0.15 * side, 0]) * anatomy.size)
        spot[:, 2] = PAW_HEIGHT
        found[paw] = spot
    return found


def _stretching(clock: Clock) -> Channels:
    rise = np.clip(np.sin(np.pi * np.clip(clock.t / clock.duration, 0, 1)), 0, 1) ** 0.7
    return {
        "hip_height": 1.8,
        "forward": 0.7 * rise,
        "pitch": 0.02,
        "arch": 0.15,
        "head_pitch": -0.15 + 0.06 * clock.wander(0.8),
        "head_yaw": 0.1 * clock.wander(0.6) + _glances(clock, 0.1),
        "heel": 0.5,
    }


def _jumping(clock: Clock) -> Channels:
    """Hops: crouch, a ballistic flight of 0.3 s, landing; one about every 0.7 s."""
    flight = 0.3
    period = clock.duration / max(round(clock.duration / 0.7), 1)
    within = np.clip(clock.t, 0, clock.duration - 1e-9) % period
    air = np.clip((within - 0.5 * (period - flight)) / flight, 0, 1)
    height = 0.5 * 981.0 * (0.5 * flight) ** 2 * 4 * air * (1 - air) * clock.between(1, 0.4, 0.7)
    return {
        "hip_height": 1.85 + height,
        "pitch": 0.1 + 0.3 * np.sin(2 * np.pi * air),
        "arch": 0.75,
        "head_pitch": -0.1,
        "tail_height": 1.2 + height,
        "tip_height": 1.5 + height,
        "heel": 0.7,
    }


def _jumping_reach(clock: Clock, trunk: Trunk, anatomy: Anatomy, radius: float) -> Reaches:
    """All paws hang under the body."""
    found = {}
    roots = (*trunk.shoulders, *trunk.sockets)
    for paw, root in enumerate(roots):
        frame = trunk.chest if paw < 2 else trunk.pelvis
        side = 1.0 if paw % 2 == 0 else -1.0
        hang = np.array([0.6, 0.1 * side, -1.5]) if paw < 2 else np.array([-0.5, 0.2 * side, -2.7])
        spot = place(root, frame, hang * anatomy.size)
        spot[:, 2] = np.maximum(spot[:, 2], PAW_HEIGHT)
        found[paw] = spot
    return found


def _glances(clock: Clock, amount: float) -> Array:
    """The head looks to one side, then the other, in 0.25 s, once in 0.5-0.9 s, as awake mice do.

    Each look goes ``amount`` (rad) to its side, or down to half as far.
    """
    turn = 0.25
    rest = clock.between(3, 0.5, 0.9)
    beat = clock.t / rest + clock.draw[6]
    looks = np.floor(beat)
    ahead, before = (
        amount * np.cos(np.pi * n) * (0.75 + 0.25 * np.sin(2.4 * n + 6 * clock.draw[7]))
        for n in (looks + 1, looks)
    )
    turned = np.clip((beat - looks - 1.0) * rest / turn + 1.0, 0.0, 1.0)
    return np.asarray(before + (ahead - before) * turned**2 * (3 - 2 * turned))


def _breath(clock: Clock, hertz: float, amount: float) -> Array:
    return amount * clock.wave(hertz, clock.draw[4])


_ALL = (
    Behaviour("walking", 1.0, 2.2, _walking, speed=(9.0, 18.0), turning=(0.0, 0.5)),
    Behaviour("running", 0.12, 0.9, _running, speed=(28.0, 42.0)),
    Behaviour("turning", 0.3, 0.8, _turning, speed=(0.5, 1.5), turning=(2.2, 4.0)),
    Behaviour("sniffing", 0.6, 2.2, _sniffing),
    Behaviour("standing", 0.35, 2.0, _standing),
    Behaviour("rearing", 0.3, 1.7, _rearing, _rearing_reach, ease=0.4, shortest=1.0),
    Behaviour("rearing_supported", 0.35, 2.2, _supported, _supported_reach, ease=0.4, shortest=1.6),
    Behaviour("grooming", 0.22, 5.0, _grooming, _grooming_reach, ease=0.35, shortest=1.5),
    Behaviour("scratching", 0.06, 1.0, _scratching, _scratching_reach, ease=0.25, shortest=0.7),
    Behaviour("stretching", 0.1, 1.5, _stretching, ease=0.4, shortest=1.0),
    Behaviour("crouching", 0.08, 3.0, _crouching, ease=0.4, shortest=1.0),
    Behaviour("freezing", 0.06, 3.0, _freezing, ease=0.2, shortest=1.5),
    Behaviour("sleeping", 0.003, 60.0, _sleeping, _sleeping_reach, ease=0.8, shortest=45.0),
    Behaviour("jumping", 0.02, 0.7, _jumping, _jumping_reach, ease=0.15, shortest=0.7),
)
#: Every behaviour by name.
BEHAVIOURS: Mapping[str, Behaviour] = {behaviour.name: behaviour for behaviour in _ALL}
