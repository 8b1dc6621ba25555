"""From lit points of a skin to a small picture of one mouse, and its smear while it moves.

A depth buffer finds what is in front, then the points near it are averaged with bilinear weights,
which also smooths the outline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from mousegpt_core.geometry import Camera

_GAMMA = 1 / 1.4
#: Points this far (cm) behind the nearest one still belong to its surface.
_SKIN_DEPTH = 0.25
#: Movements during the exposure shorter than this (pixels) leave no smear.
_STILL = 0.6
#: Cells of the grid (pixels) on which movement is averaged.
_MOVE_CELL = 4
_MOST_TAPS = 16


@dataclass(frozen=True)
class Layer:
    """A mouse as a camera sees it, without what is around it.

    Attributes
    ----------
    top, left : int
        Place of the layer in the picture.
    colour : array of shape (h, w, 3), float32
        Grey values 0-255 where it covers.
    cover : array of shape (h, w), float32
        How much of each pixel it covers, 0-1.
    front : array of shape (h, w), float32
        Depth of its surface (cm); infinite where there is none.
    """

    top: int
    left: int
    colour: np.ndarray
    cover: np.ndarray
    front: np.ndarray

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, bottom and right in the picture."""
        height, width = self.cover.shape
        return self.top, self.left, self.top + height, self.left + width

    def depth_at(self, pixels: np.ndarray) -> np.ndarray:
        """Depth (n,) of the surface around pixels (n, 2); infinite beside it."""
        height, width = self.front.shape
        found = np.full(len(pixels), np.inf)
        known = np.isfinite(pixels).all(axis=-1)
        column = np.round(np.where(known, pixels[:, 0], -9e6)).astype(np.int64) - self.left
        row = np.round(np.where(known, pixels[:, 1], -9e6)).astype(np.int64) - self.top
        for step_y in (-1, 0, 1):
            for step_x in (-1, 0, 1):
                y, x = row + step_y, column + step_x
                inside = (y >= 0) & (x >= 0) & (y < height) & (x < width)
                found[inside] = np.minimum(found[inside], self.front[y[inside], x[inside]])
        return found


def splat(
    points: np.ndarray,
    facing: np.ndarray,
    mass: np.ndarray,
    camera: Camera,
    light: Callable[[np.ndarray], np.ndarray],
    *,
    room: int = 0,
) -> Layer | None:
    """Draw the points of one mouse.

    Parameters
    ----------
    points : array of shape (n, 3)
        Its skin (cm).
    facing : array of shape (n,), bool
        Which points are turned to the camera.
    mass : array of shape (n,)
        How much of a pixel each covers.
    camera : Camera
        The camera.
    light : callable
        Light (m, 3) that points of these numbers (m,) send to the camera.
    room : int
        Pixels to leave around it for its smear.

    Returns
    -------
    Layer or None
        None if it is out of the picture.
    """
    shown = np.flatnonzero(facing)
    # Axis by axis, as sums over an axis of two are slow.
    x, y = np.ascontiguousarray(camera.project(points[shown]).T, dtype=np.float32)
    inside = (x > 1) & (x < camera.width - 3) & (y > 1) & (y < camera.height - 3)
    if not inside.any():
        return None
    shown, x, y = shown[inside], x[inside], y[inside]
    depth = camera.depth(points[shown]).astype(np.float32)
    left, top = max(int(x.min()) - 1 - room, 0), max(int(y.min()) - 1 - room, 0)
    width = min(int(x.max()) + 3 + room, camera.width) - left
    height = min(int(y.max()) + 3 + room, camera.height) - top
    x, y = x - left, y - top
    front = _nearest(x, y, depth, mass[shown] == 1, width, height)
    visible = depth < front[y.astype(np.int32), x.astype(np.int32)] + _SKIN_DEPTH
    shown, x, y = shown[visible], x[visible], y[visible]
    total = _gather(x, y, light(shown), mass[shown], width, height)
    colour, cover = _close_holes(total)
    colour = 255.0 * np.clip(colour, 0, 1) ** _GAMMA
    return Layer(top, left, colour, cover, front)


def _gather(
    x: np.ndarray, y: np.ndarray, light: np.ndarray, mass: np.ndarray, width: int, height: int
) -> np.ndarray:
    """Summed light and weights (h, w, 4)."""
    column, row = x.astype(np.int32), y.astype(np.int32)
    part_x, part_y = x - column, y - row
    total = np.zeros((4, height * width))
    for step_y, step_x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (part_x if step_x else 1 - part_x) * (part_y if step_y else 1 - part_y) * mass
        index = (row + step_y) * width + column + step_x
        for channel in range(3):
            total[channel] += np.bincount(index, weight * light[:, channel], height * width)
        total[3] += np.bincount(index, weight, height * width)
    return np.asarray(total.T.reshape(height, width, 4).astype(np.float32))


