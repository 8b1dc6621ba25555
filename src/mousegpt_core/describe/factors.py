"""The facts there are, their values, and the small tools that make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.describe.windows import Floats, Windows

Words = NDArray[Any]
Columns = dict[str, Words]

_DEGREES = ("slight", "plain", "strong")
_PAW = ("floor", "air", "moving", "planted")

#: Fact to its values; every fact may also be ``""``, unknown. ``None``: names of activities.
FACTS: dict[str, tuple[str, ...] | None] = {
    "activity": None,
    "certainty": ("sure", "likely"),
    "onset": ("begins", "pause"),
    "before": None,
    "after": None,
    "pace": ("stationary", "slow", "moderate", "fast", "very fast"),
    "direction": ("forward", "backward", "sideways"),
    "speed_change": ("accelerating", "slowing"),
    "turn_side": ("left", "right"),
    "turn_degree": ("gentle", "plain", "sharp"),
    "head_side": ("straight", "left", "right"),
    "head_degree": _DEGREES,
    "head_level": ("raised", "level", "lowered"),
    "head_motion": (
        "still",
        "moving",
        "quick",
        "turning left",
        "turning right",
        "oscillating",
        "sweeping",
    ),
    "head_near": ("forepaws", "floor"),
    "forepaw_left": _PAW,
    "forepaw_right": _PAW,
    "hindpaw_left": _PAW,
    "hindpaw_right": _PAW,
    "gait": ("diagonal", "stepping"),
    "forelimbs": ("repetitive", "moving"),
    "hindlimb_left": ("repetitive",),
    "hindlimb_right": ("repetitive",),
    "tail_level": ("raised", "low"),
    "tail_shape": (
        "straight",
        "in line",
        "curved left",
        "curved right",
        "held left",
        "held right",
    ),
    "tail_motion": ("moving", "resting"),
    "torso_side": ("straight", "left", "right"),
    "torso_degree": _DEGREES,
    "body_length": ("stretched", "compact", "curled"),
    "torso_back": ("hunched",),
    "torso_pitch": ("level", "up", "upright", "down"),
    "torso_height": ("low",),
    "place": ("wall", "open"),
    "nose_place": ("wall",),
    "visibility": ("hidden",),
    "rest": ("while",),
    "event": None,
    "event_when": ("before", "during", "after"),
}


#: Facts that show something of the animal itself; without any, nothing can be said.
SHOWN = tuple(
    name
    for name in FACTS
    if name.startswith(("pace", "head_", "forepaw", "hindpaw", "tail_", "torso_", "body_"))
)


@dataclass(frozen=True)
class Moment:
    """Frames and clips of one animal in time.

    Attributes
    ----------
    times : array of shape (time,)
        Seconds of the frames.
    start_s, stop_s : arrays of shape (clip,)
        Seconds; clips are half-open.
    """

    times: Floats
    start_s: Floats
    stop_s: Floats

    @cached_property
    def clip(self) -> Windows:
        """The clips themselves."""
        return Windows.between(self.times, self.start_s, self.stop_s)

    def before(self, seconds: float) -> Windows:
        """The time just before each clip."""
        return Windows.between(self.times, self.start_s - seconds, self.start_s)

    def after(self, seconds: float) -> Windows:
        """The time just after each clip."""
        return Windows.between(self.times, self.stop_s, self.stop_s + seconds)

    def widened(self, seconds: float) -> Windows:
        """Each clip and the time on both sides of it."""
        return Windows.between(self.times, self.start_s - seconds, self.stop_s + seconds)

    def rate(self, counts: Floats, windows: Windows) -> Floats:
        """Counts in windows as counts per second (NaN for windows of one frame or none)."""
        last = np.clip(windows.stop - 1, 0, len(self.times) - 1)
        first = np.clip(windows.first, 0, len(self.times) - 1)
        seconds = self.times[last] - self.times[first]
        return np.where(seconds > 0, counts / np.where(seconds > 0, seconds, 1.0), np.nan)


def words(length: int) -> Words:
    """A column of unknown facts."""
    return np.full(length, "", dtype=object)


def band(values: Floats, edges: Sequence[float], names: Sequence[str]) -> Words:
    """Name of the band that each value lies in; a value on an edge is in the upper band.

    Parameters
    ----------
    values : array of shape (clip,)
        NaN gives ``""``.
    edges : sequence of float
        Rising.
    names : sequence of str
        One more than edges.
    """
    found = np.asarray(names, dtype=object)[np.digitize(values, edges)]
    return np.where(np.isfinite(values), found, "")


def sided(
    values: Floats, edges: Sequence[float], degrees: Sequence[str], *, straight: str = "straight"
) -> tuple[Words, Words]:
    """Side and degree of a signed quantity that is positive to the left.

    Below the first of `edges` the side is `straight` and the degree ``""``.
    """
    degree = band(np.abs(values), edges, ("", *degrees))
    side = band(values, (0.0,), ("right", "left"))
    small = np.isfinite(values) & (degree == "")
    return np.where(small, straight, side), degree
