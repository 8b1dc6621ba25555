"""Lenses: how a point of the ideal picture moves, and the way back.

Coordinates are normalised: x and y of a direction whose depth is 1. The polynomial models are
OpenCV's: radial k1, k2, k3 and tangential p1, p2 (Brown 1966), and the fisheye's k1 ... k4
(Kannala and Brandt 2006).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Newton's method doubles the correct digits with every step, and starts near.
_STEPS = 25
_TOLERANCE = 1e-10


def distort(ideal: Array, lens: Array, *, fisheye: bool) -> Array:
    """Where the lens moves points.

    Parameters
    ----------
    ideal : array of shape (..., 2)
        Normalised coordinates without distortion.
    lens : array of shape (5,)
        k1, k2, p1, p2, k3; of a fisheye k1, k2, k3, k4, 0.
    fisheye : bool
        Which of the two models.
    """
    if not fisheye:
        return _brown(ideal, lens)
    radius = np.linalg.norm(ideal, axis=-1, keepdims=True)
    angle = np.arctan(radius)
    bent = angle * _even(angle**2, lens[:4])
    return np.asarray(ideal * np.where(radius > 1e-12, bent / np.maximum(radius, 1e-12), 1.0))


def straighten(moved: Array, lens: Array, *, fisheye: bool) -> Array:
    """The way back: NaN where no point of the ideal picture comes to lie.

    Parameters
    ----------
    moved : array of shape (..., 2)
        Normalised coordinates as the lens shows them.
    lens, fisheye
        As in `distort`.
    """
    if not lens.any() and not fisheye:
        return moved.copy()
    found = _fisheye_back(moved, lens) if fisheye else _brown_back(moved, lens)
    missed = np.linalg.norm(distort(found, lens, fisheye=fisheye) - moved, axis=-1) > _TOLERANCE
    beyond = np.linalg.norm(found, axis=-1) >= reach(lens, fisheye=fisheye)
    found[missed | beyond | ~np.isfinite(found).all(axis=-1)] = np.nan
    return found


def reach(lens: Array, *, fisheye: bool) -> float:
    """Radius from which on the polynomial turns back, so that two points share a place.

    Real lenses do no such thing: beyond it a calibration says nothing.
    """
    radial = lens[:4] if fisheye else lens[[0, 1, 4]]
    odd = 2.0 * np.arange(len(radial)) + 3.0
    # In 1 / radius^2 the first coefficient is 1, however small the others are.
    inverse = np.roots([1.0, *(radial * odd)])
    turning = inverse[(abs(inverse.imag) < 1e-9) & (inverse.real > 0)].real
    nearest = float(1 / np.sqrt(turning.max())) if len(turning) else np.inf
    if not fisheye:
        return nearest
    return float(np.tan(nearest)) if nearest < np.pi / 2 else np.inf


def _even(squared: Array, factors: Array) -> Array:
    """1 + f1 s + f2 s^2 + ..."""
    total = np.zeros_like(squared)
    for factor in factors[::-1]:
        total = (total + factor) * squared
    return np.asarray(1.0 + total)


def _brown(ideal: Array, lens: Array) -> Array:
    x, y = ideal[..., 0], ideal[..., 1]
    p1, p2 = lens[2], lens[3]
    squared = x * x + y * y
    radial = _even(squared, lens[[0, 1, 4]])
    moved_x = x * radial + 2 * p1 * x * y + p2 * (squared + 2 * x * x)
    moved_y = y * radial + p1 * (squared + 2 * y * y) + 2 * p2 * x * y
    return np.stack([moved_x, moved_y], axis=-1)


def _brown_back(moved: Array, lens: Array) -> Array:
    """Newton's method in both coordinates at once."""
    k1, k2, p1, p2, k3 = lens
    found = moved.copy()
    for _ in range(_STEPS):
        x, y = found[..., 0], found[..., 1]
        off = _brown(found, lens) - moved
        squared = x * x + y * y
        radial = _even(squared, lens[[0, 1, 4]])
        slope = 2 * (k1 + squared * (2 * k2 + 3 * k3 * squared))
        xx = radial + slope * x * x + 2 * p1 * y + 6 * p2 * x
        yy = radial + slope * y * y + 6 * p1 * y + 2 * p2 * x
        xy = slope * x * y + 2 * p1 * x + 2 * p2 * y
        area = xx * yy - xy * xy
        area = np.where(abs(area) < 1e-6, 1e-6, area)
        step_x = (yy * off[..., 0] - xy * off[..., 1]) / area
        step_y = (xx * off[..., 1] - xy * off[..., 0]) / area
        step = np.stack([step_x, step_y], axis=-1)
        # No step is longer than the point is far from the axis, so that none leaves its branch.
        length = np.linalg.norm(step, axis=-1, keepdims=True)
        limit = 0.5 * np.linalg.norm(moved, axis=-1, keepdims=True) + 1e-12
        found = found - step * np.minimum(1.0, limit / np.maximum(length, 1e-300))
        if not np.nanmax(length, initial=0.0) > 1e-13:
            break
    return found


def _fisheye_back(moved: Array, lens: Array) -> Array:
    """Newton's method in the angle."""
    bent = np.linalg.norm(moved, axis=-1, keepdims=True)
    angle = np.minimum(bent, 1.5)
    odd = np.array([3.0, 5.0, 7.0, 9.0]) * lens[:4]
    for _ in range(_STEPS):
        slope = _even(angle**2, odd)
        slope = np.where(abs(slope) < 1e-6, 1e-6, slope)
        angle = angle - (angle * _even(angle**2, lens[:4]) - bent) / slope
        angle = np.clip(angle, 0.0, 1.57)
    return np.asarray(moved * np.where(bent > 1e-12, np.tan(angle) / np.maximum(bent, 1e-12), 1.0))