def _close_holes(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour (h, w, 3) and coverage (h, w) from summed light and weights (h, w, 4).

    A little of the four neighbours fills pixels that no point fell on; larger holes, where the
    skin is stretched, take the mean of their surroundings.
    """
    filled = total.copy()
    filled[1:] += 0.25 * total[:-1]
    filled[:-1] += 0.25 * total[1:]
    filled[:, 1:] += 0.25 * total[:, :-1]
    filled[:, :-1] += 0.25 * total[:, 1:]
    thin = filled[..., 3] < 0.6
    around = uniform_filter((~thin).astype(np.float32), 7, mode="constant")
    holes = thin & (around > 0.58)
    if holes.any():
        filled[holes] = uniform_filter(total, (7, 7, 0), mode="constant")[holes] + 1e-6
        filled[holes] /= filled[holes][:, 3:]
    mass = filled[..., 3]
    colour = filled[..., :3] / np.maximum(mass, 1e-6)[..., None]
    return colour, np.clip(mass / 0.8, 0, 1)


def _nearest(
    x: np.ndarray, y: np.ndarray, depth: np.ndarray, solid: np.ndarray, width: int, height: int
) -> np.ndarray:
    """Depth (height, width) of the nearest solid point in and around each pixel."""
    index = y.astype(np.int32) * width + x.astype(np.int32)
    order = np.argsort(-depth)
    order = order[solid[order]]
    front = np.full((height, width), np.inf, dtype=np.float32)
    # Of equal indices the last assignment stays: the nearest.
    front.reshape(-1)[index[order]] = depth[order]
    front[1:] = np.minimum(front[1:], front[:-1] + 0.05)
    front[:, 1:] = np.minimum(front[:, 1:], front[:, :-1] + 0.05)
    return front


def smear(layer: Layer, places: np.ndarray, moves: np.ndarray) -> Layer:
    """A layer blurred along the way that it moves during the exposure.

    Every pixel is averaged along the movement around it, which is that of the points near it.

    Parameters
    ----------
    layer : Layer
        The mouse at the middle of the exposure, with room around it.
    places : array of shape (n, 2)
        Pixels in the whole picture where points of the skin are.
    moves : array of shape (n, 2)
        How far they move during the exposure (pixels).
    """
    longest = float(np.abs(moves).max(initial=0.0))
    if longest < _STILL:
        return layer
    field = _movement(layer, places, moves)
    moving = np.flatnonzero(np.abs(field).sum(axis=-1).reshape(-1) > 0.5 * _STILL)
    if not len(moving):
        return layer
    height, width = layer.cover.shape
    row, column = np.divmod(moving, width)
    way = field.reshape(-1, 2)[moving]
    inked = np.concatenate([layer.colour * layer.cover[..., None], layer.cover[..., None]], axis=-1)
    flat = inked.reshape(-1, 4)
    total = np.zeros((len(moving), 4), dtype=np.float32)
    taps = int(np.clip(np.ceil(longest) + 1, 3, _MOST_TAPS))
    for share in np.linspace(-0.5, 0.5, taps):
        y = np.clip(np.round(row - share * way[:, 1]).astype(np.int64), 0, height - 1)
        x = np.clip(np.round(column - share * way[:, 0]).astype(np.int64), 0, width - 1)
        total += flat[y * width + x]
    flat[moving] = total / taps
    cover = inked[..., 3]
    colour = inked[..., :3] / np.maximum(cover, 1e-4)[..., None]
    return Layer(layer.top, layer.left, colour, cover.copy(), layer.front)


def _movement(layer: Layer, places: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Movement (h, w, 2) in pixels at and around the moving points."""
    height, width = layer.cover.shape
    rows, columns = -(-height // _MOVE_CELL), -(-width // _MOVE_CELL)
    cell = ((places - [layer.left, layer.top]) / _MOVE_CELL).astype(np.int64)
    inside = ((cell >= 0) & (cell < [columns, rows])).all(axis=-1)
    index = cell[inside, 1] * columns + cell[inside, 0]
    summed = [
        np.bincount(index, weight, rows * columns).reshape(rows, columns)
        for weight in (moves[inside, 0], moves[inside, 1], np.ones(len(index)))
    ]
    soft = np.stack([gaussian_filter(each, 1.0, truncate=3.0) for each in summed], axis=-1)
    field = soft[..., :2] / np.maximum(soft[..., 2:], 1e-6)
    field[soft[..., 2] < 1e-4] = 0.0
    wide = np.repeat(np.repeat(field, _MOVE_CELL, axis=0), _MOVE_CELL, axis=1)
    return np.asarray(wide[:height, :width])
