"""The scene of a recording: scale, floor, arena, the animal's size and the keypoints' noise.

It is fitted once per recording from a sample and then fixed, so that a recording can be worked on
block by block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import xarray as xr
from pydantic import Field
from scipy.special import chdtri

from mousegpt_core.errors import DataError
from mousegpt_core.kinematics.anatomy import PROPORTIONS, Anatomy, point, read_anatomy
from mousegpt_core.kinematics.arena import Arena, make_arena
from mousegpt_core.kinematics.cleaning import clean_positions, seen_keypoints
from mousegpt_core.kinematics.dropped import with_dropped_frames
from mousegpt_core.kinematics.floor import UPRIGHT, Floor, Rotation, fit_floor
from mousegpt_core.kinematics.settings import KinematicsSettings
from mousegpt_core.kinematics.signals import Bools, Floats, length, quantile
from mousegpt_core.poses import validate_poses
from mousegpt_core.settings import Settings
from mousegpt_core.skeleton import Skeleton

#: Nose to tail base of an adult laboratory mouse (C57BL/6, 8-12 weeks: 8-9 cm); used where no scale
#: is known.
ASSUMED_BODY_LENGTH_CM = 8.5
#: A mouse is shorter than its length while it crouches, grooms or is seen from above while rearing;
#: this quantile of the distance stands for the stretched animal.
STRETCHED_SHARE = 0.75

_CM_PER_UNIT = {"mm": 0.1, "cm": 1.0, "m": 100.0}
#: Where the best scores of an estimator lie if they are probabilities.
_PROBABILITIES = (0.95, 1.2)
_SAMPLED_FRAMES = 20_000
_CHUNK = 500
#: Jitter is measured over moments of this length (s), of so many frames at least and at most, of
#: which this share is quiet.
_QUIET_S = 0.2
_QUIET_FRAMES = (6, 10)
_QUIET_SHARE = 0.1
#: Noisiest keypoint against a typical one.
_UNEVEN = 3.0
#: Second differences of white noise are correlated: sum of squares of their autocorrelation.
_BEND_MEMORY = 1 + 2 * ((4 / 6) ** 2 + (1 / 6) ** 2)
#: On a grid many coordinates do not change between frames: this share do, at least and at most; and
#: steps are multiples of its distance, but for rounding.
_GRID_MOVES = (0.02, 0.9)
_GRID_OFF = 0.02


class Block(NamedTuple):
    """Some frames of poses, in memory.

    Attributes
    ----------
    position : array of shape (time, space, keypoint, individual)
        In the poses' unit; NaN where not seen.
    confidence : array of shape (time, keypoint, individual)
        NaN where none was given.
    times : array of shape (time,)
        Seconds.
    dropped : array of shape (time,)
        Rows that stand for frames that are not there.
    """

    position: Floats
    confidence: Floats
    times: Floats
    dropped: Bools


class Scene(Settings):
    """What must be known of a recording before it can be measured."""

    cm_per_unit: float = Field(gt=0, description="Centimetres per unit of the poses")
    scale_source: str = Field(description="given, unit, known length or assumed")
    fps: float = Field(gt=0, description="Frames per second")
    space_dims: Literal[2, 3] = Field(description="Dimensions of the poses")
    seen_from: Literal["above", "below", "side"] = Field(
        "above", description="The camera's side (2D)"
    )
    rotation: Rotation = Field(default=UPRIGHT, description="Turns the poses so that z is up (3D)")
    floor: float = Field(default=0.0, description="Height of the floor after the rotation (cm, 3D)")
    floor_source: Literal["fitted", "assumed", ""] = Field(
        default="", description="Whether the floor's slope was fitted, or z taken as up (3D)"
    )
    arena: Arena | None = Field(default=None, description="The wall")
    body_length_cm: float | None = Field(
        default=None, description="Nose to tail base, stretched (cm)"
    )
    body_length_from: str = Field(default="", description="The points whose distance it is")
    noise_cm: float = Field(
        default=0.0, ge=0, description="Jitter of a typical keypoint, standard deviation (cm)"
    )
    keypoint_noise_cm: dict[str, float] = Field(
        default={}, description="Jitter of each keypoint (cm)"
    )
    paw_rest_cm: dict[str, float] = Field(
        default={}, description="Height of each paw at rest (cm, 3D)"
    )
    confidence_scale: float = Field(
        default=1.0,
        ge=0,
        description="The estimator's usual score; 0 where its scores say nothing",
    )
    sides_agree: float | None = Field(
        default=None,
        description="Share of frames in which keypoints called left lie on the animal's left",
    )

    @property
    def mirrored(self) -> bool:
        """Whether the picture shows the animal mirrored (seen from below)."""
        return self.space_dims == 2 and self.seen_from == "below"

    @property
    def up_sign(self) -> float:
        """+1 where left turns are anticlockwise in the coordinates, -1 where y runs down."""
        return 1.0 if self.space_dims == 3 or self.mirrored else -1.0

    def noise_of(self, keypoints: Sequence[str]) -> Floats:
        """Jitter of each keypoint in cm, shape (keypoint,); that of a typical one where unknown."""
        found = [self.keypoint_noise_cm.get(name, self.noise_cm) for name in keypoints]
        return np.asarray(found, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able values."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The scene that `to_dict` gave.

        Raises
        ------
        SettingsError
            If a key is unknown or a value impossible.
        """
        return cls.parse(dict(values), source="scene")

    def to_cm(self, position: Floats) -> Floats:
        """Positions in the poses' unit to cm; in 3D with z up and the floor at 0.

        Parameters
        ----------
        position : array of shape (time, space, keypoint, individual)
            As in the poses.
        """
        scaled = position * position.dtype.type(self.cm_per_unit)
        if self.space_dims == 2:
            return scaled
        rotation = np.asarray(self.rotation, dtype=position.dtype)
        if not np.array_equal(rotation, np.eye(3)):
            shape = scaled.shape
            scaled = np.matmul(rotation, scaled.reshape(shape[0], 3, -1)).reshape(shape)
        scaled[:, 2] -= position.dtype.type(self.floor)
        return scaled


