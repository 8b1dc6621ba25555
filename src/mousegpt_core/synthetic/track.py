"""The way through the arena: where the hip is and where it looks, bout by bout.

This is the only step that runs frame by frame, because the animal answers to the wall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from mousegpt_core.synthetic.behaviours import BEHAVIOURS
from mousegpt_core.synthetic.body import Array
from mousegpt_core.synthetic.script import BehaviourScript

#: Time in which speed and turning follow what the behaviour wants (s).
RESPONSE_S = 0.09
#: Room between straight nose and wall (cm).
MARGIN = 0.7
#: From hip to nose tip of a standing adult, horizontally (cm).
NOSE_AHEAD = 6.5


@dataclass(frozen=True)
class Bout:
    """A behaviour as it was carried out: frames ``start`` to before ``stop``."""

    name: str
    start: int
    stop: int
    speed: float
    turning: float
    draw: Array


@dataclass
class Track:
    """The way of the hip: arrays (time,), cm, rad, cm/s, rad/s; and the bouts."""

    x: Array
    y: Array
    heading: Array
    speed: Array
    turning: Array
    bouts: list[Bout]


def plan_track(
    script: BehaviourScript,
    *,
    n_frames: int,
    fps: float,
    radius: float,
    size: float = 1.0,
    speed_factor: float = 1.0,
) -> Track:
    """Walk the script through a round arena.

    A walk that leads to a supported rearing goes to the wall, where the animal stops; the bout is
    then as long as that took. If it did not get there, the animal rears without support.

    Parameters
    ----------
    script : BehaviourScript
        What happens.
    n_frames : int
        Length; the last behaviour lasts on if the script is too short.
    fps : float
        Frames per second.
    radius : float
        Radius of the arena (cm).
    size : float
        Size of the animal, 1 for an adult.
    speed_factor : float
        Multiplies the speeds of walking and running.
    """
    walker = _Walker(n_frames, fps, radius, size, np.random.default_rng([script.seed, 2]))
    rng = np.random.default_rng([script.seed, 3])
    bouts: list[Bout] = []
    steps = script.steps
    due = 0.0
    for index, (name, duration) in enumerate(steps):
        due += duration
        last = index == len(steps) - 1
        to_wall = not last and name == "walking" and steps[index + 1][0] == "rearing_supported"
        if name == "rearing_supported" and not walker.at_wall:
            name = "rearing"
        bout = _draw_bout(name, walker.frame, rng, speed_factor, size)
        length = max(round(duration * fps), 1)
        if to_wall:
            length = max(length, round(3.0 * fps))
        stop = n_frames if last else min(walker.frame + length, n_frames)
        walker.carry_out(bout, stop, to_wall=to_wall)
        if walker.frame > bout.start:
            bouts.append(_ended(bout, walker.frame))
        if walker.frame >= n_frames:
            break
    return walker.track(bouts)


def _draw_bout(
    name: str, start: int, rng: np.random.Generator, speed_factor: float, size: float
) -> Bout:
    behaviour = BEHAVIOURS[name]
    draw = rng.random(8)
    speed = rng.uniform(*behaviour.speed) * (speed_factor if behaviour.speed[1] > 5 else 1.0) * size
    # Never below the speed that makes it a walk.
    speed = max(speed, 7.5) if behaviour.speed[1] > 5 else speed
    side = 1.0 if draw[0] < 0.5 else -1.0
    return Bout(name, start, start, speed, side * rng.uniform(*behaviour.turning), draw)


def _ended(bout: Bout, stop: int) -> Bout:
    return Bout(bout.name, bout.start, stop, bout.speed, bout.turning, bout.draw)


class _Walker:
    """The animal's way so far; positions are kept where the straight body fits the arena."""

    def __init__(
        self, n_frames: int, fps: float, radius: float, size: float, rng: np.random.Generator
    ) -> None:
        self.fps = fps
        self.nose_ahead = NOSE_AHEAD * size
        self.limit = radius - MARGIN
        self.wander = gaussian_filter1d(rng.standard_normal(n_frames), 0.5 * fps, mode="nearest")
        self.wander *= 1.1 / max(float(self.wander.std()), 1e-9)
        self.rows = np.zeros((n_frames, 5))
        self.frame = 0
        angle = rng.uniform(0, 2 * np.pi)
        self.x, self.y = 3.0 * math.cos(angle), 3.0 * math.sin(angle)
        self.heading = rng.uniform(-np.pi, np.pi)
        self.speed = self.turning = 0.0
        self.side = 1.0

    @property
    def at_wall(self) -> bool:
        """Whether the animal faces the wall and the nose is near it."""
        outward = math.atan2(self._nose()[1], self._nose()[0])
        off = math.remainder(self.heading - outward, 2 * math.pi)
        return math.hypot(*self._nose()) > self.limit - 1.0 and abs(off) < 0.7

    def carry_out(self, bout: Bout, stop: int, *, to_wall: bool) -> None:
        """Go on until a frame, or until the wall is reached."""
        start = self.frame
        while self.frame < stop:
            t = (self.frame - start) / self.fps
            if to_wall:
                if self.at_wall and t > 0.5:
                    return
                speed, turning = self._towards_wall(bout)
            elif bout.name == "rearing_supported":
                speed, turning = self._at_the_wall(t, (stop - start) / self.fps), 0.0
            else:
                speed, turning = self._freely(bout)
            self._step(speed, turning, rearing=bout.name == "rearing_supported")

    def _nose(self) -> tuple[float, float]:
        return (
            self.x + self.nose_ahead * math.cos(self.heading),
            self.y + self.nose_ahead * math.sin(self.heading),
        )

    def _freely(self, bout: Bout) -> tuple[float, float]:
        """Wander, and turn along the wall before it is reached."""
        if bout.speed <= 0:
            return 0.0, 0.0
        if bout.speed < 5:
            return bout.speed, bout.turning
        ahead_x, ahead_y = self._nose()
        distance = math.hypot(ahead_x, ahead_y)
        nearness = min(max((distance - (self.limit - 3.0)) / 3.0, 0.0), 1.0)
        off = math.remainder(self.heading - math.atan2(ahead_y, ahead_x), 2 * math.pi)
        if abs(off) > 0.15:
            self.side = 1.0 if off > 0 else -1.0
        # Outward part of the direction: 1 facing the wall, 0 along it.
        facing = max(math.cos(off), 0.0)
        urge = nearness * (0.25 + facing)
        quickness = min(bout.speed / 10.0, 2.5)
        turning = (bout.turning + self.wander[self.frame]) * (1 - nearness)
        turning += self.side * 5.5 * urge * quickness
        return bout.speed * (1 - 0.45 * nearness * facing), turning

    def _towards_wall(self, bout: Bout) -> tuple[float, float]:
        ahead_x, ahead_y = self._nose()
        off = math.remainder(self.heading - math.atan2(ahead_y, ahead_x), 2 * math.pi)
        left = self.limit - math.hypot(ahead_x, ahead_y)
        return min(bout.speed, 4.0 + 6.0 * max(left, 0.0)), -3.0 * off

    def _at_the_wall(self, t: float, duration: float) -> float:
        """Step up to the wall while rising, and back before coming down."""
        if 0.3 < t < 0.8:
            return 4.6
        return -4.6 if duration - 0.65 < t < duration - 0.15 else 0.0

    def _step(self, speed: float, turning: float, *, rearing: bool) -> None:
        follow = min(1.0 / (self.fps * RESPONSE_S), 1.0)
        self.speed += follow * (speed - self.speed)
        self.turning += follow * (turning - self.turning)
        self.heading += self.turning / self.fps
        self.x += self.speed * math.cos(self.heading) / self.fps
        self.y += self.speed * math.sin(self.heading) / self.fps
        nose_x, nose_y = self._nose()
        excess = math.hypot(nose_x, nose_y) - self.limit
        if excess > 0 and not rearing:
            scale = min(excess, 1.2 / self.fps * 10) / (excess + self.limit)
            self.x -= scale * nose_x
            self.y -= scale * nose_y
        self.rows[self.frame] = self.x, self.y, self.heading, self.speed, self.turning
        self.frame += 1

    def track(self, bouts: list[Bout]) -> Track:
        """The way, with the corners of steering smoothed."""
        smooth = gaussian_filter1d(self.rows, 0.05 * self.fps, axis=0, mode="nearest")
        x, y, heading, speed, turning = smooth.T
        return Track(x, y, heading, speed, turning, bouts)
