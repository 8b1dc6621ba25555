"""The way through the arena: where the hip is and where it looks, bout by bout.

This is the only step that runs frame by frame, because the animal answers to the wall.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
#: From hip to where the next animal's body may begin behind it (cm); its tail gives way.
REAR_BEHIND = 2.5
#: Room behind an animal that steps up to the wall and back (cm).
STEP_BACK = 2.5
#: An animal that gives way keeps its hip this far from the wall (cm), for its limbs need room.
HIP_ROOM = 2.0
#: Half the width of a body, the room that animals leave between them, and from where on they see
#: and avoid each other (cm).
BODY_RADIUS, ROOM, SIGHT = 1.6, 1.5, 5.0
#: Time after which an animal gives up a walk that others bar (s).
PATIENCE_S = 1.0
#: Speed from which on a behaviour is a walk (cm/s).
_GOING = 5.0

Spot = tuple[float, float]
Segment = tuple[Spot, Spot]


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


def plan_tracks(
    scripts: Sequence[BehaviourScript],
    *,
    n_frames: int,
    fps: float,
    radius: float,
    sizes: Sequence[float],
    speed_factors: Sequence[float],
) -> list[Track]:
    """Walk one script an animal through a round arena, all at once; the animals keep apart.

    A walk that leads to a supported rearing goes to the wall, where the animal stops; the bout is
    then as long as that took. If it did not get there, the animal rears without support. A walk
    that another animal bars ends early.

    Parameters
    ----------
    scripts : sequence of BehaviourScript
        What each animal does.
    n_frames : int
        Length; the last behaviour lasts on if a script is too short.
    fps : float
        Frames per second.
    radius : float
        Radius of the arena (cm).
    sizes : sequence of float
        Size of each animal, 1 for an adult.
    speed_factors : sequence of float
        Multiply each animal's speeds of walking and running.
    """
    walkers = [
        _Walker(n_frames, fps, radius, size, np.random.default_rng([script.seed, 2]))
        for script, size in zip(scripts, sizes, strict=True)
    ]
    if len(walkers) > 1:
        for number, walker in enumerate(walkers):
            walker.join([other for other in walkers if other is not walker], number / len(walkers))
    tellings: list[list[Bout]] = [[] for _ in walkers]
    ways = [
        _perform(walker, script, speed, bouts)
        for walker, script, speed, bouts in zip(
            walkers, scripts, speed_factors, tellings, strict=True
        )
    ]
    for _ in range(n_frames):
        for way in ways:
            next(way)
    for way in ways:
        # The last bout is told after the last frame.
        next(way, None)
    return [walker.track(bouts) for walker, bouts in zip(walkers, tellings, strict=True)]


def _perform(
    walker: _Walker, script: BehaviourScript, speed_factor: float, bouts: list[Bout]
) -> Iterator[None]:
    """Carry out a script, frame by frame, and tell the bouts as they end."""
    rng = np.random.default_rng([script.seed, 3])
    steps, fps, n_frames = script.steps, walker.fps, walker.n_frames
    for index, (name, duration) in enumerate(steps):
        last = index == len(steps) - 1
        to_wall = not last and name == "walking" and steps[index + 1][0] == "rearing_supported"
        if name == "rearing_supported" and not (walker.at_wall and walker.take_reserve()):
            name = "rearing"
        bout = _draw_bout(name, walker.frame, rng, speed_factor, walker.size)
        length = max(round(duration * fps), 1)
        if to_wall:
            length = max(length, round(3.0 * fps))
        stop = n_frames if last else min(walker.frame + length, n_frames)
        yield from walker.carry_out(bout, stop, to_wall=to_wall, last=last)
        if walker.frame > bout.start:
            bouts.append(_ended(bout, walker.frame))
        if walker.frame >= n_frames:
            break


def _draw_bout(
    name: str, start: int, rng: np.random.Generator, speed_factor: float, size: float
) -> Bout:
    behaviour = BEHAVIOURS[name]
    draw = rng.random(8)
    speed = (
        rng.uniform(*behaviour.speed)
        * (speed_factor if behaviour.speed[1] > _GOING else 1.0)
        * size
    )
    # Never below the speed that makes it a walk.
    speed = max(speed, 7.5) if behaviour.speed[1] > _GOING else speed
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
        self.n_frames = n_frames
        self.size = size
        self.others: list[_Walker] = []
        self.barred = 0
        self.reserve = 0.0
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

    def join(self, others: list[_Walker], turn: float) -> None:
        """Start among others, at a place of one's own: this share of the way around."""
        self.others = others
        angle = 2 * math.pi * turn + 0.4
        self.x, self.y = 6.5 * math.cos(angle), 6.5 * math.sin(angle)
        self.heading = angle + 0.5 * math.pi

    @property
    def at_wall(self) -> bool:
        """Whether the animal faces the wall and the nose is near it."""
        outward = math.atan2(self._nose()[1], self._nose()[0])
        off = math.remainder(self.heading - outward, 2 * math.pi)
        return math.hypot(*self._nose()) > self.limit - 1.0 and abs(off) < 0.7

    def carry_out(self, bout: Bout, stop: int, *, to_wall: bool, last: bool) -> Iterator[None]:
        """Go on until a frame, or until the wall is reached, or others bar the way."""
        start = self.frame
        self.barred = 0
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
            if bout.speed >= _GOING and not last and self.barred > PATIENCE_S * self.fps:
                return
            self._step(
                *self._around_others(speed, turning), rearing=bout.name == "rearing_supported"
            )
            yield

    def _nose(self) -> tuple[float, float]:
        return (
            self.x + self.nose_ahead * math.cos(self.heading),
            self.y + self.nose_ahead * math.sin(self.heading),
        )

    def _freely(self, bout: Bout) -> tuple[float, float]:
        """Wander, and turn along the wall before it is reached."""
        if bout.speed <= 0:
            return 0.0, 0.0
        if bout.speed < _GOING:
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

    def _around_others(self, speed: float, turning: float) -> tuple[float, float]:
        """Slow down before another animal, and turn away from it."""
        nose_x, nose_y = self._nose()
        for other in self.others:
            spot = _nearest_on(other.spine(), (nose_x, nose_y))
            away_x, away_y = spot[0] - nose_x, spot[1] - nose_y
            distance = math.hypot(away_x, away_y) - 2 * BODY_RADIUS
            nearness = min(max(1.0 - distance / SIGHT, 0.0), 1.0)
            off = math.remainder(self.heading - math.atan2(away_y, away_x), 2 * math.pi)
            facing = max(math.cos(off), 0.0)
            if speed >= _GOING or self.speed >= _GOING:
                side = 1.0 if off > 0 else -1.0
                turning += side * 7.0 * nearness * (0.2 + facing)
                speed *= 1.0 - 0.8 * nearness * facing**2
        return speed, turning

    def _step(self, speed: float, turning: float, *, rearing: bool) -> None:
        """Make the next frame, or, where another animal is, the nearest that can be made."""
        before = (self.x, self.y, self.heading, self.speed, self.turning)
        if not rearing and math.hypot(*self._nose()) < self.limit + 0.1:
            self.reserve = 0.0
        room = self._room() if self.others else math.inf
        # Who leans into the wall may come back from it even where that makes it tight.
        least = 0.0 if math.hypot(*self._nose()) > self.limit + 0.1 else ROOM
        for number, wanted in enumerate(((speed, turning), (-4.0, turning), (0.0, -turning))):
            self._advance(*wanted, rearing=rearing)
            if not self.others or self._room() >= min(room, least):
                self.barred = self.barred + 1 if number else 0
                break
            self.x, self.y, self.heading, self.speed, self.turning = before
        else:
            self.speed = self.turning = 0.0
            self.barred += 1
        self.rows[self.frame] = self.x, self.y, self.heading, self.speed, self.turning
        self.frame += 1

    def _advance(self, speed: float, turning: float, *, rearing: bool) -> None:
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

    def take_reserve(self) -> bool:
        """Keep room behind for stepping back from the wall, if there is some."""
        self.reserve = STEP_BACK if self.others else 0.0
        free = not self.others or self._room() >= ROOM
        self.reserve = self.reserve if free else 0.0
        return free

    def spine(self) -> Segment:
        """The straight body from behind the rump, and what room it needs there, to the nose."""
        back = REAR_BEHIND * self.size + self.reserve
        way_x, way_y = math.cos(self.heading), math.sin(self.heading)
        return (self.x - back * way_x, self.y - back * way_y), self._nose()

    def _room(self) -> float:
        """Distance between one's own skin and the nearest other's (cm), or what is behind it."""
        own = self.spine()
        rear, _ = own
        behind = self.limit - max(math.hypot(*rear), math.hypot(self.x, self.y) + HIP_ROOM) + ROOM
        return min(
            behind,
            *(
                _distance(own, other.spine()) - BODY_RADIUS * (self.size + other.size)
                for other in self.others
            ),
        )

    def track(self, bouts: list[Bout]) -> Track:
        """The way, with the corners of steering smoothed."""
        # Who gives way to others does so in jerks.
        width = 0.1 if self.others else 0.05
        smooth = gaussian_filter1d(self.rows, width * self.fps, axis=0, mode="nearest")
        x, y, heading, speed, turning = smooth.T
        return Track(x, y, heading, speed, turning, bouts)


def _distance(one: Segment, other: Segment) -> float:
    """Distance of two segments; 0 where they cross."""
    if _sides(one, other) and _sides(other, one):
        return 0.0
    pairs = [(end, other) for end in one] + [(end, one) for end in other]
    return min(math.dist(end, _nearest_on(line, end)) for end, line in pairs)


def _sides(line: Segment, other: Segment) -> bool:
    """Whether the ends of the other segment are on different sides of a line."""
    (ax, ay), (bx, by) = line
    crosses = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for x, y in other]
    return crosses[0] * crosses[1] < 0


def _nearest_on(line: Segment, spot: Spot) -> Spot:
    """The point of a segment that is nearest to a spot."""
    (ax, ay), (bx, by) = line
    way_x, way_y = bx - ax, by - ay
    along = (spot[0] - ax) * way_x + (spot[1] - ay) * way_y
    share = min(max(along / max(way_x**2 + way_y**2, 1e-12), 0.0), 1.0)
    return ax + share * way_x, ay + share * way_y