def prepare_scene(
    poses: xr.Dataset,
    skeleton: Skeleton,
    *,
    cm_per_unit: float | None = None,
    arena: Arena | Mapping[str, Any] | None = None,
    seen_from: Literal["above", "below", "side"] = "above",
    settings: KinematicsSettings | None = None,
    scale_source: str = "given",
) -> Scene:
    """Fit scale, floor, arena, body length and noise from a sample of a recording.

    At most 20,000 frames are read, in stretches spread over the recording, so that poses may be
    lazy and of any length.

    Parameters
    ----------
    poses : Dataset
        As `poses.make_poses` gives them.
    skeleton : Skeleton
        Roles of the keypoints.
    cm_per_unit : float, optional
        Centimetres per unit of the poses. By default from the unit; for px and unknown units such
        that the distance from nose to tail base (or a substitute, by its usual share of it) is
        that of an adult mouse, 8.5 cm, and `Scene.scale_source` is ``"assumed"``.
    arena : Arena or mapping, optional
        The wall (keys of `arena.ArenaWanted`); what is left out is fitted.
    seen_from : {"above", "below", "side"}
        Where the camera of 2D poses is.
    settings : KinematicsSettings, optional
        Cleaning of the sample.
    scale_source : str
        What to call a scale that is given: ``"given"`` or ``"known length"``.

    Raises
    ------
    DataError
        If poses are malformed, no keypoint is ever seen, or the scale is impossible.
    """
    settings = settings or KinematicsSettings()
    poses = with_dropped_frames(validate_poses(poses))
    anatomy = read_anatomy(skeleton, poses["keypoint"].values.tolist())
    fps = float(poses.attrs["fps"])
    chunks = _sample(poses)
    scale = _confidence_scale(chunks)
    chunks = [_believed(c, scale, settings) for c in chunks]
    raw = np.concatenate([c.position for c in chunks])
    if not np.isfinite(raw).any():
        raise _nothing_seen(poses, settings)
    cm, source = _scale(poses, raw, anatomy, cm_per_unit, scale_source)
    pair = anatomy.length_pair
    stretched = _stretched(raw, anatomy) * cm
    space_dims: Literal[2, 3] = 3 if raw.shape[1] == 3 else 2
    floor = fit_floor(raw * cm, anatomy) if space_dims == 3 else Floor(UPRIGHT, 0.0, "")
    noise = _keypoint_noise(chunks, cm, anatomy, fps)
    scene = Scene(
        cm_per_unit=cm,
        scale_source=source,
        fps=fps,
        space_dims=space_dims,
        seen_from=seen_from,
        rotation=floor.rotation,
        floor=floor.height,
        floor_source=floor.source,
        body_length_cm=stretched if np.isfinite(stretched) else None,
        body_length_from=" to ".join(pair) if pair else "",
        noise_cm=_typical([noise[anatomy.keypoints[i]] for i in anatomy.body]),
        keypoint_noise_cm={name: value for name, value in noise.items() if np.isfinite(value)},
        confidence_scale=scale,
    )
    return _with_places(scene, chunks, anatomy, arena, settings)


