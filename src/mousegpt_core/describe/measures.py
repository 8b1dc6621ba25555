"""The quantities that the rules of the ethogram speak of, read from the kinematics.

Lengths and speeds are taken in *body lengths* of the animal at hand (nose to tail base while it
walks), and postures relative to its own posture while it walks, on all fours. So the same rules
hold for adult and young animals, and where the scale of a film is not known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
import xarray as xr

from mousegpt_core.describe.rhythm import (
    Floats,
    band_speed,
    odd_frames,
    rate_noise,
    running_mean,
    smoothed,
    still_width,
)
from mousegpt_core.kinematics.anatomy import point, read_anatomy
from mousegpt_core.settings import Settings
from mousegpt_core.skeleton import Skeleton
from mousegpt_core.skeletons import guess_skeleton

Kind = Literal["length", "speed", "angle", "angular speed", "ratio"]

#: Units a rule may give a threshold in, by kind; the factor turns it into the measure's own unit
#: (body lengths, body lengths/s, rad, rad/s, 1). ``None``: divide by the animal's body length.
UNITS: dict[Kind, dict[str, float | None]] = {
    "length": {"body lengths": 1.0, "cm": None},
    "speed": {"body lengths/s": 1.0, "cm/s": None},
    "angle": {"rad": 1.0, "deg": np.pi / 180},
    "angular speed": {"rad/s": 1.0, "deg/s": np.pi / 180},
    "ratio": {"1": 1.0, "%": 0.01},
}
#: A mouse that covers more than this over `_STEADY_S` walks on all fours (body lengths/s).
_WALKS = 1.0
_STEADY_S = 0.4
#: Least time of walking that a reference can be read from.
_ENOUGH_S = 3.0
#: Width of the smoothing behind what tells whether the animal is still (s).
_STILL_SMOOTH_S = 0.04
#: Speed along each axis that jitter alone may show after it (cm/s); else it is wider.
_STILL_NOISE = 0.3
#: The same of the head's direction (rad/s), and the length of the head in body lengths.
_STILL_TURNING = 0.2
_HEAD_SHARE = 0.22
#: Jitter comes and goes: so many times its usual power is taken for it.
_JITTER_SHOWN = 1.5
#: What both hindpaws do is no scratching: so much of the other's power is taken off.
_BESIDE = 2.0
#: Over this long quick strokes are told from jitter (s).
_STROKE_S = 0.25
_SAMPLED_FRAMES = 40_000
_STRETCH_FRAMES = 1_000


class AnimalReference(Settings):
    """What is normal for one animal: its size and its posture while it walks."""

    body_length_cm: float
    front_height_cm: float | None = None
    nose_height_cm: float | None = None
    outline_height_cm: float | None = None
    read_from: str = "walking"


class Reference(Settings):
    """What is normal for each animal of a recording; JSON-able."""

    animals: dict[str, AnimalReference]

    def to_json(self) -> str:
        """As text."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From what `to_json` gave."""
        return cls.parse(json.loads(text), source="reference")


