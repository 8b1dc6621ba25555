"""From a script to a recording: blend the behaviours, place trunk and paws, add what is noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field

from mousegpt_core.clips import BOUTS, make_table
from mousegpt_core.poses import make_poses
from mousegpt_core.settings import Settings
from mousegpt_core.synthetic.behaviours import BEHAVIOURS, STANDING, Clock
from mousegpt_core.synthetic.body import (
    KEYPOINTS,
    PAW_HEIGHT,
    Anatomy,
    Array,
    Posture,
    Trunk,
    Wall,
    frames_of,
    pose_limbs,
    pose_trunk,
    stack_keypoints,
)
from mousegpt_core.synthetic.gait import Footfalls, place_paws
from mousegpt_core.synthetic.noise import NoiseSettings, add_noise
from mousegpt_core.synthetic.script import BehaviourScript, draw_script
from mousegpt_core.synthetic.track import Bout, Track, plan_tracks

#: MouseGPT's round arena (cm).
ARENA_RADIUS = 12.5
#: No keypoint comes nearer to the wall than this (cm).
CLEARANCE = 0.15
#: Where a paw stands under the body: forward and sideways (cm) of the shoulder, or of the hip.
_FORE_HOME, _HIND_HOME = (0.35, 0.05), (0.95, 0.85)
#: How much longer than the recording a drawn script is.
_SPARE = 1.3
#: The same of animals that bar each other's ways.
_SPARE_OF_GROUP = 2.5


class SimulationSettings(Settings):
    """What to simulate.

    Attributes
    ----------
    duration_s : float
        Length (s); of a drawn script, or cutting a given one.
    fps : float
        Frames per second.
    seed : int
        Seed of everything that is drawn.
    rates : dict of str to float
        Multipliers of how often behaviours occur (`script.draw_script`).
    speed : float
        Multiplier of walking and running speed.
    size : float
        Size of the animal; 1 for an adult, 0.75 for a mouse at weaning.
    noise : NoiseSettings
        What the pose estimator adds; by default nothing.
    """

    duration_s: float = Field(default=60.0, gt=0)
    fps: float = Field(default=60.0, gt=0, le=1000)
    seed: int = 0
    rates: dict[str, float] = Field(default_factory=dict)
    speed: float = Field(default=1.0, gt=0)
    size: float = Field(default=1.0, gt=0.3, lt=2)
    noise: NoiseSettings = NoiseSettings()


@dataclass(frozen=True)
class SyntheticRecording:
    """A recording whose truth is known.

    Attributes
    ----------
    poses : Dataset
        Poses in 3D, cm; one individual, ``mouse`` where it is alone; with the noise that was
        asked for.
    clean : Dataset
        The same without noise.
    labels : array of shape (time,), str
        Behaviour of every frame.
    bouts : DataFrame
        Table `clips.BOUTS` of the same, source ``human``, recording ``synthetic``.
    contacts : array of shape (time, 4), bool
        Which paws stand on the floor (`body.PAWS`).
    scene : dict
        Arena, floor and camera names, JSON-able.
    """

    poses: xr.Dataset
    clean: xr.Dataset
    labels: np.ndarray
    bouts: pd.DataFrame
    contacts: np.ndarray
    scene: dict[str, object]


def simulate(
    script: BehaviourScript | None = None, settings: SimulationSettings | None = None
) -> SyntheticRecording:
    """Simulate a mouse in a round arena of 25 cm.

    Parameters
    ----------
    script : BehaviourScript, optional
        What happens; its length counts, not that of the settings. Drawn from the settings'
        rates if not given.
    settings : SimulationSettings, optional
        How.
    """
    settings = settings or SimulationSettings()
    duration = settings.duration_s if script is None else script.duration_s
    if script is None:
        # Longer than needed, as walks end early at the wall; what is left over is cut off.
        script = draw_script(_SPARE * duration + 10.0, seed=settings.seed, rates=settings.rates)
    n_frames = max(round(duration * settings.fps), 1)
    return _record([script], [settings], ["mouse"], n_frames)[0]


def simulate_group(
    animals: Sequence[SimulationSettings], names: Sequence[str]
) -> list[SyntheticRecording]:
    """Simulate several mice in the same arena; their bodies keep apart.

    Parameters
    ----------
    animals : sequence of SimulationSettings
        How each behaves; durations and frame rates are those of the first.
    names : sequence of str
        What each is called, its `individual`.

    Returns
    -------
    list of SyntheticRecording
        One an animal, of the same length.
    """
    duration, fps = animals[0].duration_s, animals[0].fps
    spare = _SPARE if len(animals) == 1 else _SPARE_OF_GROUP
    scripts = [
        draw_script(spare * duration + 10.0, seed=each.seed, rates=each.rates) for each in animals
    ]
    alike = [each.model_copy(update={"fps": fps}) for each in animals]
    return _record(scripts, alike, names, max(round(duration * fps), 1))


def _record(
    scripts: Sequence[BehaviourScript],
    animals: Sequence[SimulationSettings],
    names: Sequence[str],
    n_frames: int,
) -> list[SyntheticRecording]:
    tracks = plan_tracks(
        scripts,
        n_frames=n_frames,
        fps=animals[0].fps,
        radius=ARENA_RADIUS,
        sizes=[each.size for each in animals],
        speed_factors=[each.speed for each in animals],
    )
    return [
        _realise(track, settings, name)
        for track, settings, name in zip(tracks, animals, names, strict=True)
    ]


def _realise(track: Track, settings: SimulationSettings, name: str) -> SyntheticRecording:
    """The recording of an animal that takes this way."""
    n_frames = len(track.x)
    points, contacts = animate(track, settings.fps, Anatomy(settings.size))
    clean = make_poses(
        points.transpose(0, 2, 1)[..., None],
        np.full((n_frames, len(KEYPOINTS), 1), 0.99),
        keypoints=KEYPOINTS,
        individuals=[name],
        fps=settings.fps,
        unit="cm",
        source_software="mousegpt_core.synthetic",
    )
    return SyntheticRecording(
        poses=add_noise(clean, settings.noise, seed=settings.seed),
        clean=clean,
        labels=_frame_labels(track.bouts, n_frames),
        bouts=_bout_table(track.bouts, settings.fps, name),
        contacts=contacts,
        scene={
            "arena": {"kind": "circle", "centre": [0.0, 0.0], "radius": ARENA_RADIUS, "unit": "cm"},
            "floor": [0.0, 0.0, 1.0, 0.0],
            "views": ["top", "side"],
        },
    )


def animate(track: Track, fps: float, anatomy: Anatomy) -> tuple[Array, np.ndarray]:
    """Move the body along its way.

    Returns
    -------
    points : array of shape (time, 24, 3)
        Keypoints (cm) in the order of `body.KEYPOINTS`.
    contacts : array of shape (time, 4), bool
        Which paws stand on the floor.
    """
    wall = Wall(ARENA_RADIUS - CLEARANCE, calm=0.08 * fps)
    neutral = pose_trunk(_posture(_standing_channels(track), track, fps, anatomy), anatomy, wall)
    falls = place_paws(_homes(neutral, track, anatomy), track.speed, track.turning, fps)
    channels = _blend_channels(track, fps)
    _add_gait(channels, track, falls)
    trunk = pose_trunk(_posture(channels, track, fps, anatomy), anatomy, wall)
    paws, lifted = _reach(trunk, falls, track, fps, anatomy, wall.radius)
    pitch = _paw_pitch(channels, paws, neutral, track, lifted, anatomy)
    limbs = pose_limbs(trunk, paws, pitch, anatomy)
    points = stack_keypoints(trunk, limbs)
    laid_down = (lifted > 0.999) & (paws[:, :, 2] < PAW_HEIGHT + 1e-6)
    return points, (falls.stance & (lifted == 0)) | laid_down


def windows(bouts: list[Bout], n_frames: int, fps: float) -> Iterator[tuple[Bout, slice, Array]]:
    """Every bout with the frames it touches and its weight there; weights add up to 1.

    The weight rises over the behaviour's ease, centred on the start of the bout, as a quintic,
    so that its first and second derivative are continuous.
    """
    lengths = [(bout.stop - bout.start) / fps for bout in bouts]
    edges = [0.0]
    for left, right, before, after in zip(bouts, bouts[1:], lengths, lengths[1:], strict=False):
        ease = max(BEHAVIOURS[left.name].ease, BEHAVIOURS[right.name].ease)
        edges.append(min(ease, before, after) * fps)
    edges.append(0.0)
    for index, bout in enumerate(bouts):
        start = max(int(bout.start - edges[index]), 0)
        stop = min(int(np.ceil(bout.stop + edges[index + 1])), n_frames)
        frame = np.arange(start, stop)
        weight = _rise(frame, bout.start, edges[index]) if index else np.ones(len(frame))
        if index < len(bouts) - 1:
            weight = weight - _rise(frame, bout.stop, edges[index + 1])
        yield bout, slice(start, stop), weight


def _rise(frame: np.ndarray, edge: int, width: float) -> Array:
    share = np.clip((frame + 0.5 - edge) / max(width, 1e-9) + 0.5, 0.0, 1.0)
    return np.asarray(share**3 * (10 - 15 * share + 6 * share**2))


def _clock(bout: Bout, frames: slice, fps: float) -> Clock:
    t = (np.arange(frames.start, frames.stop) - bout.start) / fps
    return Clock(t, (bout.stop - bout.start) / fps, bout.draw)


def _standing_channels(track: Track) -> dict[str, Array]:
    return {name: np.full(len(track.x), value) for name, value in STANDING.items()}


def _blend_channels(track: Track, fps: float) -> dict[str, Array]:
    channels = {name: np.zeros(len(track.x)) for name in STANDING}
    for bout, frames, weight in windows(track.bouts, len(track.x), fps):
        wanted = BEHAVIOURS[bout.name].posture(_clock(bout, frames, fps))
        for name, neutral in STANDING.items():
            channels[name][frames] += weight * wanted.get(name, neutral)
    return channels


def _add_gait(channels: dict[str, Array], track: Track, falls: Footfalls) -> None:
    """Sway with the strides, bend into the curve."""
    pace = np.clip(np.abs(track.speed) / 12.0, 0.0, 1.0)
    beat = 2 * np.pi * falls.phase
    channels["bend"] += 0.07 * pace * np.sin(beat) + np.clip(0.14 * track.turning, -0.5, 0.5)
    channels["head_yaw"] += np.clip(0.06 * track.turning, -0.3, 0.3) - 0.05 * pace * np.sin(beat)
    channels["hip_height"] += 0.05 * pace * np.sin(2 * beat)
    channels["head_pitch"] += 0.03 * pace * np.sin(2 * beat + 1.0)
    channels["tail_curl"] += 0.18 * pace * np.sin(beat + 2.0)


def _posture(channels: dict[str, Array], track: Track, fps: float, anatomy: Anatomy) -> Posture:
    """The trunk's posture on its way; the tail is drawn along behind."""
    forward = channels["forward"] * anatomy.size
    back = track.heading + np.pi
    near, far = (_lag(back, seconds, fps) for seconds in (0.12, 0.3))
    return Posture(
        x=track.x + forward * np.cos(track.heading),
        y=track.y + forward * np.sin(track.heading),
        hip_height=channels["hip_height"] * anatomy.size,
        heading=track.heading,
        pitch=channels["pitch"],
        arch=channels["arch"],
        bend=channels["bend"],
        head_yaw=channels["head_yaw"],
        head_pitch=channels["head_pitch"],
        tail_heading=near + channels["tail_curl"],
        tip_heading=far + 1.8 * channels["tail_curl"],
        tail_height=channels["tail_height"] * anatomy.size,
        tip_height=channels["tip_height"] * anatomy.size,
    )


