"""Light on the mouse and the shadow it casts, on the floor and on itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from mousegpt_core.synthetic.body import Array

#: Direction to the light.
LIGHT = np.array([-0.35, 0.3, 0.89]) / np.linalg.norm([-0.35, 0.3, 0.89])
#: Grid in which shadows are found, and the room around them for soft edges (cm).
_CELL, _ROOM = 0.2, 2.0


@dataclass(frozen=True)
class Shadows:
    """Shadows on a grid of the floor, seen along the light.

    Attributes
    ----------
    low : array of shape (2,)
        Where the grid begins (cm).
    dark : array of shape (a, b), float32
        How much light the floor lacks, 0-1.
    height : array of shape (a, b), float32
        Height of what the light meets first (cm); 0 where it is the floor.
    """

    low: np.ndarray
    dark: np.ndarray
    height: np.ndarray

    @property
    def corners(self) -> Array:
        """The grid's corners on the floor (4, 3) in cm."""
        high = self.low + np.array(self.dark.shape) * _CELL
        return np.array(
            [[x, y, 0.0] for x in (self.low[0], high[0]) for y in (self.low[1], high[1])]
        )

    def on_floor(self, spots: np.ndarray) -> np.ndarray:
        """Share of the light (...) that reaches spots (..., 2) of the floor."""
        low = self.low.astype(np.float32)
        rows, columns = ((spots[..., axis] - low[axis]) / _CELL - 0.5 for axis in (0, 1))
        return np.asarray(1.0 - bilinear(self.dark, rows, columns))

    def on_points(self, points: np.ndarray) -> np.ndarray:
        """Share of the light (n,) that reaches points (n, 3); soft, as the grid is coarse."""
        cells = ((_fall(points) - self.low) / _CELL).astype(np.int32)
        above = self.height[cells[:, 0], cells[:, 1]] - points[:, 2]
        return np.asarray(1.0 - 0.7 * np.clip((above - 0.5) / 1.0, 0.0, 1.0))


def cast_shadows(points: np.ndarray) -> Shadows:
    """Shadows of points (n, 3) of the mice's skin."""
    some = points[::4]
    fallen = _fall(some)
    low = fallen.min(axis=0) - _ROOM
    cells = ((fallen - low) / _CELL).astype(np.int32)
    shape = cells.max(axis=0) + int(_ROOM / _CELL)
    index = cells[:, 0] * shape[1] + cells[:, 1]
    count = np.bincount(index, minlength=shape[0] * shape[1]).reshape(shape)
    # As many points as a skin of 48,000 would drop into a filled cell.
    full = 6.0 * len(points) / 48_000
    hit = np.minimum(count / full, 1.0)
    dark = 0.42 * gaussian_filter(hit, 1.4) + 0.16 * gaussian_filter(hit, 4.0)
    height = np.zeros(shape[0] * shape[1], dtype=np.float32)
    order = np.argsort(some[:, 2])
    # Of equal indices the last assignment stays: the highest.
    height[index[order]] = some[order, 2]
    return Shadows(low, dark.astype(np.float32), gaussian_filter(height.reshape(shape), 0.7))


def _fall(points: np.ndarray) -> np.ndarray:
    """Where the light through points (n, 3) meets the floor (n, 2)."""
    return np.asarray(points[:, :2] - points[:, 2:] * (LIGHT[:2] / LIGHT[2]).astype(np.float32))


def shade(
    points: np.ndarray,
    normals: np.ndarray,
    colour: np.ndarray,
    gloss: np.ndarray,
    eye: Array,
    shadows: Shadows,
) -> np.ndarray:
    """Light (n, 3), about 0-1, that points of the skin send to the camera.

    Parameters
    ----------
    points, normals, colour : array of shape (n, 3)
        The skin, float32.
    gloss : array of shape (n,)
        Strength of highlights.
    eye : array of shape (3,)
        Where the camera stands.
    shadows : Shadows
        Of all mice.
    """
    light = LIGHT.astype(np.float32)
    lit = shadows.on_points(points).astype(np.float32)
    direct = np.maximum((normals @ light + 0.25) / 1.25, 0) * lit
    # Floor and sky: dark where the body shades its own underside.
    ambient = 0.55 + 0.45 * normals[:, 2]
    ambient *= np.clip(0.45 + 0.35 * points[:, 2], 0, 1)
    to_eye = eye.astype(np.float32) - points
    to_eye /= np.sqrt(np.einsum("ni,ni->n", to_eye, to_eye))[:, None]
    half = to_eye + light
    half /= np.sqrt(np.einsum("ni,ni->n", half, half))[:, None]
    shine = np.maximum(np.einsum("ni,ni->n", normals, half), 0)
    shine = (shine * shine * shine) ** 2
    shine *= shine * lit
    wet = gloss > 1
    shine[wet] **= 5
    rim = 1 - np.abs(np.einsum("ni,ni->n", normals, to_eye))
    spot = 0.5 * gloss * shine + 0.03 * rim * rim * rim
    return np.asarray(colour * (0.95 * direct + 0.5 * ambient)[:, None] + spot[:, None])


def bilinear(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values (a, b) at fractional indices, which are of any shape; 0 outside."""
    a, b = values.shape
    inside = (rows >= 0) & (columns >= 0) & (rows <= a - 2) & (columns <= b - 2)
    found = np.zeros(rows.shape, dtype=values.dtype)
    rows, columns = rows[inside], columns[inside]
    i, j = rows.astype(np.int32), columns.astype(np.int32)
    u, v = rows - i, columns - j
    value = (1 - u) * ((1 - v) * values[i, j] + v * values[i, j + 1])
    value += u * ((1 - v) * values[i + 1, j] + v * values[i + 1, j + 1])
    found[inside] = value
    return found