def _with_places(
    scene: Scene,
    chunks: list[Block],
    anatomy: Anatomy,
    arena: Arena | Mapping[str, Any] | None,
    settings: KinematicsSettings,
) -> Scene:
    """Add what needs clean positions in centimetres: wall, resting paws, sides."""
    clean = np.concatenate(
        [
            clean_positions(
                scene.to_cm(chunk.position),
                np.full(chunk.confidence.shape, np.nan, dtype=np.float32),
                chunk.times,
                fps=scene.fps,
                body_length=scene.body_length_cm or float("nan"),
                noise=scene.noise_of(anatomy.keypoints),
                anatomy=anatomy,
                settings=settings,
            ).position
            for chunk in chunks
        ]
    )
    places = np.moveaxis(clean[:, :2][:, :, list(anatomy.body)], 1, -1).reshape(-1, 2)

    def to_cm(given: Floats) -> Floats:
        padded = np.zeros((len(given), scene.space_dims, 1, 1))
        padded[:, :2, 0, 0] = given
        return np.asarray(scene.to_cm(padded)[:, :2, 0, 0])

    rest = {
        paw: round(quantile(clean[:, 2, i], 0.2), 4)
        for paw, i in anatomy.paws.items()
        if scene.space_dims == 3 and np.isfinite(clean[:, 2, i]).any()
    }
    if arena is None and not _has_gone_about(clean[:, :2][:, :, list(anatomy.body)], scene):
        wall = None
    else:
        wall = make_arena(arena, places, to_cm)
    return scene.model_copy(
        update={
            "arena": wall,
            "paw_rest_cm": rest,
            "sides_agree": _sides_agree(clean, anatomy, scene.up_sign),
        }
    )


def _has_gone_about(body: Floats, scene: Scene) -> bool:
    """Whether a wall can be told from where the animal was: seen from above, it left its place."""
    if scene.seen_from == "side" and scene.space_dims == 2:
        return False
    seen = np.isfinite(body)
    count = seen.sum(axis=2)
    centre = np.where(seen, body, 0.0).sum(axis=2) / np.maximum(count, 1)
    way = 0.0
    for individual in range(body.shape[3]):
        mine = centre[..., individual][(count[..., individual] > 0).all(axis=1)]
        if len(mine):
            low, high = np.quantile(mine, [0.02, 0.98], axis=0)
            way = max(way, float((high - low).max()))
    return way >= (scene.body_length_cm or ASSUMED_BODY_LENGTH_CM)


