"""Cleaning of poses: doubtful keypoints and jumps out, short gaps filled, jitter smoothed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from mousegpt_core.kinematics.anatomy import Anatomy
from mousegpt_core.kinematics.settings import KinematicsSettings
from mousegpt_core.kinematics.signals import (
    Bools,
    Floats,
    length,
    neighbours,
    quadratic_kernel,
    smooth,
)
from mousegpt_core.kinematics.swaps import put_sides_back

#: Passes over islands between jumps; each takes one island off both ends of a noisy stretch.
_PASSES = 6
#: Slowest sampling at which a frame beside its neighbours is an error, not a movement (s).
_SPIKE_STEP_S = 0.07
#: Slowest sampling at which no movement of a mouse is over within a frame (s).
_QUICK_STEP_S = 0.041
#: What "usual" is measured over (s), and the least a frame must lie beside its neighbours (cm).
_USUAL_S = 0.5
_SPIKE_CM = 0.15
#: Added before a logarithm is taken (cm).
_TINY_CM = 0.01
#: Fewest keypoints of which the median is the body's middle.
_FEWEST_FOR_REACH = 4


@dataclass(frozen=True)
class Cleaned:
    """Cleaned positions.

    Attributes
    ----------
    position : array of shape (time, space, keypoint, individual)
        Centimetres; NaN where unknown.
    measured : array of shape (time, keypoint, individual)
        True where the estimator saw the keypoint and it was believed.
    unsmoothed : array of shape (time, space, keypoint, individual)
        `position` before it was smoothed.
    """

    position: Floats
    measured: Bools
    unsmoothed: Floats


def clean_positions(
    position: Floats,
    confidence: Floats,
    times: Floats,
    *,
    fps: float,
    body_length: float,
    noise: Floats,
    anatomy: Anatomy,
    settings: KinematicsSettings,
) -> Cleaned:
    """Drop what cannot be, put exchanged sides back, fill short gaps and smooth.

    Parameters
    ----------
    position : array of shape (time, space, keypoint, individual)
        Centimetres; NaN where not seen.
    confidence : array of shape (time, keypoint, individual)
        0-1; NaN where none was given, which is believed.
    times : array of shape (time,)
        Seconds, rising, without breaks.
    fps : float
        Frames per second.
    body_length : float
        Centimetres; NaN where unknown, then reach is not checked.
    noise : array of shape (keypoint,)
        Jitter of each keypoint, standard deviation on each axis (cm); NaN where unknown.
    anatomy : Anatomy
        Which keypoints are body and tail; the others' reach is not checked.
    settings : KinematicsSettings
        Thresholds and widths.
    """
    seen = seen_keypoints(position, confidence, settings.min_confidence)
    seen &= ~_out_of_reach(position, seen, body_length, anatomy, settings)
    position = put_sides_back(position, seen, times, anatomy.pairs, settings.swap_s)
    seen &= ~_spikes(position, seen, times, settings)
    seen = _without_jumps(position, seen, times, fps, settings)
    filled = _fill_gaps(position, seen, times, fps, settings.fill_gap_s)
    return Cleaned(_smoothed(filled, noise, fps, settings), seen, filled)


def _smoothed(position: Floats, noise: Floats, fps: float, settings: KinematicsSettings) -> Floats:
    """Each keypoint smoothed as strongly as its noise asks for.

    The slope of a quadratic fitted to N samples at intervals d, each with a deviation n, has the
    deviation n sqrt(12 / (N (N^2 - 1))) / d: about n sqrt(12 / (f w^3)) for a window w at f frames
    per second.
    """
    wanted = np.cbrt(12 * np.square(noise / settings.smooth_noise) / fps)
    most = max(settings.smooth_s, settings.smooth_most_s)
    windows = np.clip(np.nan_to_num(wanted), settings.smooth_s, most)
    kernels = [quadratic_kernel(float(window), fps) for window in windows]
    sizes = np.asarray([0 if kernel is None else len(kernel) for kernel in kernels])
    found = np.empty_like(position)
    for size in np.unique(sizes):
        members = np.flatnonzero(sizes == size)
        found[:, :, members] = smooth(position[:, :, members], kernels[members[0]])
    return found


def seen_keypoints(position: Floats, confidence: Floats, min_confidence: float) -> Bools:
    """Keypoints with finite coordinates that are not doubted: (time, keypoint, individual)."""
    return np.asarray(np.isfinite(position).all(axis=1) & ~(confidence < min_confidence))


def _out_of_reach(
    position: Floats,
    seen: Bools,
    body_length: float,
    anatomy: Anatomy,
    settings: KinematicsSettings,
) -> Bools:
    """Keypoints farther from the body's middle than a mouse is long."""
    body = list(anatomy.body)
    if len(body) < _FEWEST_FOR_REACH or not np.isfinite(body_length):
        return np.zeros_like(seen)
    middle = _median_keypoint(np.where(seen[:, None], position, np.nan)[:, :, body])
    distance = length(position - middle[:, :, None])
    reach = np.full(position.shape[2], np.inf, dtype=position.dtype)
    reach[body] = settings.max_reach * body_length
    reach[list(anatomy.tail)] = settings.max_reach_tail * body_length
    return np.asarray(distance > reach[None, :, None])


