"""Pictures of synthetic mice in a round transparent arena, as a camera takes them.

Only the mice and their shadows are drawn anew for every frame; what the camera records besides
the picture, which keypoints it sees, comes from the same depth buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from mousegpt_core.geometry import Camera
from mousegpt_core.synthetic.body import KEYPOINTS, Array
from mousegpt_core.synthetic.coats import find_coat
from mousegpt_core.synthetic.light import Shadows, cast_shadows, shade
from mousegpt_core.synthetic.splat import Layer, smear, splat
from mousegpt_core.synthetic.stage import Stage, build_stage, lay_over
from mousegpt_core.synthetic.surface import make_skin, paint, pose_skin, select

#: Keypoints whose skin carries a fluorescent dot: ears, back, tail and paws.
MARKERS = (
    *("EarL", "EarR", "SpineF", "SpineH", "Hip", "TailBase", "TailMid", "TailEnd"),
    *("ForepawL", "ForepawR", "HindpawL", "HindpawR"),
)
_MARKER_INDEX = [KEYPOINTS.index(name) for name in MARKERS]
#: Radius of a dot (cm) and the grey value in its middle.
_DOT_CM, _DOT_GREY = 0.09, 330.0
#: Grey value of a dark picture, and of fur in it.
_DARK, _GLOW = 5.0, 7.0
#: Points of the skin for each pixel that a mouse may cover at the middle of the arena.
_POINTS_A_PIXEL = 150.0
_FEWEST, _MOST, _STEP = 16_000, 1_500_000, 4_000
#: Every so many points tell how the skin moves.
_COARSE = 24
#: Skin is seen, and a dot on it, while no more than this (cm) lies before it: hair.
_SKIN_TOLERANCE, _DOT_TOLERANCE = 0.35, 0.2
#: Share of the skin around a keypoint that must be seen.
_SEEN_SHARE = 0.25
#: Noise of light itself: grey values of variance a grey value.
_SHOT = 0.012
#: Pictures of noise, drawn from at random; fewer of large ones.
_NOISE_PIXELS, _MOST_NOISE = 4_000_000, 8


@dataclass(frozen=True)
class Shot:
    """A picture and what is seen in it.

    Attributes
    ----------
    picture : array of shape (height, width, 3), uint8
        RGB.
    visible : array of shape (animal, point), bool
        What is seen: of the 24 keypoints (`body.KEYPOINTS`) those in the picture of which at
        least a quarter of the skin around them is turned to the camera with nothing before it; in
        a fluorescence picture the dots (`MARKERS`).
    """

    picture: np.ndarray
    visible: np.ndarray


class Renderer:
    """Draws mice as one camera sees them.

    Parameters
    ----------
    camera : Camera
        The camera; the world is in cm, the arena in its origin.
    coats : sequence of str
        Coat of every animal (`coats.COATS`).
    noise : float
        Standard deviation of the sensor's noise in the dark (grey values); light adds its own.
    seed : int
        Seed of the noise.
    n_points : int, optional
        Points of the skin; by default as many as the picture needs.
    """

    def __init__(
        self,
        camera: Camera,
        coats: Sequence[str] = ("black",),
        *,
        noise: float = 1.2,
        seed: int = 0,
        n_points: int | None = None,
    ) -> None:
        self.camera = camera
        self.skin = make_skin(n_points or _count_points(camera))
        self._coarse = select(self.skin, np.arange(0, len(self.skin.points), _COARSE))
        painted = {coat: paint(self.skin, find_coat(coat)) for coat in dict.fromkeys(coats)}
        self._paint = [painted[coat] for coat in coats]
        self._rng = np.random.default_rng([seed, 5])
        count = int(np.clip(_NOISE_PIXELS // (camera.width * camera.height), 2, _MOST_NOISE))
        shape = (count, camera.height, camera.width, 1)
        self._noise = self._rng.standard_normal(shape, dtype=np.float32)
        self._dark_noise = noise

    @cached_property
    def _stage(self) -> Stage:
        return build_stage(self.camera)

    @cached_property
    def _empty(self) -> np.ndarray:
        """Pictures (n, h, w, 3) of the empty arena, one for each picture of noise."""
        empty = lay_over(self._stage.background, self._stage.veil)
        empty *= self._stage.vignette[..., None]
        return np.stack([self._develop(empty, noise) for noise in self._noise])

    def draw(self, points: Array, moves: Array | None = None, frame: int = 0) -> Shot:
        """Picture of the animals.

        Parameters
        ----------
        points : array of shape (animal, 24, 3)
            Keypoints (cm) in the order of `body.KEYPOINTS` at the middle of the exposure.
        moves : array of shape (animal, 24, 3), optional
            How far they move during the exposure (cm); by default not at all.
        frame : int
            Frame number: decides the noise.
        """
        skins = [pose_skin(self.skin, pose) for pose in points]
        shadows = cast_shadows(np.concatenate([skin for skin, _ in skins]))
        layers = self._draw_layers(points, moves, skins, shadows)
        bank = self._choose_noise(frame)
        picture: np.ndarray = self._empty[bank].copy()
        shadow = self._shadow_box(shadows)
        boxes = [layer.box for layer in layers if layer is not None] + [shadow]
        rows, columns = _union(boxes)
        patch = self._stage.background[rows, columns].copy()
        patch *= shadows.on_floor(self._stage.floor[rows, columns])[..., None]
        self._compose(patch, (rows.start, columns.start), layers, points)
        patch = lay_over(patch, self._stage.veil[rows, columns])
        patch *= self._stage.vignette[rows, columns, None]
        picture[rows, columns] = self._develop(patch, self._noise[bank, rows, columns])
        return Shot(picture, self._find_visible(points, skins, layers))

    def fluoresce(self, points: Array, moves: Array | None = None, frame: int = 0) -> Shot:
        """Picture of the fluorescent dots on the animals: dark but for the dots that are seen.

        Parameters
        ----------
        points, moves, frame
            As in `draw`.
        """
        skins = [pose_skin(self.skin, pose) for pose in points]
        layers = self._draw_layers(points, moves, skins, None)
        shape = (self.camera.height, self.camera.width)
        glow = np.full(shape, _DARK, dtype=np.float32)
        visible = np.zeros((len(points), len(MARKERS)), dtype=bool)
        for animal, (skin, normals) in enumerate(skins):
            layer = layers[animal]
            if layer is not None:
                top, left, bottom, right = layer.box
                place = glow[top:bottom, left:right]
                np.maximum(place, _DARK + _GLOW * layer.cover, out=place)
            dots = self.skin.markers[_MARKER_INDEX]
            places, turned = skin[dots].astype(np.float64), self._facing(skin[dots], normals[dots])
            visible[animal] = self._unhidden(places, layers, _DOT_TOLERANCE)
            visible[animal] &= turned > 0.1
            start, stop = places, places
            if moves is not None:
                half = 0.5 * np.asarray(moves[animal])[_MARKER_INDEX]
                start, stop = places - half, places + half
            for dot in np.flatnonzero(visible[animal]):
                self._add_dot(glow, start[dot], stop[dot], float(turned[dot]))
        noise = self._noise[self._choose_noise(frame)]
        picture = self._develop(glow[..., None], noise)
        return Shot(np.repeat(picture, 3, axis=-1), visible)

    def mask(self, points: Array) -> np.ndarray:
        """Where the animals are in the picture: (animal, height, width), bool, no shadows."""
        skins = [pose_skin(self.skin, pose) for pose in points]
        layers = self._draw_layers(points, None, skins, None)
        found = np.zeros((len(points), self.camera.height, self.camera.width), dtype=bool)
        for index, layer in enumerate(layers):
            if layer is not None:
                top, left, bottom, right = layer.box
                found[index, top:bottom, left:right] = layer.cover > 0.5
        return found

    def _draw_layers(
        self,
        points: Array,
        moves: Array | None,
        skins: list[tuple[np.ndarray, np.ndarray]],
        shadows: Shadows | None,
    ) -> list[Layer | None]:
        """One layer an animal; without light where no shadows are given."""
        layers: list[Layer | None] = []
        for animal, (skin, normals) in enumerate(skins):
            light = partial(self._light, animal, skin, normals, shadows)
            places, way = self._movement(points[animal], None if moves is None else moves[animal])
            room = int(np.ceil(np.abs(way).max(initial=0.0)))
            facing = self._facing(skin, normals) >= 0
            layer = splat(skin, facing, self.skin.mass, self.camera, light, room=room)
            layers.append(None if layer is None else smear(layer, places, way))
        return layers

    def _light(
        self,
        animal: int,
        skin: np.ndarray,
        normals: np.ndarray,
        shadows: Shadows | None,
        shown: np.ndarray,
    ) -> np.ndarray:
        if shadows is None:
            return np.zeros((len(shown), 3), dtype=np.float32)
        colour, gloss = (values[shown] for values in self._paint[animal])
        return shade(skin[shown], normals[shown], colour, gloss, self.camera.centre, shadows)

    def _facing(self, skin: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """How much each point (n,) is turned to the camera, -1 to 1; 0 without a normal.

        The distance of the first point stands for all, as an animal is small.
        """
        way = self.camera.centre.astype(np.float32) - skin
        return np.asarray(np.einsum("ni,ni->n", normals, way) / np.linalg.norm(way[0]))

    def _movement(self, points: Array, moves: Array | None) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (n, 2) of some points of the skin, and how far they move (n, 2)."""
        nothing = np.zeros((0, 2))
        if moves is None or not np.any(moves):
            return nothing, nothing
        ends = [self.camera.project(points + share * moves) for share in (-0.5, 0.5)]
        if not np.nanmax(np.abs(ends[1] - ends[0]), initial=0.0) >= 0.5:
            return nothing, nothing
        start, stop = (
            self.camera.project(pose_skin(self._coarse, points + share * moves)[0])
            for share in (-0.5, 0.5)
        )
        known = np.isfinite(start + stop).all(axis=-1)
        return 0.5 * (start + stop)[known], (stop - start)[known]

    def _compose(
        self,
        patch: np.ndarray,
        corner: tuple[int, int],
        layers: list[Layer | None],
        points: Array,
    ) -> None:
        """Lay the mice over a patch of the picture, the farthest first."""
        before = np.full(patch.shape[:2], np.inf, dtype=np.float32)
        for index in np.argsort(-self.camera.depth(points).mean(axis=-1)):
            layer = layers[index]
            if layer is None:
                continue
            top, left, bottom, right = layer.box
            down, right_by = corner
            place = np.s_[top - down : bottom - down, left - right_by : right - right_by]
            free = (before[place] >= layer.front) | np.isinf(layer.front)
            cover = layer.cover * free
            patch[place] += cover[..., None] * (layer.colour - patch[place])
            before[place] = np.minimum(before[place], layer.front)

    def _find_visible(
        self,
        points: Array,
        skins: list[tuple[np.ndarray, np.ndarray]],
        layers: list[Layer | None],
    ) -> np.ndarray:
        """Which keypoints (animal, 24) are seen."""
        patches = self.skin.patches
        found = []
        for pose, (skin, normals) in zip(points, skins, strict=True):
            around, turned = skin[patches.reshape(-1)], normals[patches.reshape(-1)]
            seen = self._unhidden(around, layers, _SKIN_TOLERANCE)
            seen &= self._facing(around, turned) > 0
            share = seen.reshape(patches.shape).mean(axis=-1)
            found.append((share >= _SEEN_SHARE) & self.camera.sees(pose))
        return np.stack(found)

    def _unhidden(
        self, points: np.ndarray, layers: list[Layer | None], tolerance: float
    ) -> np.ndarray:
        """Which points (n, 3) are in the picture and no deeper than this (cm) behind any skin."""
        pixels, depth = self.camera.project(points), self.camera.depth(points)
        seen = self.camera.sees(points)
        for layer in layers:
            if layer is not None:
                seen &= depth - layer.depth_at(pixels) < tolerance
        return seen

    def _add_dot(self, glow: np.ndarray, start: Array, stop: Array, turned: float) -> None:
        """Add a blurred spot of light, drawn out along its way."""
        middle = 0.5 * (start + stop)
        radius = _DOT_CM * self.camera.matrix[0, 0] / float(self.camera.depth(middle))
        sigma = max(0.6 * radius, 0.6)
        ends = self.camera.project(np.stack([start, stop]))
        way = ends[1] - ends[0]
        reach = int(np.ceil(3 * sigma + np.abs(way).max() / 2))
        column, row = np.round(self.camera.project(middle)).astype(int)
        rows = slice(max(row - reach, 0), max(row + reach + 1, 0))
        columns = slice(max(column - reach, 0), max(column + reach + 1, 0))
        y, x = np.mgrid[rows, columns][:, : glow[rows].shape[0], : glow[:, columns].shape[1]]
        taps = int(np.clip(np.ceil(np.linalg.norm(way)), 1, 12))
        for share in (np.arange(taps) + 0.5) / taps:
            at = ends[0] + share * way
            off = (x - at[0]) ** 2 + (y - at[1]) ** 2
            spot = _DOT_GREY * np.sqrt(turned) * np.exp(-off / (2 * sigma**2)) / taps
            glow[rows, columns] += spot.astype(np.float32)

    def _shadow_box(self, shadows: Shadows) -> tuple[int, int, int, int]:
        """Top, left, bottom and right of the part of the picture that the shadows can touch."""
        pixels = self.camera.project(shadows.corners)
        limit = np.array(self.camera.size)
        if not np.isfinite(pixels).all():
            return 0, 0, int(limit[1]), int(limit[0])
        start = np.clip(np.floor(pixels.min(axis=0)) - 1, 0, limit).astype(int)
        stop = np.clip(np.ceil(pixels.max(axis=0)) + 1, start, limit).astype(int)
        return int(start[1]), int(start[0]), int(stop[1]), int(stop[0])

    def _choose_noise(self, frame: int) -> int:
        """Which picture of noise a frame gets: any, but always the same."""
        return int(np.random.default_rng([frame, 77]).integers(len(self._noise)))

    def _develop(self, light: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Grey values (h, w, c), uint8, with the noise of sensor and light."""
        deviation = np.sqrt(self._dark_noise**2 + _SHOT * np.maximum(light, 0.0))
        return np.asarray(np.clip(light + deviation * noise + 0.5, 0, 255), dtype=np.uint8)


def _count_points(camera: Camera) -> int:
    """Points that a skin needs to have no holes in the middle of the arena."""
    depth = max(float(camera.depth([0.0, 0.0, 2.0])), 1.0)
    scale = float(camera.matrix[0, 0]) / depth
    wanted = _POINTS_A_PIXEL * scale**2
    return int(np.clip(round(wanted / _STEP) * _STEP, _FEWEST, _MOST))


def place_markers(points: Array) -> Array:
    """Where the fluorescent dots are (..., 12, 3) in cm, in the order of `MARKERS`.

    Parameters
    ----------
    points : array of shape (..., 24, 3)
        Keypoints (cm) in the order of `body.KEYPOINTS`.
    """
    skin = make_skin(_FEWEST)
    dots = select(skin, skin.markers[_MARKER_INDEX])
    poses = np.asarray(points).reshape(-1, len(KEYPOINTS), 3)
    found = np.stack([pose_skin(dots, pose)[0] for pose in poses]).astype(np.float64)
    return found.reshape(*np.shape(points)[:-2], len(MARKERS), 3)


def _union(boxes: list[tuple[int, int, int, int]]) -> tuple[slice, slice]:
    """Rows and columns around boxes (top, left, bottom, right); empty ones do not count."""
    real = np.array([box for box in boxes if box[2] > box[0] and box[3] > box[1]] or [(0, 0, 0, 0)])
    top, left = real[:, :2].min(axis=0)
    bottom, right = real[:, 2:].max(axis=0)
    return slice(int(top), int(bottom)), slice(int(left), int(right))
