"""Statistics of frames over many windows of time at once, missing values left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Windows:
    """Stretches of frames, which may overlap or be empty.

    Attributes
    ----------
    first, stop : int arrays of shape (window,)
        Frames ``first <= i < stop`` belong to the window.
    """

    first: NDArray[np.int64]
    stop: NDArray[np.int64]

    @classmethod
    def between(cls, times: Floats, start_s: Floats, stop_s: Floats) -> Windows:
        """Frames whose time lies in the half-open ``start_s <= t < stop_s`` (all in s)."""
        tick = 1e-6
        first = np.searchsorted(times, np.asarray(start_s) - tick)
        stop = np.searchsorted(times, np.asarray(stop_s) - tick)
        return cls(first.astype(np.int64), np.maximum(first, stop).astype(np.int64))

    @property
    def size(self) -> NDArray[np.int64]:
        """Number of frames in each window."""
        return self.stop - self.first

    def sum(self, values: Floats | Bools) -> Floats:
        """Sum of `values` (time,) in each window; a missing value counts as 0."""
        filled = np.nan_to_num(np.asarray(values, dtype=np.float64), posinf=0.0, neginf=0.0)
        total = np.concatenate([[0.0], np.cumsum(filled)])
        return np.asarray(total[self.stop] - total[self.first])

    def mean(self, values: Floats) -> Floats:
        """Mean of the values seen in each window; NaN where there is none."""
        return _ratio(self.sum(values), self.sum(np.isfinite(values)))

    def share(self, flags: Bools) -> Floats:
        """Share of the frames of each window that are flagged; NaN for an empty window."""
        return _ratio(self.sum(flags), self.size.astype(np.float64))

    def max(self, values: Floats) -> Floats:
        """Largest value seen in each window; NaN where there is none."""
        low = np.where(np.isfinite(values), values, -np.inf)
        padded = np.append(low, -np.inf)
        pairs = np.column_stack([self.first, self.stop]).ravel()
        top = np.maximum.reduceat(padded, pairs)[::2] if len(pairs) else np.empty(0)
        return np.where((self.size > 0) & np.isfinite(top), top, np.nan)

    def angle(self, radians: Floats) -> Floats:
        """Circular mean (rad) of angles; NaN where there is none."""
        sine, cosine = self.mean(np.sin(radians)), self.mean(np.cos(radians))
        return np.arctan2(sine, cosine)

    def correlation(self, a: Floats, b: Floats) -> Floats:
        """Pearson correlation of two signals in each window; NaN where one is constant."""
        both = np.isfinite(a) & np.isfinite(b)
        a, b = np.where(both, a, np.nan), np.where(both, b, np.nan)
        mean_a, mean_b = self.mean(a), self.mean(b)
        joint = self.mean(a * b) - mean_a * mean_b
        spread = (self.mean(a * a) - mean_a**2) * (self.mean(b * b) - mean_b**2)
        return _ratio(joint, np.sqrt(np.clip(spread, 0.0, None)))


def around(times: Floats, half_s: float) -> Windows:
    """A window of ``+- half_s`` seconds around each frame."""
    return Windows.between(times, times - half_s, times + half_s + 2e-6)


def detrend(values: Floats, times: Floats, half_s: float) -> Floats:
    """What is left of a signal when its mean over ``+- half_s`` seconds is taken off."""
    return values - around(times, half_s).mean(values)


def angle_rate(radians: Floats, times: Floats) -> Floats:
    """Rate of an angle since the frame before (rad/s), the short way round; first frame NaN."""
    rate = np.full(len(radians), np.nan)
    step = np.diff(radians)
    rate[1:] = np.arctan2(np.sin(step), np.cos(step)) / np.diff(times)
    return rate


def crossings(swing: Floats) -> Bools:
    """Frames in which a signal has changed its sign since the frame before."""
    changed = np.zeros(len(swing), dtype=bool)
    changed[1:] = swing[1:] * swing[:-1] < 0
    return changed


def _ratio(above: Floats, below: Floats) -> Floats:
    """`above` / `below`, NaN where `below` is 0 or missing."""
    good = below > 1e-12
    return np.where(good, above / np.where(good, below, 1.0), np.nan)