def _median_keypoint(position: Floats) -> Floats:
    """Median over keypoints; NaN where too few are known for it to mean the body's middle."""
    ordered = np.sort(position, axis=2)
    known = np.isfinite(ordered).sum(axis=2)
    low = np.take_along_axis(ordered, (np.maximum(known - 1, 0) // 2)[:, :, None], axis=2)[:, :, 0]
    high = np.take_along_axis(
        ordered, (known // 2).clip(max=position.shape[2] - 1)[:, :, None], axis=2
    )
    median = (low + high[:, :, 0]) / 2
    median[known < _FEWEST_FOR_REACH] = np.nan
    return np.asarray(median)


def _spikes(position: Floats, seen: Bools, times: Floats, settings: KinematicsSettings) -> Bools:
    """Single frames far beside both neighbours, which themselves lie close together."""
    found = np.zeros_like(seen)
    if len(position) < 3 or (step := float(np.median(np.diff(times)))) > _SPIKE_STEP_S:
        return found
    before, here, after = position[:-2], position[1:-1], position[2:]
    aside = length(here - (before + after) / 2)
    apart = length(after - before)
    certain = seen[:-2] & seen[1:-1] & seen[2:]
    far = aside > settings.spike
    if step <= _QUICK_STEP_S:
        far |= aside > np.maximum(settings.spike_times * _usual(aside, certain, step), _SPIKE_CM)
    found[1:-1] = certain & far & (aside > 3 * apart)
    return found


def _usual(aside: Floats, certain: Bools, step: float) -> Floats:
    """Geometric mean over the moment around a frame: strokes fill it, a few errors do not."""
    frames = max(3, round(_USUAL_S / step))
    logs = np.where(certain, np.log(np.where(certain, aside, 0) + _TINY_CM), 0)
    summed = uniform_filter1d(logs, frames, axis=0, mode="nearest")
    share = uniform_filter1d(certain.astype(np.float32), frames, axis=0, mode="nearest")
    return np.asarray(np.exp(summed / np.maximum(share, 1 / frames)))


def _without_jumps(
    position: Floats, seen: Bools, times: Floats, fps: float, settings: KinematicsSettings
) -> Bools:
    """Take out short islands that are reached only by moving impossibly fast."""
    count, space = position.shape[:2]
    series = np.moveaxis(seen, 0, -1).reshape(-1, count).copy()
    places = np.moveaxis(position, (0, 1), (-2, -1)).reshape(-1, space)
    for _ in range(_PASSES):
        index = np.flatnonzero(series.ravel())
        if len(index) < 2:
            break
        drop = _islands(places[index], times[index % count], index // count, fps, settings)
        if not drop.any():
            break
        series.ravel()[index[drop]] = False
    kept = np.moveaxis(series.reshape(*seen.shape[1:], count), -1, 0)
    return np.ascontiguousarray(kept)


def _islands(
    places: Floats, times: Floats, owner: np.ndarray, fps: float, settings: KinematicsSettings
) -> Bools:
    """Samples of stretches between jumps that are short and shorter than a stretch beside them."""
    step = length(np.diff(places, axis=0))
    change = np.diff(owner) != 0
    jump = (step > np.maximum(settings.max_speed * np.diff(times), settings.spike)) & ~change
    if not jump.any():
        return np.zeros(len(places), dtype=bool)
    first = np.flatnonzero(np.concatenate(([True], jump | change)))
    last = np.append(first[1:], len(places)) - 1
    duration = times[last] - times[first] + 1.0 / fps
    beside = np.full((2, len(first)), -np.inf)
    joined = jump[first[1:] - 1]
    beside[0, 1:][joined] = duration[:-1][joined]
    beside[1, :-1][joined] = duration[1:][joined]
    tick = 1e-6
    drop = (duration <= settings.max_outlier_s + tick) & (beside.max(axis=0) > duration + tick)
    return np.repeat(drop, last - first + 1)


def _fill_gaps(position: Floats, seen: Bools, times: Floats, fps: float, longest: float) -> Floats:
    """Straight lines through gaps up to `longest` seconds; longer ones stay NaN."""
    filled = np.where(seen[:, None], position, np.asarray(np.nan, dtype=position.dtype))
    row, keypoint, individual = np.nonzero(~seen)
    if not len(row):
        return filled
    before, after = neighbours(seen)
    left, right = before[row, keypoint, individual], after[row, keypoint, individual]
    inside = (left >= 0) & (right < len(seen))
    row, keypoint, individual = row[inside], keypoint[inside], individual[inside]
    left, right = left[inside], right[inside]
    gap = times[right] - times[left]
    short = gap - 1.0 / fps <= longest + 1e-6
    row, keypoint, individual = row[short], keypoint[short], individual[short]
    left, right = left[short], right[short]
    share = ((times[row] - times[left]) / gap[short]).astype(position.dtype)[:, None]
    start = filled[left, :, keypoint, individual]
    end = filled[right, :, keypoint, individual]
    filled[row, :, keypoint, individual] = start + share * (end - start)
    return filled
