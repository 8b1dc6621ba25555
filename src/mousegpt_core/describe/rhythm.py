"""Running statistics and rhythms of time series, of finite memory, so that they work in blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    convolve1d,
    gaussian_filter1d,
    maximum_filter1d,
    minimum_filter1d,
    uniform_filter1d,
)

from mousegpt_core.kinematics.signals import runs

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

#: Added before a logarithm is taken of a speed in body lengths/s: below it nothing is told apart.
SPEED_FLOOR = 0.02
#: Highest frequency that frames show, as a share of their rate.
_HIGHEST = 0.47
#: Least and greatest smoothing of a still animal's keypoints (s).
_NARROWEST_S = 0.03
_WIDEST_S = 0.15


def odd_frames(window_s: float, fps: float) -> int:
    """Frames of a window, odd so that it lies evenly around its frame; at least 1."""
    return max(1, 2 * round((window_s * fps - 1) / 2) + 1)


def running_mean(values: Floats, frames: int) -> Floats:
    """Mean over a window around each frame; what is NaN is left out, an empty window gives NaN.

    Parameters
    ----------
    values : array of shape (time, ...)
        Signal.
    frames : int
        Width of the window, odd.
    """
    if frames <= 1:
        return values
    known = np.isfinite(values)
    kind = np.float64
    summed = uniform_filter1d(
        np.where(known, values, 0).astype(kind), frames, axis=0, mode="constant"
    )
    count = uniform_filter1d(known.astype(kind), frames, axis=0, mode="constant")
    some = count > 0.5 / frames
    return np.divide(summed, count, out=np.full_like(summed, np.nan), where=some)


def smoothed(values: Floats, sigma_s: float, fps: float) -> Floats:
    """Gaussian smoothing along time; what is NaN stays NaN and does not spread.

    Parameters
    ----------
    values : array of shape (time, ...)
        Signal.
    sigma_s : float
        Width in seconds; narrower than a third of a frame changes nothing.
    fps : float
        Frames per second.
    """
    sigma = sigma_s * fps
    if sigma < 1 / 3 or len(values) < 2:
        return values
    known = np.isfinite(values)
    kind = np.float64
    summed = gaussian_filter1d(np.where(known, values, 0).astype(kind), sigma, axis=0, truncate=3.5)
    weight = gaussian_filter1d(known.astype(kind), sigma, axis=0, truncate=3.5)
    return np.divide(summed, weight, out=np.full_like(summed, np.nan), where=known)


def rate_noise(sigma_s: float, fps: float) -> float:
    """Standard deviation of the rate of `smoothed` white noise of standard deviation 1, per s."""
    sigma = sigma_s * fps
    half = int(np.ceil(4 * max(sigma, 1.0))) + 2
    pulse = np.zeros(2 * half + 1)
    pulse[half] = 1.0
    return float(np.sqrt(np.square(np.gradient(smoothed(pulse, sigma_s, fps)) * fps).sum()))


def still_width(noise: float, shown: float, fps: float) -> float:
    """Width (s) of a Gaussian after which white noise shows a rate of `shown` per second.

    The rate of noise of deviation n, sampled at f and smoothed by a width w, has the deviation
    n / sqrt(4 sqrt(pi) f w^3). Between `_NARROWEST_S` and `_WIDEST_S`.
    """
    width = np.cbrt((noise / shown) ** 2 / (4 * np.sqrt(np.pi) * fps))
    return float(np.clip(width, _NARROWEST_S, _WIDEST_S))


def running_std(values: Floats, frames: int) -> Floats:
    """Standard deviation over a window around each frame, as `running_mean`."""
    mean = running_mean(values, frames)
    squared = running_mean(np.square(values), frames)
    return np.asarray(np.sqrt(np.maximum(squared - np.square(mean), 0)))


def running_log_mean(values: Floats, frames: int) -> Floats:
    """Geometric mean over a window, so that one burst does not stand for a whole window."""
    logs = np.log(np.maximum(values, 0) + SPEED_FLOOR)
    return np.asarray(np.exp(running_mean(logs, frames)) - SPEED_FLOOR)


def running_extreme(values: Floats, frames: int, *, largest: bool) -> Floats:
    """Largest or smallest known value over a window around each frame; NaN where none is known."""
    empty = -np.inf if largest else np.inf
    filled = np.where(np.isfinite(values), values, empty)
    extreme = maximum_filter1d if largest else minimum_filter1d
    found = extreme(filled, frames, axis=0, mode="nearest")
    return np.where(np.isfinite(found), found, np.nan)


#: By their names in the rules: from values of shape (time, ...) and the frames of a window.
STATISTICS: dict[str, Callable[[Floats, int], Floats]] = {
    "mean": running_mean,
    "log_mean": running_log_mean,
    "std": running_std,
    "max": lambda values, frames: running_extreme(values, frames, largest=True),
    "min": lambda values, frames: running_extreme(values, frames, largest=False),
}


def band_speed(
    velocity: Floats,
    fps: float,
    *,
    low_hz: float,
    high_hz: float,
    window_s: float,
    jitter: float = 0.0,
) -> Floats | None:
    """How fast something moves to and fro at a rate between two frequencies.

    The velocity is band-passed by a linear filter (windowed sinc of one period of `low_hz` on both
    sides) and its root mean square taken over `window_s`, less what jitter alone would show.

    Parameters
    ----------
    velocity : array of shape (time, space, individual)
        From each frame to the next, cm/s; NaN is taken as no movement.
    fps : float
        Frames per second.
    low_hz, high_hz : float
        The band; cut at 0.47 times the frame rate.
    window_s : float
        Seconds.
    jitter : float
        Standard deviation of white noise on each axis of the positions behind `velocity` (cm).

    Returns
    -------
    array of shape (time, individual) or None
        cm/s; None where the film is too slow to show at least the lower half of the band.
    """
    from scipy.signal import firwin  # slow to import

    top = min(high_hz, _HIGHEST * fps)
    if top < (low_hz + high_hz) / 2:
        return None
    taps = 2 * int(np.ceil(fps / low_hz)) + 1
    kernel = firwin(taps, [low_hz, top], pass_zero=False, fs=fps)
    known = np.isfinite(velocity)
    passed = convolve1d(
        np.where(known, velocity, 0).astype(np.float64), kernel, axis=0, mode="constant"
    )
    power = np.where(known, np.square(passed), np.nan).sum(axis=1)
    # A step is the difference of two places, each with its own jitter.
    slope = np.convolve(kernel, [fps, -fps])
    noise = np.square(jitter) * np.square(slope).sum() * velocity.shape[1]
    mean = running_mean(power, odd_frames(window_s, fps)) - noise
    return np.asarray(np.sqrt(np.maximum(mean, 0)))


def bridge(flags: Bools, *, pause_frames: int, shortest_frames: int) -> Bools:
    """Close short pauses in a state, then drop what remains too short.

    Parameters
    ----------
    flags : array of shape (time,)
        Where the state holds.
    pause_frames : int
        Pauses of up to this many frames do not end it; those at the edges of the series do.
    shortest_frames : int
        Shorter runs are dropped.
    """
    flags = flags.copy()
    for start, stop in zip(*runs(~flags), strict=True):
        if start > 0 and stop < len(flags) and stop - start <= pause_frames:
            flags[start:stop] = True
    for start, stop in zip(*runs(flags), strict=True):
        if stop - start < shortest_frames:
            flags[start:stop] = False
    return flags
