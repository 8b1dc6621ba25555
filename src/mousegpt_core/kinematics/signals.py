"""Time series with gaps: smoothing, rates of change, holes; all along the first axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


def quadratic_kernel(window_s: float, fps: float) -> Floats | None:
    """Savitzky-Golay kernel of second order; None where the window holds too few frames to smooth.

    Parameters
    ----------
    window_s : float
        Width of the window in seconds.
    fps : float
        Frames per second.
    """
    half = round((window_s * fps - 1) / 2)
    if half < 2:
        return None
    powers = np.vander(np.arange(-half, half + 1, dtype=np.float64), 3)
    return np.asarray(np.linalg.pinv(powers)[2])


def gaussian_kernel(sigma_s: float, fps: float) -> Floats | None:
    """Gaussian kernel cut at 3.5 sigma; None where it is narrower than a third of a frame."""
    sigma = sigma_s * fps
    if sigma < 1 / 3:
        return None
    half = int(np.ceil(3.5 * sigma))
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def smooth(values: Floats, kernel: Floats | None) -> Floats:
    """Smooth along the first axis; what is NaN stays NaN and does not spread.

    Beyond the edge of a stretch its last value is held, so that a result depends on its
    surroundings only.
    """
    if kernel is None or len(values) < 2:
        return values
    missing = np.isnan(values)
    smoothed = correlate1d(hold(values), kernel, axis=0, mode="nearest")
    smoothed[missing] = np.nan
    return np.asarray(smoothed)


def hold(values: Floats) -> Floats:
    """Put the nearest value in time of the same series into each hole."""
    flat = values.reshape(len(values), -1)
    holes = np.isnan(flat)
    columns = np.flatnonzero(holes.any(axis=0) & ~holes.all(axis=0))
    if not len(columns):
        return values
    part, hole = flat[:, columns], holes[:, columns]
    before, after = neighbours(~hole)
    row, column = np.nonzero(hole)
    left, right = before[row, column], after[row, column]
    use_left = (right == len(flat)) | ((left >= 0) & (row - left <= right - row))
    part[row, column] = part[np.where(use_left, left, right), column]
    filled = flat.copy()
    filled[:, columns] = part
    return filled.reshape(values.shape)


def neighbours(valid: Bools) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Index of the last valid sample at or before, and of the first at or after each sample.

    Returns
    -------
    before, after : arrays of the shape of `valid`
        -1 and the number of samples where there is none.
    """
    count = len(valid)
    index = np.arange(count, dtype=np.int32).reshape(-1, *[1] * (valid.ndim - 1))
    before = np.maximum.accumulate(np.where(valid, index, np.int32(-1)), axis=0)
    after = np.minimum.accumulate(np.where(valid, index, np.int32(count))[::-1], axis=0)[::-1]
    return before, after


def rate(values: Floats, times: Floats) -> Floats:
    """Rate of change per second, from both neighbours where there are both, else from one.

    Parameters
    ----------
    values : array of shape (time, ...)
        Signal; NaN where unknown.
    times : array of shape (time,)
        Seconds, rising; need not be regular.
    """
    out = np.full(values.shape, np.nan, dtype=values.dtype)
    if len(values) < 2:
        return out
    step = (1.0 / np.diff(times)).astype(values.dtype)
    slopes = np.diff(values, axis=0) * step.reshape(-1, *[1] * (values.ndim - 1))
    out[0], out[-1] = slopes[0], slopes[-1]
    before, after = slopes[:-1], slopes[1:]
    middle = (before + after) * values.dtype.type(0.5)
    if np.isnan(middle).any():
        middle = np.where(np.isnan(before), after, np.where(np.isnan(after), before, middle))
        known = ~np.isnan(values[1:-1])
        middle = np.where(known, middle, np.nan)
    out[1:-1] = middle
    return out


def wrap(angle: Floats) -> Floats:
    """Bring angles into (-pi, pi]."""
    return np.asarray(-((np.pi - angle) % (2 * np.pi) - np.pi), dtype=angle.dtype)


def mean_known(values: Floats, axis: int, *, weights: Floats | None = None) -> Floats:
    """Mean along an axis of what is not NaN; NaN where nothing is known.

    Parameters
    ----------
    values : array
        NaN where unknown.
    axis : int
        Axis to average over.
    weights : array, optional
        Weights of the entries along that axis.
    """
    known = ~np.isnan(values)
    weight = known.astype(values.dtype)
    if weights is not None:
        shape = [1] * values.ndim
        shape[axis] = -1
        weight *= weights.astype(values.dtype).reshape(shape)
    total = weight.sum(axis=axis)
    summed = (np.where(known, values, 0) * weight).sum(axis=axis)
    unknown = np.full_like(summed, np.nan)
    return np.asarray(np.divide(summed, total, out=unknown, where=total > 0))


def length(vectors: Floats, axis: int = 1) -> Floats:
    """Euclidean length along an axis."""
    return np.asarray(np.sqrt(np.square(vectors).sum(axis=axis)))


def quantile(values: Floats, share: float) -> float:
    """Quantile of the finite values; NaN where there are none."""
    finite = values[np.isfinite(values)]
    return float(np.quantile(finite, share)) if finite.size else float("nan")


def runs(flags: Bools) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Half-open ``start, stop`` of the runs of True in a one-dimensional array."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return edges[::2], edges[1::2]
