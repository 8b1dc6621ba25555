"""The empty arena as a camera sees it: floor, transparent wall, table and room.

Drawn once a camera: where each line of sight goes is worked out by geometry, and several lines a
pixel smooth the edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mousegpt_core.geometry import Camera
from mousegpt_core.synthetic.body import Array
from mousegpt_core.synthetic.simulate import ARENA_RADIUS

#: Height and thickness of the arena's wall, radius of the table (cm).
WALL_HEIGHT = 14.0
_WALL_THICKNESS = 0.4
_TABLE_RADIUS = 42.0
#: Where the ring of cameras stands, which is seen in the background (cm), and how many there are.
RING_RADIUS, RING_HEIGHT, RING_CAMERAS = 75.0, 3.0, 7
#: Directions (rad) of the lamps whose reflections run down the wall, and how wide these are.
_LAMPS, _LAMP_WIDTH = (0.6, 2.5, 4.4), 0.05
#: Opacity and grey value of the wall's rim.
_RIM = (0.72, 214.0)
#: Places within a pixel at which it is looked through.
_WITHIN = ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25))
#: Pixels that are worked on at once.
_STRIP = 200_000
_TINT = np.array([1.0, 0.993, 0.972])


@dataclass(frozen=True)
class Stage:
    """What does not change from frame to frame.

    Attributes
    ----------
    background : array of shape (height, width, 3), float32
        The empty arena without the near wall, grey values 0-255.
    floor : array of shape (height, width, 2), float32
        Where the line of sight of each pixel meets the floor (cm); far away where it does not.
    veil : array of shape (height, width, 2), float32
        What the near wall lays over the mouse: opacity and grey value.
    vignette : array of shape (height, width), float32
        What the lens lets through: less in the corners.
    """

    background: np.ndarray
    floor: np.ndarray
    veil: np.ndarray
    vignette: np.ndarray


def build_stage(camera: Camera) -> Stage:
    """Draw the empty arena as a camera sees it."""
    width, height = camera.size
    background = np.zeros((height, width), dtype=np.float32)
    floor = np.zeros((height, width, 2), dtype=np.float32)
    veil = np.zeros((height, width, 2), dtype=np.float32)
    rows = max(_STRIP // width, 1)
    for start in range(0, height, rows):
        strip = slice(start, min(start + rows, height))
        row, column = np.mgrid[strip, 0:width]
        pixels = np.stack([column, row], axis=-1).astype(np.float64)
        floor[strip] = _on_floor(camera.centre, camera.rays(pixels))
        for shift in _WITHIN:
            grey, before = _look(camera.centre, camera.rays(pixels + shift))
            background[strip] += grey / len(_WITHIN)
            veil[strip] += before / len(_WITHIN)
    # The veil's grey values were weighted by opacity.
    veil[..., 1] /= np.maximum(veil[..., 0], 1e-3)
    x = (np.arange(width) - (width - 1) / 2) / width
    y = (np.arange(height) - (height - 1) / 2) / width
    vignette = 1.0 - 0.5 * (x[None, :] ** 2 + y[:, None] ** 2)
    colour = background[..., None] * _TINT.astype(np.float32)
    return Stage(colour, floor, veil, vignette.astype(np.float32))


def lay_over(picture: np.ndarray, veil: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) behind a veil (h, w, 2) of opacity and grey value."""
    return np.asarray(picture + veil[..., :1] * (veil[..., 1:] - picture))


def _look(eye: Array, rays: Array) -> tuple[Array, Array]:
    """Grey value (h, w) behind the mouse; opacity and weighted grey value (h, w, 2) before it."""
    rays = np.nan_to_num(rays, nan=0.0)
    floor = _on_floor(eye, rays)
    distance = np.hypot(floor[..., 0], floor[..., 1])
    outside = ARENA_RADIUS + _WALL_THICKNESS
    grey = np.full(distance.shape, 150.0)
    inside, table = distance < ARENA_RADIUS, (distance > outside) & (distance < _TABLE_RADIUS)
    beyond = distance >= _TABLE_RADIUS
    grey[inside] = _floor_grey(floor[inside])
    grey[table] = _table_grey(floor[table], distance[table])
    grey[beyond] = _room(eye, rays[beyond])
    behind, before = _wall(eye, rays)
    grey = grey + behind[..., 0] * (behind[..., 1] - grey)
    before[..., 1] *= before[..., 0]
    return grey, before


