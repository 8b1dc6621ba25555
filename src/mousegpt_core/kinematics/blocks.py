"""Kinematics of a whole recording, at once or block by block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from mousegpt_core.clips import is_break
from mousegpt_core.errors import DataError
from mousegpt_core.kinematics.anatomy import Anatomy, read_anatomy
from mousegpt_core.kinematics.body import (
    compute_bends,
    compute_directions,
    compute_lengths,
    compute_pitch,
    compute_wall,
)
from mousegpt_core.kinematics.cleaning import clean_positions
from mousegpt_core.kinematics.dropped import with_dropped_frames
from mousegpt_core.kinematics.frame import Stretch
from mousegpt_core.kinematics.limbs import compute_contact, compute_joint_angles
from mousegpt_core.kinematics.motion import compute_motion, compute_speeds
from mousegpt_core.kinematics.quantities import (
    CENTRE,
    PER_ANIMAL,
    PER_KEYPOINT,
    PER_PLACE,
    Quantity,
)
from mousegpt_core.kinematics.scene import Scene, read_block, scaled_confidence
from mousegpt_core.kinematics.settings import KinematicsSettings
from mousegpt_core.kinematics.signals import Floats
from mousegpt_core.poses import validate_poses
from mousegpt_core.skeleton import Skeleton

_QUANTITIES: tuple[Callable[[Stretch], dict[str, Quantity]], ...] = (
    compute_speeds,
    compute_directions,
    compute_lengths,
    compute_pitch,
    compute_bends,
    compute_joint_angles,
    compute_contact,
    compute_motion,
    compute_wall,
)


def compute_kinematics(
    poses: xr.Dataset, skeleton: Skeleton, scene: Scene, settings: KinematicsSettings | None = None
) -> xr.Dataset:
    """All kinematic quantities of a recording.

    Parameters
    ----------
    poses : Dataset
        As `poses.make_poses` gives them; loaded whole.
    skeleton : Skeleton
        Roles of the keypoints.
    scene : Scene
        From `prepare_scene`.
    settings : KinematicsSettings, optional
        Cleaning and thresholds.

    Returns
    -------
    Dataset
        Lengths in cm, times in s, angles in rad, float32; the quantities are defined where they are
        computed: `motion`, `body`, `limbs`. Those whose keypoints are absent are left out. Frames
        that were dropped have rows too (`dropped.with_dropped_frames`).

    Raises
    ------
    DataError
        If poses are malformed or not those of the scene.
    """
    poses = _checked(poses, scene)
    return _compute(
        poses, skeleton, scene, settings or KinematicsSettings(), 0, poses.sizes["time"]
    )


def kinematics_in_blocks(
    poses: xr.Dataset,
    skeleton: Skeleton,
    scene: Scene,
    settings: KinematicsSettings | None = None,
    *,
    block_frames: int = 20_000,
) -> Iterator[xr.Dataset]:
    """As `compute_kinematics`, one block of frames after the other, in bounded memory.

    Each block is computed with some seconds around it (`halo_s`), so that joined blocks equal the
    result at once.

    Parameters
    ----------
    poses : Dataset
        May be lazy (dask, Zarr); each block is read with its halo.
    skeleton, scene, settings
        As for `compute_kinematics`.
    block_frames : int
        Frames per block.

    Raises
    ------
    DataError
        If poses are malformed, not those of the scene, or `block_frames` is not positive.
    """
    poses = _checked(poses, scene)
    if block_frames < 1:
        raise DataError("a block needs at least one frame", found=f"block_frames={block_frames}")
    settings = settings or KinematicsSettings()
    count = poses.sizes["time"]
    for start in range(0, count, block_frames):
        yield _compute(poses, skeleton, scene, settings, start, min(start + block_frames, count))


def halo_s(settings: KinematicsSettings) -> float:
    """Seconds around a frame on which its quantities depend."""
    widest = max(settings.motion_smooth_s, settings.motion_smooth_most_s)
    window = max(settings.smooth_s, settings.smooth_most_s)
    smoothing = window + 3.5 * (settings.body_smooth_s + widest)
    cleaning = 2 * settings.max_outlier_s + settings.fill_gap_s + 4 * settings.swap_s
    return cleaning + smoothing + 2 * (settings.immobile_min_s + settings.immobile_pause_s) + 0.5


def _checked(poses: xr.Dataset, scene: Scene) -> xr.Dataset:
    """The poses with their dropped frames, if they are those of the scene."""
    validate_poses(poses)
    if poses.sizes["space"] != scene.space_dims:
        raise DataError(
            "the scene belongs to other poses",
            expected=f"{scene.space_dims}D",
            found=f"{poses.sizes['space']}D",
            hint="call prepare_scene on these poses",
        )
    return with_dropped_frames(poses)


def _compute(
    poses: xr.Dataset,
    skeleton: Skeleton,
    scene: Scene,
    settings: KinematicsSettings,
    start: int,
    stop: int,
) -> xr.Dataset:
    """Kinematics of some frames, computed with their halo."""
    anatomy = read_anatomy(skeleton, poses["keypoint"].values.tolist())
    all_times = np.asarray(poses["time"].values, dtype=np.float64)
    halo = halo_s(settings)
    first = int(np.searchsorted(all_times, all_times[start] - halo))
    last = int(np.searchsorted(all_times, all_times[stop - 1] + halo, side="right"))
    block = read_block(poses, first, last)
    position = scene.to_cm(block.position)
    confidence = scaled_confidence(block.confidence, scene.confidence_scale)
    times = block.times
    cuts = [0, *(np.flatnonzero(is_break(times, scene.fps)) + 1).tolist(), len(times)]
    parts = []
    for low, high in pairwise(cuts):
        a, b = max(low, start - first), min(high, stop - first)
        if a < b:
            piece = slice(low, high)
            found = _quantities(
                position[piece], confidence[piece], times[piece], anatomy, scene, settings
            )
            parts.append({name: _cut(q, a - low, b - low) for name, q in found.items()})
    return _dataset(parts, poses.isel(time=slice(start, stop)), scene, settings)


def _quantities(
    position: Floats,
    confidence: Floats,
    times: Floats,
    anatomy: Anatomy,
    scene: Scene,
    settings: KinematicsSettings,
) -> dict[str, Quantity]:
    """Quantities of one stretch without breaks."""
    cleaned = clean_positions(
        position,
        confidence,
        times,
        fps=scene.fps,
        body_length=scene.body_length_cm or float("nan"),
        noise=scene.noise_of(anatomy.keypoints),
        anatomy=anatomy,
        settings=settings,
    )
    stretch = Stretch(
        cleaned.position, cleaned.measured, cleaned.unsmoothed, times, anatomy, scene, settings
    )
    found = {
        "position": Quantity(PER_PLACE, stretch.position, "cm"),
        "unsmoothed": Quantity(PER_PLACE, stretch.unsmoothed, "cm"),
        "measured": Quantity(PER_KEYPOINT, stretch.measured, "1"),
        "centre": Quantity(CENTRE, stretch.centre, "cm"),
    }
    for compute in _QUANTITIES:
        found |= compute(stretch)
    return found


def _cut(quantity: Quantity, start: int, stop: int) -> Quantity:
    """The quantity of some frames; copied, so that the halo is let go."""
    values = quantity.values[start:stop]
    kind = np.bool_ if values.dtype == bool else np.float32
    return Quantity(
        quantity.dims,
        np.array(values, dtype=kind, order="C"),
        quantity.unit,
        quantity.attrs,
        quantity.coords,
    )


def _of_outline(frames: xr.Dataset, scene: Scene) -> dict[str, tuple[Any, ...]]:
    """What is known of animals that were found in the film, in cm: see `pose.silhouette`.

    ``pixel_speed`` (cm/s), how fast its pixels move on the whole; ``outline_height`` (cm), from
    the side only: how high the outline is.
    """
    units = {"pixel_speed": "cm/s"}
    if scene.space_dims == 2 and scene.seen_from == "side":
        units["outline_height"] = "cm"
    found: dict[str, tuple[Any, ...]] = {}
    for name in units.keys() & set(frames.data_vars):
        values = frames[name].transpose(*PER_ANIMAL).values * np.float32(scene.cm_per_unit)
        if "dropped" in frames.coords:
            values[frames["dropped"].values] = np.nan
        found[name] = (PER_ANIMAL, values, {"units": units[name]})
    return found


def _dataset(
    parts: list[dict[str, Quantity]], frames: xr.Dataset, scene: Scene, settings: KinematicsSettings
) -> xr.Dataset:
    variables: dict[str, tuple[Any, ...]] = {}
    coords: dict[str, list[str]] = {}
    for name, quantity in parts[0].items():
        pieces = [part[name].values for part in parts]
        values = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        variables[name] = (quantity.dims, values, {"units": quantity.unit, **quantity.attrs})
        coords.update(quantity.coords)
    variables |= _of_outline(frames, scene)
    kept = {
        name: frames.coords[name]
        for name in ("time", "frame", "space", "keypoint", "individual")
        if name in frames.coords
    }
    attrs = {
        "ds_type": "kinematics",
        "length_unit": "cm",
        "scale_source": scene.scale_source,
        "body_length_cm": scene.body_length_cm or float("nan"),
        "body_length_from": scene.body_length_from,
        "fps": scene.fps,
        "seen_from": scene.seen_from,
        "mirrored": int(scene.mirrored),
        "space_dims": scene.space_dims,
        "scene": json.dumps(scene.to_dict()),
        "settings": json.dumps(settings.fingerprint()),
    }
    return xr.Dataset(variables, coords={**kept, **coords}, attrs=attrs)
