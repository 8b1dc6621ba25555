"""Speeds: of the body, of regions and keypoints, and whether the animal moves at all."""

from __future__ import annotations

import numpy as np

from mousegpt_core.kinematics.frame import Stretch
from mousegpt_core.kinematics.quantities import PER_ANIMAL, PER_KEYPOINT, Quantity
from mousegpt_core.kinematics.scene import Scene
from mousegpt_core.kinematics.settings import KinematicsSettings
from mousegpt_core.kinematics.signals import (
    Bools,
    Floats,
    gaussian_kernel,
    length,
    mean_known,
    rate,
    runs,
    smooth,
)


def compute_speeds(stretch: Stretch) -> dict[str, Quantity]:
    """Speeds of the whole animal and of its parts.

    Velocity is the rate of change of position (MouseGPT prints a division by the frame rate; the
    dimensionally right form is a multiplication).

    Returns
    -------
    dict
        - ``speed`` (cm/s): of the body centre; horizontal in 3D.
        - ``forward_speed`` (cm/s): the part of it along the trunk; + forward, - backward.
          MouseGPT's signed speed gives + to moving *against* its axis d = SpineG - SpineH; ours is
          the other way round.
        - ``acceleration`` (cm/s^2): rate of ``speed``.
        - ``keypoint_speed`` (cm/s): of each keypoint.
        - ``region_speed`` (cm/s): of the mean velocity of a region's keypoints; ``overall`` is
          that of all but the tail (the speeds that MouseGPT's prompt names).
        - ``local_speed`` (cm/s): of each keypoint relative to the body, whose travel and yaw are
          removed.
    """
    speed = length(stretch.body_velocity[:, :2])
    found = {
        "speed": Quantity(PER_ANIMAL, speed, "cm/s"),
        "acceleration": Quantity(PER_ANIMAL, rate(speed, stretch.times), "cm/s^2"),
        "keypoint_speed": Quantity(PER_KEYPOINT, length(stretch.velocity), "cm/s"),
        "region_speed": _region_speed(stretch),
        "local_speed": Quantity(PER_KEYPOINT, _local_speed(stretch), "cm/s"),
    }
    if stretch.axis is not None:
        forward = (stretch.body_velocity[:, :2] * stretch.axis).sum(axis=1)
        found["forward_speed"] = Quantity(PER_ANIMAL, forward, "cm/s")
    return found


def compute_motion(stretch: Stretch) -> dict[str, Quantity]:
    """Whether the animal moves at all, in spite of the keypoints' jitter.

    Returns
    -------
    dict
        - ``motion`` (cm/s): speed of the keypoints (without tail) after stronger smoothing, less
          what their noise alone would show; mean over the keypoints of head, torso and limbs, then
          root mean square over the three, so that a head that scans slowly counts, however many
          keypoints it has. Keypoints noisier than the others weigh less. The smoothing is as
          strong as the noise asks for.
        - ``immobile`` (bool): motion stays below a threshold for a shortest time; twitches
          shorter than a pause do not end it.
    """
    motion = _motion(stretch)
    settings = stretch.settings
    still = immobile(
        motion,
        stretch.times,
        below=settings.immobile_motion,
        shortest=settings.immobile_min_s,
        pause=settings.immobile_pause_s,
        fps=stretch.scene.fps,
    )
    return {
        "motion": Quantity(PER_ANIMAL, motion, "cm/s"),
        "immobile": Quantity(PER_ANIMAL, still, "1"),
    }


def immobile(
    motion: Floats, times: Floats, *, below: float, shortest: float, pause: float, fps: float
) -> Bools:
    """Stretches of `motion` below a threshold, of a shortest length, short interruptions bridged.

    Parameters
    ----------
    motion : array of shape (time, individual)
        cm/s; unknown motion is not immobile.
    times : array of shape (time,)
        Seconds.
    below : float
        cm/s.
    shortest, pause : float
        Seconds.
    fps : float
        Frames per second.
    """
    still = motion < below
    tick = 0.5 / fps
    for column in range(still.shape[1]):
        flags = still[:, column]
        for start, stop in zip(*runs(~flags), strict=True):
            if start > 0 and stop < len(flags):
                lasts = times[stop] - times[start]
                if lasts <= pause + tick and np.isfinite(motion[start:stop, column]).all():
                    flags[start:stop] = True
        for start, stop in zip(*runs(flags), strict=True):
            if times[stop - 1] - times[start] + 1.0 / fps < shortest - tick:
                flags[start:stop] = False
    return still