def _on_floor(eye: Array, rays: Array) -> Array:
    """Where lines of sight (h, w, 3) meet the floor (h, w, 2); very far away if they do not."""
    down = np.where(rays[..., 2] < -1e-6, rays[..., 2], np.nan)
    floor = eye[:2] - (eye[2] / down)[..., None] * rays[..., :2]
    return np.asarray(np.clip(np.nan_to_num(floor, nan=1e4), -1e4, 1e4))


def _floor_grey(floor: Array) -> Array:
    """Grey values (n,) of spots (n, 2) of the floor: bright, unevenly lit, a little worn."""
    x, y = floor[..., 0], floor[..., 1]
    rng = np.random.default_rng(11)
    worn = np.zeros_like(x)
    for scale in (0.35, 0.8, 2.1, 4.0):
        for _ in range(5):
            wave = rng.normal(0, scale, 2)
            worn += np.sin(x * wave[0] + y * wave[1] + rng.uniform(0, 6.28)) / (1 + scale)
    grey = 196.0 - 0.7 * np.hypot(x + 3, y - 3) + 0.9 * worn
    for _ in range(22):
        spot, size = rng.uniform(-11, 11, 2), rng.uniform(0.05, 0.16)
        depth = rng.uniform(8, 45)
        near = np.flatnonzero((abs(x - spot[0]) < 3 * size) & (abs(y - spot[1]) < 3 * size))
        off = (x[near] - spot[0]) ** 2 + (y[near] - spot[1]) ** 2
        grey[near] -= depth * np.exp(-off / size**2)
    # Light that the wall keeps away from the rim.
    return np.asarray(grey - 14.0 * np.exp(np.minimum(np.hypot(x, y) - ARENA_RADIUS, 0.0) / 0.7))


def _table_grey(floor: Array, distance: Array) -> Array:
    """Grey values (n,) of a matt table, darker where the arena shades it."""
    x, y = floor[..., 0], floor[..., 1]
    grain = np.sin(3.1 * x + 0.4 * np.sin(0.7 * y)) + np.sin(7.7 * x + 1.3)
    shade = np.exp(-np.maximum(distance - ARENA_RADIUS - _WALL_THICKNESS, 0.0) / 1.2)
    grey = 116.0 - 0.75 * np.clip(distance - ARENA_RADIUS, 0, 30) + 0.7 * grain
    return np.asarray(grey * (1 - 0.35 * shade))


def _room(eye: Array, rays: Array) -> Array:
    """What is behind the table, out of focus: a dark curtain, and the other cameras before it."""
    far = _meet_cylinder(eye, rays, RING_RADIUS + 0.1)[0]
    spot = eye + far[..., None] * rays
    angle, z = np.arctan2(spot[..., 1], spot[..., 0]), spot[..., 2]
    folds = np.sin(9 * angle + 0.8 * np.sin(4 * angle)) + 0.5 * np.sin(23 * angle)
    grey = 104.0 + 7.0 * folds + 16.0 * np.clip((z - 5) / 40, -1, 1)
    step = 2 * np.pi / RING_CAMERAS
    # Degrees are counted from the nearest camera of the ring (cm along the ring).
    aside = RING_RADIUS * (np.mod(angle + step / 2, step) - step / 2)
    up = z - RING_HEIGHT
    grey = _blend(grey, 40.0, np.minimum(1.1 - abs(aside), -up))
    grey = _blend(grey, 33.0, np.minimum(2.4 - abs(aside), 2.2 - abs(up)))
    radius = np.hypot(aside, up)
    for size, value in ((1.7, 48.0), (1.45, 14.0), (0.9, 26.0)):
        grey = _blend(grey, value, size - radius)
    return _blend(grey, 120.0, 0.25 - np.hypot(aside - 0.45, up - 0.5))


