"""Films of a synthetic mouse: a shaded body in a round transparent arena, seen by a camera.

The skin's points are lit, projected and splatted: a depth buffer finds what is in front, then the
points near it are averaged with bilinear weights, which also smooths the outline. Only the mouse
and its shadow are drawn anew for every frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter, uniform_filter

from mousegpt_core.errors import DataError
from mousegpt_core.geometry import Camera
from mousegpt_core.synthetic.body import KEYPOINTS, Array
from mousegpt_core.synthetic.simulate import ARENA_RADIUS
from mousegpt_core.synthetic.surface import Skin, make_skin, pose_skin

#: Direction to the light.
_LIGHT = np.array([-0.35, 0.3, 0.89]) / np.linalg.norm([-0.35, 0.3, 0.89])
_WALL_HEIGHT = 14.0
_GAMMA = 1 / 1.4
_SHADOW_CELL = 0.2
_NOISE_BANK = 6


@dataclass(frozen=True)
class _Stage:
    """What does not change from frame to frame.

    Attributes
    ----------
    background : array of shape (height, width, 3), float32
        The empty arena, 0-255.
    floor : array of shape (height, width, 2), float32
        Where the line of sight of each pixel meets the floor (cm).
    veil : array of shape (height, width, 2), float32
        What the near wall lays over the mouse: opacity and grey value.
    """

    background: np.ndarray
    floor: np.ndarray
    veil: np.ndarray


class Renderer:
    """Draws poses as one camera sees them.

    Parameters
    ----------
    camera : Camera
        The camera.
    n_points : int
        Points of the skin; more give smoother pictures.
    noise : float
        Standard deviation of the sensor's noise (grey values).
    seed : int
        Seed of skin and noise.
    """

    def __init__(
        self, camera: Camera, *, n_points: int = 48_000, noise: float = 1.5, seed: int = 0
    ) -> None:
        self.camera = camera
        self.skin = make_skin(n_points)
        self._stage = _build_stage(camera)
        rng = np.random.default_rng([seed, 5])
        shape = (_NOISE_BANK, camera.height, camera.width, 1)
        self._noise = rng.normal(0.0, noise, shape).astype(np.float32)
        empty = _lay_over(self._stage.background, self._stage.veil)
        self._empty = np.clip(empty + self._noise, 0, 255).astype(np.uint8)

    def draw(self, points: Array, frame: int = 0) -> np.ndarray:
        """Picture of one pose.

        Parameters
        ----------
        points : array of shape (24, 3)
            Keypoints (cm) in the order of `body.KEYPOINTS`.
        frame : int
            Frame number: decides the noise.

        Returns
        -------
        array of shape (height, width, 3), uint8
            RGB.
        """
        skin, normals = pose_skin(self.skin, points)
        bank = frame % _NOISE_BANK
        picture: np.ndarray = self._empty[bank].copy()
        colour, cover, corner = _splat(skin, normals, self.skin, self.camera)
        shade, shade_corner = _shadow(skin, self._stage.floor, self.camera)
        box = _union(cover.shape, corner, shade.shape, shade_corner)
        rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
        patch = self._stage.background[rows, columns].copy()
        _inset(patch, shade.shape, shade_corner, box)[...] *= shade[..., None]
        target = _inset(patch, cover.shape, corner, box)
        target += cover[..., None] * (colour - target)
        patch = _lay_over(patch, self._stage.veil[rows, columns]) + self._noise[bank, rows, columns]
        picture[rows, columns] = np.clip(patch, 0, 255)
        return picture

    def mask(self, points: Array) -> np.ndarray:
        """Where the mouse is in the picture: (height, width), bool, without its shadow."""
        skin, normals = pose_skin(self.skin, points)
        _, cover, corner = _splat(skin, normals, self.skin, self.camera)
        found = np.zeros((self.camera.height, self.camera.width), dtype=bool)
        height, width = cover.shape
        found[corner[0] : corner[0] + height, corner[1] : corner[1] + width] = cover > 0.5
        return found


def render_frames(
    poses: xr.Dataset, camera: Camera, *, individual: str | None = None, noise: float = 1.5
) -> Iterator[np.ndarray]:
    """Pictures of all poses, one after the other.

    Parameters
    ----------
    poses : Dataset
        Poses in 3D in cm with MouseGPT's 24 keypoints, without gaps.
    camera : Camera
        The camera.
    individual : str, optional
        Which animal; the first by default.
    noise : float
        Standard deviation of the sensor's noise (grey values).

    Yields
    ------
    array of shape (height, width, 3), uint8
        RGB.

    Raises
    ------
    DataError
        If keypoints are missing or not finite.
    """
    missing = [name for name in KEYPOINTS if name not in poses["keypoint"].values]
    if missing or poses.sizes["space"] != 3:
        raise DataError(
            "only poses in 3D with MouseGPT's 24 keypoints can be rendered",
            found=f"missing {missing}",
        )
    animal = poses["individual"].values[0] if individual is None else individual
    position = poses["position"].sel(individual=animal, keypoint=list(KEYPOINTS))
    points = position.transpose("time", "keypoint", "space").values.astype(np.float64)
    if not np.isfinite(points).all():
        raise DataError("poses with gaps cannot be rendered", hint="fill the gaps first")
    renderer = Renderer(camera, noise=noise)
    for frame, pose in enumerate(points):
        yield renderer.draw(pose, frame)


def render_film(
    poses: xr.Dataset,
    camera: Camera,
    path: Path,
    fps: float | None = None,
    *,
    on_frame: Callable[[int], None] | None = None,
) -> Path:
    """Film the poses as a camera sees them; H.264, one picture a pose.

    Parameters
    ----------
    poses : Dataset
        As in `render_frames`.
    camera : Camera
        The camera.
    path : Path
        Film to write, ``.mp4``.
    fps : float, optional
        Frames per second of the film; that of the poses by default.
    on_frame : callable, optional
        Told the number of pictures drawn so far; what it raises ends the film.
    """
    from mousegpt_core.video import write_film

    def frames() -> Iterator[np.ndarray]:
        for done, picture in enumerate(render_frames(poses, camera), start=1):
            yield picture
            if on_frame is not None:
                on_frame(done)

    write_film(path, frames(), float(fps or poses.attrs["fps"]), crf=23, gop=30)
    return path


def _splat(
    points: np.ndarray, normals: np.ndarray, skin: Skin, camera: Camera
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Colour (h, w, 3), coverage (h, w) and upper left corner (row, column) of the mouse."""
    facing = np.einsum("ni,ni->n", normals, camera.centre.astype(np.float32) - points) > 0
    shown = np.flatnonzero(facing)
    x, y, depth = _project_fast(points[shown], camera)
    inside = (x > 1) & (y > 1) & (x < camera.width - 2) & (y < camera.height - 2)
    if not inside.any():
        return np.zeros((0, 0, 3)), np.zeros((0, 0)), (0, 0)
    shown, x, y, depth = shown[inside], x[inside], y[inside], depth[inside]
    left, top = int(x.min()) - 1, int(y.min()) - 1
    width, height = int(x.max()) + 3 - left, int(y.max()) + 3 - top
    x, y = x - left, y - top
    front = _nearest(x, y, depth, width, height)
    visible = depth < front[y.astype(np.int32), x.astype(np.int32)] + 0.25
    shown, x, y = shown[visible], x[visible], y[visible]
    column, row = x.astype(np.int32), y.astype(np.int32)
    part_x, part_y = x - column, y - row
    light = _light(points, normals, skin, shown, camera.centre)
    total = np.zeros((4, height * width))
    for step_y, step_x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (part_x if step_x else 1 - part_x) * (part_y if step_y else 1 - part_y)
        index = (row + step_y) * width + column + step_x
        for channel in range(3):
            total[channel] += np.bincount(index, weight * light[channel], height * width)
        total[3] += np.bincount(index, weight, height * width)
    colour, cover = _close_holes(total.T.reshape(height, width, 4))
    return 255.0 * np.clip(colour, 0, 1) ** _GAMMA, cover, (top, left)