@dataclass(frozen=True)
class Body:
    """One block of kinematics with the roles of its keypoints and the animals' references.

    Attributes
    ----------
    kinematics : Dataset
        As `kinematics.compute_kinematics` gives it.
    skeleton : Skeleton
        Roles of the keypoints.
    reference : Reference
        From `fit_reference`.
    """

    kinematics: xr.Dataset
    skeleton: Skeleton
    reference: Reference

    @cached_property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.kinematics.attrs["fps"])

    @cached_property
    def steps(self) -> Floats:
        """Seconds from each frame to the next."""
        return np.diff(np.asarray(self.kinematics["time"].values, dtype=np.float64))

    @cached_property
    def noise(self) -> dict[str, float]:
        """Jitter of each keypoint: standard deviation on each axis (cm)."""
        scene = json.loads(str(self.kinematics.attrs.get("scene", "{}")))
        return dict(scene.get("keypoint_noise_cm", {}))

    @property
    def dimensions(self) -> int:
        """Axes of space: 2 or 3."""
        return int(self.kinematics.sizes["space"])

    def rate(self, values: Floats) -> Floats:
        """Rate of change per second of a signal (time, ...), at each frame."""
        return _between(self.steps_of(values))

    def steps_of(self, values: Floats) -> Floats:
        """Rate of change per second of a signal (time, ...) from each frame to the next."""
        shape = (-1, *[1] * (values.ndim - 1))
        return np.asarray(np.diff(values, axis=0) / self.steps.reshape(shape))

    @cached_property
    def unsmoothed(self) -> xr.DataArray:
        """Cleaned positions before they were smoothed (time, space, keypoint, individual), cm."""
        return self.kinematics["unsmoothed"].astype(np.float64)

    @cached_property
    def body_length(self) -> Floats:
        """Body length of each animal in cm, shape (1, individual)."""
        return self._of_animals("body_length_cm")

    def plain(self, name: str) -> Floats | None:
        """A quantity of shape (time, individual), or None."""
        if name not in self.kinematics:
            return None
        return np.asarray(self.kinematics[name].values, dtype=np.float64)

    def at(self, name: str, *roles: str) -> list[Floats]:
        """A quantity at the first keypoint of each of these roles that is there."""
        if name not in self.kinematics:
            return []
        names = self.kinematics["keypoint"].values.tolist()
        found = (self.skeleton.keypoint(role) for role in roles)
        return [
            np.asarray(self.kinematics[name].sel(keypoint=keypoint).values, dtype=np.float64)
            for keypoint in found
            if keypoint in names
        ]

    def heights(self, *roles: str) -> Floats | None:
        """Mean height of the keypoints of these roles in cm, or None."""
        return _mean(self.at("height", *roles))

    def positions(self, *roles: str) -> list[Floats]:
        """Positions of the keypoints of these roles, each (time, space, individual)."""
        return self.at("position", *roles)

    def _of_animals(self, field: str) -> Floats:
        names = [str(name) for name in self.kinematics["individual"].values]
        values = [getattr(self.reference.animals[name], field) for name in names]
        return np.asarray([[np.nan if value is None else value for value in values]])

    def above_own(self, height: Floats | None, field: str) -> Floats | None:
        """A height over the animal's own while it walks, in body lengths."""
        if height is None:
            return None
        return np.asarray((height - self._of_animals(field)) / self.body_length)


def skeleton_of(kinematics: xr.Dataset) -> Skeleton:
    """The skeleton of kinematics whose skeleton is not at hand, from the names of its keypoints."""
    return guess_skeleton([str(name) for name in kinematics["keypoint"].values]).skeleton


def fit_reference(kinematics: xr.Dataset, skeleton: Skeleton | None = None) -> Reference:
    """Learn size and walking posture of each animal, from at most 40,000 frames.

    Frames in which the animal covers more than one body length a second show it on all fours. Where
    it hardly walks, its size is the upper quartile of its length and its height the lower one.

    Parameters
    ----------
    kinematics : Dataset
        As `kinematics.compute_kinematics` gives it; may be lazy.
    skeleton : Skeleton, optional
        Roles of the keypoints; by default guessed from their names.
    """
    skeleton = skeleton or skeleton_of(kinematics)
    sample = _sample(kinematics)
    fps = float(kinematics.attrs["fps"])
    animals = {}
    for name in sample["individual"].values:
        animal = sample.sel(individual=[name])
        unknown = Reference(animals={str(name): AnimalReference(body_length_cm=np.nan)})
        animals[str(name)] = _fit_animal(Body(animal, skeleton, unknown), fps)
    return Reference(animals=animals)


def _fit_animal(body: Body, fps: float) -> AnimalReference:
    guess = float(body.kinematics.attrs.get("body_length_cm", np.nan))
    length = body.plain("body_length")
    speed = body.plain("speed")
    walks = np.zeros((body.kinematics.sizes["time"], 1), dtype=bool)
    if speed is not None and np.isfinite(guess):
        walks = running_mean(speed, odd_frames(_STEADY_S, fps)) > _WALKS * guess
    enough = walks.sum() >= _ENOUGH_S * fps

    def normal(values: Floats | None, share: float) -> float | None:
        if values is None:
            return None
        chosen = values[walks] if enough else values
        chosen = chosen[np.isfinite(chosen)]
        return float(np.quantile(chosen, 0.5 if enough else share)) if chosen.size else None

    own = normal(length, 0.75)
    return AnimalReference(
        body_length_cm=own if own else (guess if np.isfinite(guess) else 8.5),
        front_height_cm=normal(_front_height(body), 0.25),
        nose_height_cm=normal(body.heights("nose"), 0.25),
        outline_height_cm=normal(body.plain("outline_height"), 0.25),
        read_from="walking" if enough else "all frames",
    )