def _region_speed(stretch: Stretch) -> Quantity:
    regions = {"overall": stretch.anatomy.body, **stretch.anatomy.regions}
    speeds = [
        length(mean_known(stretch.velocity[:, :, list(members)], axis=2))
        for members in regions.values()
    ]
    return Quantity(
        ("time", "region", "individual"),
        np.stack(speeds, axis=1),
        "cm/s",
        coords={"region": list(regions)},
    )


def _local_speed(stretch: Stretch) -> Floats:
    """Speed of each keypoint as seen by an observer who travels and turns with the trunk."""
    local = stretch.velocity - stretch.centre_velocity[:, :, None]
    if stretch.spin is not None:
        arm = stretch.position[:, :2] - stretch.centre[:, :2, None]
        spin = np.nan_to_num(stretch.spin)[:, None]
        local[:, 0] += spin * arm[:, 1]
        local[:, 1] -= spin * arm[:, 0]
    return length(local)


def _motion(stretch: Stretch) -> Floats:
    scene, anatomy = stretch.scene, stretch.anatomy
    kernel = gaussian_kernel(_motion_width(scene, stretch.settings), scene.fps)
    members = list(anatomy.body)
    velocity = rate(smooth(stretch.position[:, :, members], kernel), stretch.times)
    noise = scene.noise_of([anatomy.keypoints[i] for i in members])
    floor = np.square(noise * _noise_gain(kernel, scene.fps)) * scene.space_dims
    squared = np.square(velocity).sum(axis=1) - floor.astype(np.float32)[None, :, None]
    speed = np.sqrt(np.maximum(squared, np.float32(0)))
    weights = 1 / (1 + np.square(noise / max(scene.noise_cm, 1e-6)))
    groups = [[members.index(i) for i in g if i in members] for g in _groups(stretch)]
    means = [mean_known(speed[:, g], axis=1, weights=weights[g]) for g in groups if g]
    return np.asarray(np.sqrt(mean_known(np.square(np.stack(means, axis=1)), axis=1)))


def _motion_width(scene: Scene, settings: KinematicsSettings) -> float:
    """Width of the smoothing (s) after which noise alone shows a speed of `motion_noise`.

    The rate of white noise of deviation n per axis, sampled at f and smoothed by a Gaussian of
    width w, has deviation n / sqrt(4 sqrt(pi) f w^3).
    """
    variance = scene.space_dims * scene.noise_cm**2
    width = (variance / (4 * np.sqrt(np.pi) * scene.fps * settings.motion_noise**2)) ** (1 / 3)
    return float(np.clip(width, settings.motion_smooth_s, settings.motion_smooth_most_s))


def _groups(stretch: Stretch) -> list[tuple[int, ...]]:
    """Keypoints of head, torso with tail base, and limbs; all keypoints where roles are unknown."""
    anatomy = stretch.anatomy
    torso = (*anatomy.regions.get("torso", ()), *anatomy.points.get("tail_base", ()))
    limbs = tuple(i for name, m in anatomy.regions.items() if "limb" in name for i in m)
    groups = [g for g in (anatomy.regions.get("head", ()), torso, limbs) if g]
    return groups or [anatomy.body]


def _noise_gain(kernel: Floats | None, fps: float) -> float:
    """Standard deviation of the rate (per second) of smoothed white noise of deviation 1."""
    weights = np.ones(1) if kernel is None else kernel
    slope = (np.append(weights, (0.0, 0.0)) - np.append((0.0, 0.0), weights)) * fps / 2
    return float(np.sqrt(np.square(slope).sum()))