def _blend(grey: Array, value: float, inside: Array) -> Array:
    """Another grey value where `inside` (cm from the edge) is positive; edges are blurred."""
    share = np.clip(0.5 + inside / 0.9, 0.0, 1.0)
    return np.asarray(grey + share * (value - grey))


def _wall(eye: Array, rays: Array) -> tuple[Array, Array]:
    """Opacity and grey value (h, w, 2) of the far and the near side of the wall."""
    depths = _meet_cylinder(eye, rays, ARENA_RADIUS)
    top = (WALL_HEIGHT - eye[2]) / np.where(abs(rays[..., 2]) < 1e-9, 1e-9, rays[..., 2])
    rim_spot = eye[:2] + top[..., None] * rays[..., :2]
    rim_off = np.hypot(rim_spot[..., 0], rim_spot[..., 1]) - ARENA_RADIUS
    on_rim = (top > 0) & (rim_off > 0) & (rim_off < _WALL_THICKNESS)
    sides = []
    for number, depth in enumerate(depths):
        spot = eye + depth[..., None] * rays
        there = np.isfinite(depth) & (depth > 0) & (spot[..., 2] > 0) & (spot[..., 2] < WALL_HEIGHT)
        # The rim belongs to the side that is nearer to it.
        rim = on_rim & (abs(depth - top) <= abs(depths[1 - number] - top))
        side = np.zeros((*there.shape, 2))
        side[there] = _glass(spot[there], rays[there])
        side[rim] = _RIM
        sides.append(side)
    return sides[0], sides[1]


def _glass(spot: Array, rays: Array) -> Array:
    """Opacity and grey value (n, 2) of the wall: denser at a low angle, with reflections."""
    flat = np.maximum(np.linalg.norm(rays[..., :2], axis=-1), 1e-9)
    along = abs((rays[..., :2] * spot[..., :2]).sum(axis=-1)) / flat / ARENA_RADIUS
    opacity = np.clip(0.04 + 0.05 / np.maximum(along, 0.12), 0, 0.42)
    grey = np.full(opacity.shape, 196.0)
    angle = np.arctan2(spot[..., 1], spot[..., 0])
    way = np.arctan2(rays[..., 1], rays[..., 0])
    mirrored = 2 * angle - way
    z = spot[..., 2]
    shine = np.zeros_like(opacity)
    for lamp in _LAMPS:
        off = np.mod(mirrored - lamp + np.pi, 2 * np.pi) - np.pi
        lit = np.clip((z - 3.0) / 5.0, 0, 1) * np.clip((WALL_HEIGHT - z) / 0.8, 0, 1)
        shine += np.exp(-((off / (2 * _LAMP_WIDTH)) ** 2)) * lit
    # Smears that noses and paws leave near the floor.
    smear = 0.5 + 0.5 * np.sin(31 * angle + 2 * np.sin(z)) * np.sin(17 * angle - 1.3 * z)
    opacity = opacity + 0.03 * smear * np.clip((7.0 - z) / 4.0, 0, 1)
    grey = (opacity * grey + 0.30 * shine * 255.0) / np.maximum(opacity + 0.30 * shine, 1e-6)
    opacity = opacity + 0.30 * shine
    foot = np.clip(1.0 - z / 0.35, 0, 1)
    return np.stack([opacity + (0.5 - opacity) * foot, grey], axis=-1)


def _meet_cylinder(eye: Array, rays: Array, radius: float) -> tuple[Array, Array]:
    """How far lines of sight go to the far and the near side of a cylinder; infinite if past it."""
    a = np.maximum((rays[..., :2] ** 2).sum(axis=-1), 1e-12)
    b = rays[..., :2] @ eye[:2]
    c = float(eye[:2] @ eye[:2]) - radius**2
    inside = b**2 - a * c
    root = np.sqrt(np.maximum(inside, 0.0))
    far, near = (-b + root) / a, (-b - root) / a
    return np.where(inside > 0, far, 1e6), np.where(inside > 0, near, 1e6)