def _lag(values: Array, seconds: float, fps: float) -> Array:
    """Exponential follower, starting at rest."""
    from scipy.signal import lfilter  # slow to import

    follow = 1.0 - np.exp(-1.0 / (seconds * fps))
    start = values[0] * (1.0 - follow)
    return np.asarray(lfilter([follow], [1.0, follow - 1.0], values, zi=[start])[0])


def _homes(neutral: Trunk, track: Track, anatomy: Anatomy) -> Array:
    """Where the paws would stand (time, 4, 2) under the standing body, inside the arena."""
    size = anatomy.size
    level = frames_of(neutral.chest_heading, np.zeros(len(track.x)))
    pelvis = frames_of(track.heading, np.zeros(len(track.x)))
    homes = np.empty((len(track.x), 4, 2))
    for paw, side in enumerate((1.0, -1.0, 1.0, -1.0)):
        frame, root = (level, neutral.shoulders[paw]) if paw < 2 else (pelvis, neutral.hip)
        ahead, aside = _FORE_HOME if paw < 2 else _HIND_HOME
        homes[:, paw] = root[:, :2] + size * (
            ahead * frame[:, :2, 0] + side * aside * frame[:, :2, 1]
        )
    distance = np.linalg.norm(homes, axis=-1, keepdims=True)
    limit = ARENA_RADIUS - 2 * CLEARANCE
    return np.asarray(homes * np.minimum(1.0, limit / np.maximum(distance, 1e-9)))