def _sample(kinematics: xr.Dataset) -> xr.Dataset:
    """The variables a reference needs, in stretches spread over the recording."""
    wanted = [v for v in ("speed", "body_length", "height", "outline_height") if v in kinematics]
    # keypoint and individual must be there even where none of these is.
    kept = kinematics[[*wanted, "measured"]] if "measured" in kinematics else kinematics[wanted]
    count = kept.sizes["time"]
    if count <= _SAMPLED_FRAMES:
        return kept.load()
    starts = np.linspace(0, count - _STRETCH_FRAMES, _SAMPLED_FRAMES // _STRETCH_FRAMES).astype(int)
    index = (starts[:, None] + np.arange(_STRETCH_FRAMES)).ravel()
    return kept.isel(time=index).load()


def _mean(parts: list[Floats]) -> Floats | None:
    """Mean of what is known of several signals, or None without any."""
    if not parts:
        return None
    stacked = np.stack(parts)
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    summed = np.where(known, stacked, 0).sum(axis=0)
    nothing = np.full(summed.shape, np.nan)
    return np.asarray(np.divide(summed, count, out=nothing, where=count > 0))


FRONT = ("neck", "spine", "shoulder_left", "shoulder_right")
FOREPAWS = ("forepaw_left", "forepaw_right")
HINDPAWS = ("hindpaw_left", "hindpaw_right")


def _per_body(values: Floats | None, body: Body) -> Floats | None:
    return None if values is None else np.asarray(values / body.body_length)


def _speed(body: Body) -> Floats | None:
    return _per_body(body.plain("speed"), body)


def _forward_speed(body: Body) -> Floats | None:
    values = body.plain("forward_speed")
    return None if values is None else np.abs(values) / body.body_length


def _paw_speed(roles: tuple[str, str]) -> Callable[[Body], Floats | None]:
    return lambda body: _per_body(_mean(body.at("keypoint_speed", *roles)), body)


def _front_height(body: Body) -> Floats | None:
    """Height of neck, shoulders and front of the back; of the ears where none is tracked (cm)."""
    height = body.heights(*FRONT)
    return body.heights("ear_left", "ear_right") if height is None else height


def _front_rise(body: Body) -> Floats | None:
    return body.above_own(_front_height(body), "front_height_cm")


def _nose_rise(body: Body) -> Floats | None:
    return body.above_own(body.heights("nose"), "nose_height_cm")


def _outline_rise(body: Body) -> Floats | None:
    return body.above_own(body.plain("outline_height"), "outline_height_cm")


def _length(body: Body) -> Floats | None:
    return _per_body(body.plain("body_length"), body)


def _liveliest(body: Body) -> Floats | None:
    """Second fastest keypoint of the body, so that one lost keypoint does not wake the animal.

    Positions are smoothed as much as their jitter asks for, and what is left of it is taken off,
    so that neither the frame rate nor an unsteady tracker makes a still animal move.
    """
    chain = body.skeleton.tail_chain
    tail = set(chain[1:] if body.skeleton.has("tail_base") else chain)
    names = [str(n) for n in body.kinematics["keypoint"].values if str(n) not in tail]
    if not names or body.kinematics.sizes["time"] < 2:
        return None
    speeds = [_steady_speed(body, name) for name in names]
    return _per_body(_second(speeds) if len(speeds) > 2 else np.fmax.reduce(speeds), body)


def _steady_speed(body: Body, keypoint: str) -> Floats:
    """Speed of a keypoint over a moment, less what its jitter alone would show (cm/s)."""
    noise = body.noise.get(keypoint, 0.0)
    width = still_width(noise, _STILL_NOISE, body.fps)
    place = body.unsmoothed.sel(keypoint=keypoint).values
    velocity = body.rate(smoothed(place, width, body.fps))
    power = running_mean(np.square(velocity).sum(axis=1), odd_frames(_STILL_SMOOTH_S, body.fps))
    jitter = np.square(noise * rate_noise(width, body.fps)) * body.dimensions
    return np.asarray(np.sqrt(np.maximum(power - _JITTER_SHOWN * jitter, 0)))


def _quickest(body: Body) -> Floats | None:
    """Fastest paw or nose from one frame to the next, less what its jitter alone would show.

    Root mean square over a moment, in which jitter, unlike a stroke, comes to what is expected.
    """
    roles = [body.skeleton.keypoint(role) for role in ("nose", *FOREPAWS, *HINDPAWS)]
    names = [str(n) for n in body.kinematics["keypoint"].values if str(n) in roles]
    if body.kinematics.sizes["time"] < 2:
        return None
    speeds = []
    for name in names:
        place = body.unsmoothed.sel(keypoint=name).values
        squared = _between(np.square(body.steps_of(place)).sum(axis=1))
        # A step is the difference of two places, each with its own jitter.
        jitter = 2 * np.square(body.noise.get(name, 0.0) * body.fps) * body.dimensions
        power = running_mean(squared, odd_frames(_STROKE_S, body.fps))
        speeds.append(np.sqrt(np.maximum(power - _JITTER_SHOWN * jitter, 0)))
    return _per_body(np.fmax.reduce(speeds), body) if speeds else None


def _head_turning(body: Body) -> Floats | None:
    """How fast the head turns, seen from above, smoothed as its ends' jitter asks for."""
    names = [str(name) for name in body.kinematics["keypoint"].values]
    anatomy = read_anatomy(body.skeleton, names)
    base, tip = anatomy.head_base, anatomy.head_tip
    if base is None or tip is None or body.kinematics.sizes["time"] < 2:
        return None
    place = body.unsmoothed.values[:, :2]
    ahead = point(place, tip) - point(place, base)
    arrow = np.exp(1j * np.arctan2(ahead[:, 1], ahead[:, 0]))
    noise = sum(
        np.square([body.noise.get(names[i], 0.0) for i in end]).mean() / len(end)
        for end in (base, tip)
    )
    angle = np.sqrt(noise) / (_HEAD_SHARE * float(np.nanmean(body.body_length)))
    width = max(_STILL_SMOOTH_S, still_width(angle, _STILL_TURNING, body.fps))
    arrow = smoothed(arrow.real, width, body.fps) + 1j * smoothed(arrow.imag, width, body.fps)
    steps = np.angle(arrow[1:] * np.conj(arrow[:-1])) / body.steps[:, None]
    return np.abs(_between(steps))


def _between(steps: Floats) -> Floats:
    """Values between frames to values at frames."""
    if not len(steps):  # a single frame: nothing is known to change
        return np.full((1, *steps.shape[1:]), np.nan)
    padded = np.concatenate([steps[:1], steps, steps[-1:]])
    return np.asarray((padded[:-1] + padded[1:]) / 2)


def _absolute(name: str) -> Callable[[Body], Floats | None]:
    def measure(body: Body) -> Floats | None:
        values = body.plain(name)
        return None if values is None else np.abs(values)

    return measure


def _lowest_paw(body: Body) -> Floats | None:
    heights = body.at("height", *FOREPAWS, *HINDPAWS)
    if len(heights) < 4:
        return None
    return _per_body(np.min(np.stack(heights), axis=0), body)


def _nose_to_paws(body: Body) -> Floats | None:
    nose, paws = body.positions("nose"), body.positions(*FOREPAWS)
    if not nose or not paws:
        return None
    apart = [np.sqrt(np.square(paw - nose[0]).sum(axis=1)) for paw in paws]
    return _per_body(_mean(apart), body)


def _rhythm(
    roles: tuple[str, ...],
    low_hz: float,
    high_hz: float,
    window_s: float,
    choose: Callable[[list[Floats]], Floats] = np.fmax.reduce,
    fewest: int = 1,
) -> Callable[[Body], Floats | None]:
    """To-and-fro movement in a band; `choose` makes one of those of several keypoints.

    None where fewer than `fewest` are tracked: one that is found elsewhere looks the same.
    """

    def measure(body: Body) -> Floats | None:
        names = body.kinematics["keypoint"].values.tolist()
        if body.kinematics.sizes["time"] < 2:
            return None
        found = []
        for keypoint in filter(None, map(body.skeleton.keypoint, roles)):
            if keypoint not in names:
                continue
            steps = body.steps_of(body.unsmoothed.sel(keypoint=keypoint).values)
            velocity = np.concatenate([steps, steps[-1:]])
            speed = band_speed(
                velocity,
                body.fps,
                low_hz=low_hz,
                high_hz=high_hz,
                window_s=window_s,
                jitter=np.sqrt(_JITTER_SHOWN) * body.noise.get(keypoint, 0.0),
            )
            if speed is None:
                return None
            found.append(speed)
        return _per_body(choose(found), body) if len(found) >= fewest else None

    return measure


def _over_the_other(speeds: list[Floats]) -> Floats:
    """How much more one of two moves than the other; what both do, or their errors, falls away."""
    if len(speeds) < 2:
        return speeds[0]
    less = np.nan_to_num(np.fmin.reduce(speeds))
    power = np.square(np.fmax.reduce(speeds)) - _BESIDE * np.square(less)
    return np.asarray(np.sqrt(np.maximum(power, 0)))


def _second(speeds: list[Floats]) -> Floats:
    """Second most, where there are several: one found in the wrong place does not count."""
    ordered = np.sort(np.where(np.isfinite(speeds), speeds, -np.inf), axis=0)
    second = ordered[-min(2, len(speeds))]
    return np.where(np.isfinite(second), second, np.nan)


@dataclass(frozen=True)
class Measure:
    """A quantity of the rules.

    Attributes
    ----------
    kind : str
        Key of `UNITS`.
    meaning : str
        For people.
    read : callable
        From a `Body` to an array (time, individual), or None where its keypoints are absent.
    """

    kind: Kind
    meaning: str
    read: Callable[[Body], Floats | None]


MEASURES: Mapping[str, Measure] = {
    "speed": Measure("speed", "speed of the body centre over the floor", _speed),
    "hindpaw_speed": Measure("speed", "mean speed of the hindpaws", _paw_speed(HINDPAWS)),
    "forepaw_speed": Measure("speed", "mean speed of the forepaws", _paw_speed(FOREPAWS)),
    "liveliest_part": Measure(
        "speed", "speed of the fastest keypoint but one, tail left out", _liveliest
    ),
    "quickest_part": Measure(
        "speed", "speed of the fastest of nose and paws from frame to frame over 0.25 s", _quickest
    ),
    "motion": Measure(
        "speed",
        "mean speed of all keypoints, jitter removed",
        lambda b: _per_body(b.plain("motion"), b),
    ),
    "head_speed": Measure(
        "speed",
        "speed of the nose relative to the trunk",
        lambda b: _per_body(_mean(b.at("local_speed", "nose")), b),
    ),
    "head_turning": Measure(
        "angular speed", "how fast the head turns, seen from above", _head_turning
    ),
    "turning": Measure(
        "angular speed", "how fast the trunk turns, seen from above", _absolute("turning")
    ),
    "forward_speed": Measure("speed", "speed along the trunk, forward or backward", _forward_speed),
    "front_rise": Measure(
        "length",
        "height of neck, shoulders and front of the back over that in walking (3D)",
        _front_rise,
    ),
    "nose_rise": Measure("length", "height of the nose over that in walking (3D)", _nose_rise),
    "outline_rise": Measure(
        "length",
        "height of the outline over that in walking (found in the film, from the side)",
        _outline_rise,
    ),
    "picture_change": Measure(
        "speed",
        "how fast its pixels move on the whole, at most, given the noise (found in the film)",
        lambda body: _per_body(body.plain("pixel_speed"), body),
    ),
    "lowest_paw": Measure("length", "height of the lowest paw above the floor (3D)", _lowest_paw),
    "length": Measure("length", "distance from nose to tail base", _length),
    "body_pitch": Measure(
        "angle", "trunk above the horizontal, + nose up (3D)", lambda b: b.plain("body_pitch")
    ),
    "spine_bend": Measure(
        "angle", "sideways bend of the spine, either side", _absolute("spine_curvature")
    ),
    "nose_to_forepaws": Measure(
        "length", "mean distance of the nose from the forepaws", _nose_to_paws
    ),
    "nose_to_wall": Measure(
        "length",
        "distance of the nose from the arena's wall",
        lambda b: _per_body(b.plain("nose_wall_distance"), b),
    ),
    "forepaw_strokes": Measure(
        "speed", "to-and-fro movement of a forepaw at 3-9 Hz", _rhythm(FOREPAWS, 3.0, 9.0, 0.5)
    ),
    "hindpaw_strokes": Measure(
        "speed",
        "to-and-fro movement of one hindpaw at 8-20 Hz, over that of the other",
        _rhythm(HINDPAWS, 8.0, 20.0, 0.2, _over_the_other),
    ),
    "head_shaking": Measure(
        "speed",
        "to-and-fro movement of ears and nose at 8-25 Hz, but for that which moves most",
        _rhythm(("nose", "ear_left", "ear_right"), 8.0, 25.0, 0.15, _second, 2),
    ),
}