def _sample(poses: xr.Dataset) -> list[Block]:
    """Stretches spread over the recording."""
    count = poses.sizes["time"]
    if count <= _SAMPLED_FRAMES:
        starts, size = [0], count
    else:
        size = _CHUNK
        starts = np.linspace(0, count - size, _SAMPLED_FRAMES // size).astype(int).tolist()
    return [read_block(poses, start, start + size) for start in starts]


def read_block(poses: xr.Dataset, start: int, stop: int) -> Block:
    """Load some frames; poses may be lazy."""
    part = poses.isel(time=slice(start, stop))
    position = np.asarray(part["position"].values, dtype=np.float32)
    dropped = np.zeros(len(position), dtype=bool)
    if "dropped" in part.coords:
        dropped = np.asarray(part["dropped"].values, dtype=bool)
        position = np.where(dropped[:, None, None, None], np.float32(np.nan), position)
    if "confidence" in part:
        confidence = np.asarray(part["confidence"].values, dtype=np.float32)
    else:
        confidence = np.full((len(position), *position.shape[2:]), np.nan, dtype=np.float32)
    return Block(position, confidence, np.asarray(part["time"].values, dtype=np.float64), dropped)


def _confidence_scale(chunks: list[Block]) -> float:
    """What a usual score of a seen keypoint is: 1 for probabilities, less for heights of peaks.

    DeepLabCut's likelihoods end at 1, and a low one means doubt. SLEAP's are heights of peaks and
    may all be around .4 for good keypoints; what counts there is the share of the usual score.
    """
    scores = np.concatenate([c.confidence[np.isfinite(c.position).all(axis=1)] for c in chunks])
    best = quantile(scores, 0.95)
    if not np.isfinite(best) or best <= 0:
        return 0.0
    return 1.0 if _PROBABILITIES[0] <= best <= _PROBABILITIES[1] else quantile(scores, 0.5)


def scaled_confidence(confidence: Floats, scale: float) -> Floats:
    """Scores as shares of the usual one; NaN (believed) where they say nothing."""
    if scale <= 0:
        return np.full_like(confidence, np.nan)
    return np.asarray(confidence / np.float32(scale))


def _believed(chunk: Block, scale: float, settings: KinematicsSettings) -> Block:
    """The chunk without doubtful keypoints."""
    confidence = scaled_confidence(chunk.confidence, scale)
    seen = seen_keypoints(chunk.position, confidence, settings.min_confidence)
    position = np.where(seen[:, None], chunk.position, np.float32(np.nan))
    return chunk._replace(position=position)


def _nothing_seen(poses: xr.Dataset, settings: KinematicsSettings) -> DataError:
    position = poses["position"]
    if any(bool(np.isfinite(chunk.position).any()) for chunk in _sample(poses)):
        return DataError(
            "no keypoint is ever confident enough",
            place="confidence",
            expected=f"some at {settings.min_confidence} or more",
            hint="lower min_confidence in the settings, or check the pose file",
        )
    return DataError(
        "no keypoint is ever seen: all positions are NaN",
        place="position",
        expected="coordinates",
        found=f"{position.sizes['time']} frames of NaN",
        hint="check that the pose file belongs to this film and that tracking succeeded",
    )


def _scale(
    poses: xr.Dataset, raw: Floats, anatomy: Anatomy, given: float | None, source: str
) -> tuple[float, str]:
    """Centimetres per unit, and where that is known from."""
    if given is not None:
        if not np.isfinite(given) or given <= 0:
            raise DataError("the scale must be a positive number", found=f"{given} cm per unit")
        return float(given), source
    unit = str(poses["position"].attrs.get("units", "unknown"))
    if unit in _CM_PER_UNIT:
        return _CM_PER_UNIT[unit], "unit"
    stretched = _stretched(raw, anatomy)
    if not np.isfinite(stretched) or stretched <= 0:
        # Without two points of known distance: the whole animal, however it lies, is about as long.
        spread = np.fmax.reduce(raw, axis=2) - np.fmin.reduce(raw, axis=2)
        stretched = quantile(length(spread), STRETCHED_SHARE)
    if not np.isfinite(stretched) or stretched <= 0:
        return 1.0, "assumed"
    return ASSUMED_BODY_LENGTH_CM / stretched, "assumed"


def _stretched(position: Floats, anatomy: Anatomy) -> float:
    """Nose to tail base of the stretched animal, from the best pair of points; NaN without one."""
    pair = anatomy.length_pair
    if pair is None:
        return float("nan")
    distance = length(
        point(position, anatomy.points[pair[0]]) - point(position, anatomy.points[pair[1]])
    )
    return quantile(distance, STRETCHED_SHARE) / PROPORTIONS[pair]


def _keypoint_noise(
    chunks: list[Block], cm: float, anatomy: Anatomy, fps: float
) -> dict[str, float]:
    """Jitter of each keypoint: second differences in the quietest moments, per axis, in cm.

    White noise of standard deviation s has second differences of s * sqrt(6); in moments as short
    as a paw's stance the animal itself adds little. The quietest of them are quieter than the noise
    by chance, as the quantile of chi-square tells. Where positions lie on a grid, as those of
    estimators without refinement do, a still keypoint shows no noise at all, but is as uncertain as
    the grid is coarse: d / sqrt(12). A keypoint that seems far noisier than the others is one that
    never rests. Dropped frames and those beside them are left out.
    """
    frames = int(np.clip(round(_QUIET_S * fps), *_QUIET_FRAMES))
    found: list[Floats] = []
    for chunk in chunks:
        bend = np.square(np.diff(chunk.position * np.float32(cm), n=2, axis=0)).mean(axis=1)
        bend = bend[~(chunk.dropped[2:] | chunk.dropped[1:-1] | chunk.dropped[:-2])]
        whole = len(bend) // frames * frames
        moments = bend[:whole].reshape(-1, frames, *bend.shape[1:])
        found.append(np.sqrt(moments.mean(axis=1) / 6))
    moments = np.concatenate(found)
    freedom = frames * chunks[0].position.shape[1] / _BEND_MEMORY
    by_chance = np.sqrt(chdtri(freedom, 1 - _QUIET_SHARE) / freedom)
    least = _grid(chunks) * cm / np.sqrt(12)
    jitter = [quantile(moments[:, i], _QUIET_SHARE) / by_chance for i in range(moments.shape[1])]
    most = _UNEVEN * _typical([jitter[i] for i in anatomy.body])
    return {
        name: float(np.clip(value, least, max(least, most)))
        for name, value in zip(anatomy.keypoints, jitter, strict=True)
    }


def _grid(chunks: list[Block]) -> float:
    """Distance of the lines that all coordinates lie on, in the poses' unit; 0 where none."""
    steps = np.concatenate([np.abs(np.diff(c.position, axis=0)).ravel() for c in chunks])
    steps = steps[np.isfinite(steps)]
    moves = steps[steps > 0]
    low, high = _GRID_MOVES
    if len(moves) == 0 or not low * len(steps) <= len(moves) <= high * len(steps):
        return 0.0
    grid = float(np.quantile(moves, 0.01))
    off = np.abs(moves / grid - np.round(moves / grid))
    return grid if float(np.quantile(off, 0.9)) < _GRID_OFF else 0.0


def _typical(values: list[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.median(finite)) if finite else 0.0


def _sides_agree(position: Floats, anatomy: Anatomy, up_sign: float) -> float | None:
    """Share of frames in which left lies left of the trunk, over ears and paws; None if unknown."""
    if anatomy.front is None or anatomy.rear is None:
        return None
    ahead = point(position, anatomy.front) - point(position, anatomy.rear)
    votes = []
    for pair in ("ears", "hindpaws", "forepaws", "shoulders"):
        if pair in anatomy.points:
            left, right = anatomy.points[pair]
            across = position[:, :, left] - position[:, :, right]
            side = up_sign * (ahead[:, 0] * across[:, 1] - ahead[:, 1] * across[:, 0])
            votes.append(side[np.isfinite(side)] > 0)
    joined = np.concatenate(votes) if votes else np.empty(0)
    return float(joined.mean()) if joined.size else None