def _reach(
    trunk: Trunk, falls: Footfalls, track: Track, fps: float, anatomy: Anatomy, radius: float
) -> tuple[Array, Array]:
    """Paws (time, 4, 3) as the behaviours want them, and how far each is lifted (time, 4), 0-1."""
    n_time = len(track.x)
    goal = np.zeros((n_time, 4, 3))
    lifted = np.zeros((n_time, 4))
    for bout, frames, weight in windows(track.bouts, n_time, fps):
        reach = BEHAVIOURS[bout.name].reach
        if reach is None:
            continue
        part = _slice_trunk(trunk, frames)
        for paw, spot in reach(_clock(bout, frames, fps), part, anatomy, radius).items():
            goal[frames, paw] += weight[:, None] * spot
            lifted[frames, paw] += weight
    return goal + (1.0 - lifted)[..., None] * falls.paws, lifted


def _slice_trunk(trunk: Trunk, frames: slice) -> Trunk:
    values: dict[str, Any] = {}
    for field in fields(Trunk):
        value = getattr(trunk, field.name)
        pair = isinstance(value, tuple)
        values[field.name] = tuple(v[frames] for v in value) if pair else value[frames]
    return Trunk(**values)


def _paw_pitch(
    channels: dict[str, Array],
    paws: Array,
    neutral: Trunk,
    track: Track,
    lifted: Array,
    anatomy: Anatomy,
) -> Array:
    """Elevation of paws and feet (time, 4): steeper the further behind the body they stand."""
    pitch = np.empty(lifted.shape)
    for paw in range(4):
        root = neutral.shoulders[paw] if paw < 2 else neutral.hip
        heading = neutral.chest_heading if paw < 2 else track.heading
        ahead = (paws[:, paw, :2] - root[:, :2]) / anatomy.size
        ahead = ahead[:, 0] * np.cos(heading) + ahead[:, 1] * np.sin(heading)
        behind = (_FORE_HOME if paw < 2 else _HIND_HOME)[0] - ahead
        steep = (1.0 - lifted[:, paw]) * 0.28 * np.clip(behind, -1.5, 2.5)
        if paw < 2:
            floor, air = 0.9, channels["wrist"]
            resting = (1.0 - lifted[:, paw]) * floor + lifted[:, paw] * air
        else:
            resting = channels["heel"] + 0.5 * lifted[:, paw]
        # A heel does not sink into the floor.
        flattest = 0.1 - 1.3 * lifted[:, paw]
        pitch[:, paw] = -np.clip(resting + steep, flattest, 1.35)
    return pitch


def _frame_labels(bouts: list[Bout], n_frames: int) -> np.ndarray:
    labels = np.empty(n_frames, dtype=object)
    for bout in bouts:
        labels[bout.start : bout.stop] = bout.name
    return labels


def _bout_table(bouts: list[Bout], fps: float, name: str) -> pd.DataFrame:
    return make_table(
        BOUTS,
        {
            "recording": "synthetic",
            "individual": name,
            "start_s": np.array([bout.start / fps for bout in bouts]),
            "stop_s": np.array([bout.stop / fps for bout in bouts]),
            "behaviour_id": [bout.name for bout in bouts],
            "source": "human",
            "score": 1.0,
        },
        length=len(bouts),
    )