def _project_fast(points: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels x, y and depth (n,) of points (n, 3), in single precision."""
    seen = points @ camera.rotation.T.astype(np.float32) + camera.translation.astype(np.float32)
    depth = seen[:, 2]
    matrix = camera.matrix.astype(np.float32)
    x = matrix[0, 0] * seen[:, 0] / depth + matrix[0, 2]
    y = matrix[1, 1] * seen[:, 1] / depth + matrix[1, 2]
    return x, y, depth


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
    return colour.astype(np.float32), np.clip(mass / 0.8, 0, 1).astype(np.float32)


def _nearest(
    x: np.ndarray, y: np.ndarray, depth: np.ndarray, width: int, height: int
) -> np.ndarray:
    """Depth (height, width) of the nearest point in and around each pixel."""
    index = (y.astype(np.int32) * width + x.astype(np.int32))[order := np.argsort(-depth)]
    front = np.full((height, width), np.inf, dtype=np.float32)
    # Of equal indices the last assignment stays: the nearest.
    front.reshape(-1)[index] = depth[order]
    front[1:] = np.minimum(front[1:], front[:-1] + 0.05)
    front[:, 1:] = np.minimum(front[:, 1:], front[:, :-1] + 0.05)
    return front


def _light(
    points: np.ndarray, normals: np.ndarray, skin: Skin, shown: np.ndarray, eye: Array
) -> np.ndarray:
    """Light (3, n), about 0-1, that the points `shown` send to the camera."""
    points, normals, gloss = points[shown], normals[shown], skin.gloss[shown]
    light = _LIGHT.astype(np.float32)
    direct = np.maximum((normals @ light + 0.25) / 1.25, 0)
    # Floor and sky: dark where the body shades its own underside.
    ambient = 0.55 + 0.45 * normals[:, 2]
    ambient *= np.clip(0.45 + 0.35 * points[:, 2], 0, 1)
    to_eye = eye.astype(np.float32) - points
    to_eye /= np.sqrt(np.einsum("ni,ni->n", to_eye, to_eye))[:, None]
    half = to_eye + light
    half /= np.sqrt(np.einsum("ni,ni->n", half, half))[:, None]
    shine = np.maximum(np.einsum("ni,ni->n", normals, half), 0)
    shine = (shine * shine * shine) ** 2
    shine *= shine
    wet = gloss > 1
    shine[wet] **= 5
    rim = 1 - np.abs(np.einsum("ni,ni->n", normals, to_eye))
    spot = 0.5 * gloss * shine + 0.03 * rim * rim * rim
    return np.asarray(skin.colour[shown].T * (0.95 * direct + 0.5 * ambient) + spot)


def _shadow(
    points: np.ndarray, floor: np.ndarray, camera: Camera
) -> tuple[np.ndarray, tuple[int, int]]:
    """What of the light reaches the floor, (h, w) 0-1, and its upper left corner (row, column)."""
    some = points[::6]
    fallen = some[:, :2] - some[:, 2:] * (_LIGHT[:2] / _LIGHT[2]).astype(np.float32)
    low = fallen.min(axis=0) - 2.0
    cells = ((fallen - low) / _SHADOW_CELL).astype(np.int32)
    size = cells.max(axis=0) + int(2.0 / _SHADOW_CELL)
    count = np.bincount(cells[:, 0] * size[1] + cells[:, 1], minlength=size[0] * size[1])
    hit = np.minimum(count.reshape(size), 4) / 4.0
    dark = 0.42 * gaussian_filter(hit, 1.4) + 0.16 * gaussian_filter(hit, 4.0)
    high = low + size * _SHADOW_CELL
    corners = np.array([[x, y, 0.0] for x in (low[0], high[0]) for y in (low[1], high[1])])
    pixels = camera.project(corners)
    start = np.clip(np.floor(pixels.min(axis=0)), 0, [camera.width, camera.height]).astype(int)
    stop = np.clip(np.ceil(pixels.max(axis=0)), 0, [camera.width, camera.height]).astype(int)
    if (stop <= start).any():
        return np.ones((0, 0)), (0, 0)
    spots = floor[start[1] : stop[1], start[0] : stop[0]]
    index = (spots - low) / _SHADOW_CELL - 0.5
    return 1.0 - _bilinear(dark.astype(np.float32), index), (int(start[1]), int(start[0]))


def _bilinear(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Values (a, b) at fractional indices (..., 2); 0 outside."""
    limit = np.array(values.shape) - 2
    outside = ((index < 0) | (index > limit)).any(axis=-1)
    index = np.clip(index, 0, limit)
    base = index.astype(np.int32)
    u, v = (index[..., axis] - base[..., axis] for axis in (0, 1))
    i, j = base[..., 0], base[..., 1]
    value = (1 - u) * ((1 - v) * values[i, j] + v * values[i, j + 1])
    value += u * ((1 - v) * values[i + 1, j] + v * values[i + 1, j + 1])
    return np.where(outside, 0.0, value)


def _lay_over(picture: np.ndarray, veil: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) behind a veil (h, w, 2) of opacity and grey value."""
    return np.asarray(picture + veil[..., :1] * (veil[..., 1:] - picture))


def _union(
    shape: tuple[int, ...],
    corner: tuple[int, int],
    other: tuple[int, ...],
    other_corner: tuple[int, int],
) -> tuple[int, int, int, int]:
    """Box (top, left, bottom, right) around two patches; empty ones do not count."""
    boxes = [
        (*place, place[0] + size[0], place[1] + size[1])
        for size, place in ((shape, corner), (other, other_corner))
        if min(size[:2]) > 0
    ]
    if not boxes:
        return (0, 0, 0, 0)
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _inset(
    patch: np.ndarray,
    shape: tuple[int, ...],
    corner: tuple[int, int],
    box: tuple[int, int, int, int],
) -> np.ndarray:
    """The view of a patch on which a smaller one lies."""
    top, left = corner[0] - box[0], corner[1] - box[1]
    if min(shape[:2]) == 0:
        return patch[:0, :0]
    return patch[top : top + shape[0], left : left + shape[1]]


def _build_stage(camera: Camera) -> _Stage:
    """The empty arena: table, floor, transparent wall with its rims."""
    column, row = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    pixels = np.stack([column, row, np.ones_like(row)], axis=-1).astype(np.float64)
    rays = pixels @ np.linalg.inv(camera.matrix).T @ camera.rotation
    eye = camera.centre
    down = np.where(rays[..., 2] < -1e-6, rays[..., 2], np.nan)
    share = -eye[2] / down
    floor = eye[:2] + share[..., None] * rays[..., :2]
    floor = np.nan_to_num(floor, nan=1e4)
    distance = np.hypot(floor[..., 0], floor[..., 1])
    grey = np.where(distance < ARENA_RADIUS, _floor_grey(floor), 96.0)
    # Beyond the table a plain backdrop.
    grey = np.where(distance > 42.0, 74.0, grey - np.clip(distance - ARENA_RADIUS, 0, 20) * 0.6)
    behind, before = _wall(eye, rays)
    grey = grey + behind[..., 0] * (behind[..., 1] - grey)
    background = np.stack([grey * 1.0, grey * 0.995, grey * 0.975], axis=-1)
    return _Stage(
        background.astype(np.float32), floor.astype(np.float32), before.astype(np.float32)
    )


def _floor_grey(floor: Array) -> Array:
    """Grey values of the arena's floor: bright, unevenly lit, a little worn."""
    x, y = floor[..., 0], floor[..., 1]
    rng = np.random.default_rng(11)
    worn = np.zeros_like(x)
    for scale in (0.35, 0.8, 2.1, 4.0):
        for _ in range(5):
            wave = rng.normal(0, scale, 2)
            worn += np.sin(x * wave[0] + y * wave[1] + rng.uniform(0, 6.28)) / (1 + scale)
    return np.asarray(196.0 - 0.45 * np.hypot(x + 3, y - 3) * 1.5 + 0.9 * worn)


def _wall(eye: Array, rays: Array) -> tuple[Array, Array]:
    """Opacity and grey value (h, w, 2) of the far and the near side of the wall.

    The line of sight meets the cylinder at two depths; glass seen at a low angle is denser.
    """
    a = np.maximum((rays[..., :2] ** 2).sum(axis=-1), 1e-12)
    b = rays[..., :2] @ eye[:2]
    c = float(eye[:2] @ eye[:2]) - ARENA_RADIUS**2
    root = np.sqrt(np.maximum(b**2 - a * c, 0.0))
    hit = b**2 - a * c > 0
    sides = []
    for depth in ((-b + root) / a, (-b - root) / a):
        height = eye[2] + depth * rays[..., 2]
        there = hit & (depth > 0) & (height > 0) & (height < _WALL_HEIGHT)
        steep = root / np.sqrt(a) / ARENA_RADIUS
        opacity = np.where(there, np.clip(0.05 + 0.05 / np.maximum(steep, 0.12), 0, 0.42), 0.0)
        edge = np.minimum(np.abs(height), np.abs(height - _WALL_HEIGHT))
        rim = there & (edge < 0.22)
        sides.append(np.stack([np.where(rim, 0.5, opacity), np.where(rim, 228.0, 205.0)], axis=-1))
    return sides[0], sides[1]
