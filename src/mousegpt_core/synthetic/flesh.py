"""The mouse's body as a smooth solid: a distance field of rounded cones and ellipsoids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mousegpt_core.synthetic.body import KEYPOINTS, Anatomy, Array
from mousegpt_core.synthetic.bones import TAIL_BONES, frames_along, tail_curve


@dataclass(frozen=True)
class Part:
    """A rounded cone from `start` to `end` (3,) of two radii (cm), bound to a bone.

    With `flat`, an ellipsoid at `start` of half axes `flat` along the columns of `frame` instead.
    """

    bone: int
    colour: str
    start: Array
    end: Array
    radii: tuple[float, float]
    flat: tuple[float, float, float] | None = None
    frame: Array | None = None

    def distance(self, points: Array) -> Array:
        """Signed distance (n,) of points (n, 3) from the part's surface (cm)."""
        if self.flat is not None and self.frame is not None:
            local = (points - self.start) @ self.frame
            axes = np.array(self.flat)
            inner = np.linalg.norm(local / axes, axis=-1)
            slope = np.maximum(np.linalg.norm(local / axes**2, axis=-1), 1e-6)
            return np.asarray(inner * (inner - 1.0) / slope)
        way = self.end - self.start
        share = np.clip((points - self.start) @ way / max(float(way @ way), 1e-12), 0.0, 1.0)
        radius = self.radii[0] + (self.radii[1] - self.radii[0]) * share
        return np.asarray(
            np.linalg.norm(points - self.start - share[:, None] * way, axis=-1) - radius
        )


def build_parts(rest: Array, origins: Array, frames: Array) -> list[Part]:
    """The mouse as rounded cones and ellipsoids in the resting pose."""

    def at(bone: int, *offset: float) -> Array:
        return np.asarray(origins[bone] + frames[bone] @ np.array(offset))

    def cone(bone: int, colour: str, start: Array, end: Array, *radii: float) -> Part:
        return Part(bone, colour, start, end, (radii[0], radii[1]))

    key = dict(zip(KEYPOINTS, rest, strict=True))
    parts = [
        cone(0, "fur", at(0, 0.1, 0, -0.75), at(0, 1.3, 0, -0.95), 1.05, 1.28),
        cone(0, "fur", at(0, -0.7, 0, -0.55), at(0, 0.1, 0, -0.75), 0.5, 1.05),
        cone(1, "fur", at(1, 0, 0, -1.0), at(1, 1.45, 0, -0.98), 1.28, 1.15),
        cone(2, "fur", at(2, 0, 0, -0.95), at(2, 1.3, 0, -0.75), 1.15, 0.86),
        cone(2, "fur", at(2, 1.2, 0, -0.7), at(3, 0.75, 0, -0.12), 0.84, 0.68),
        cone(3, "fur", at(3, 0.75, 0, -0.1), at(3, 1.45, 0, -0.08), 0.7, 0.56),
        cone(3, "fur", at(3, 1.4, 0, -0.1), at(3, 2.5, 0, -0.06), 0.55, 0.2),
        cone(3, "nose", at(3, 2.58, 0, -0.0), at(3, 2.62, 0, 0.0), 0.13, 0.12),
    ]
    for side in (1.0, -1.0):
        letter = "L" if side > 0 else "R"
        parts += [
            _ear(side, origins[3], frames[3]),
            cone(3, "fur", at(3, 0.85, 0.5 * side, 0.3), at(3, 0.95, 0.62 * side, 0.5), 0.22, 0.2),
            cone(
                3, "eye", at(3, 1.72, 0.40 * side, 0.17), at(3, 1.74, 0.40 * side, 0.17), 0.12, 0.12
            ),
            cone(3, "fur", at(3, 1.3, 0.32 * side, -0.2), at(3, 2.1, 0.2 * side, -0.15), 0.36, 0.2),
        ]
        thigh = 4 if side > 0 else 5
        first = 6 if side > 0 else 11
        knee, ankle = key[f"Knee{letter}"], key[f"Ankle{letter}"]
        inward = frames[0][:, 1] * -0.12 * side
        parts += [
            cone(thigh, "fur", at(thigh, 0.2, 0, 0), knee + inward, 0.75, 0.42),
            cone(first + 3, "fur", knee + inward, ankle, 0.38, 0.16),
            cone(first, "fur", key[f"Shoulder{letter}"], key[f"Elbow{letter}"], 0.5, 0.33),
            cone(first + 1, "fur", key[f"Elbow{letter}"], key[f"Wrist{letter}"], 0.31, 0.16),
            *_paw(first + 2, key[f"Wrist{letter}"], key[f"Forepaw{letter}"], 0.13, 0.17, 0.8),
            *_paw(first + 4, ankle, key[f"Hindpaw{letter}"], 0.17, 0.15, 1.0),
        ]
    return parts + _tail(origins, rest)


def _ear(side: float, origin: Array, head: Array) -> Part:
    """A thin round leaf that stands out to the side and looks forward."""
    offset = Anatomy().offset("ear", side) * np.array([1.0, 1.0, 0.95])
    outward = np.array([-0.25, 0.62 * side, 0.75])
    facing = np.array([0.8, 0.55 * side, -0.1])
    local = frames_along(outward[None], facing)[0]
    return Part(3, "ear", origin + head @ offset, origin, (0, 0), (0.52, 0.11, 0.45), head @ local)


def _paw(bone: int, start: Array, end: Array, *shape: float) -> list[Part]:
    """A paw with its sole and four toes."""
    thick, broad, spread = shape
    way = end - start
    along = way / np.linalg.norm(way)
    flat = np.array([along[0], along[1], 0.0])
    flat /= np.linalg.norm(flat)
    across = np.array([-flat[1], flat[0], 0.0])
    tip = end - np.array([0, 0, end[2] - 0.08])
    parts = [Part(bone, "skin", start, end - 0.2 * along, (thick, broad))]
    for toe in (-1.0, -0.35, 0.35, 1.0):
        spot = tip + 0.2 * spread * toe * across + (0.2 - 0.08 * abs(toe)) * flat
        parts.append(Part(bone, "skin", end - 0.15 * along, spot, (0.1, 0.055)))
    return parts


def _tail(origins: Array, rest: Array) -> list[Part]:
    first = len(origins) - TAIL_BONES
    curve = tail_curve(rest)
    radii = np.concatenate([[0.42], 0.2 - 0.15 * np.linspace(0, 1, TAIL_BONES) ** 0.9])
    return [
        Part(first + i, "tail" if i else "fur", curve[i], curve[i + 1], (radii[i], radii[i + 1]))
        for i in range(TAIL_BONES)
    ]


def field(parts: list[Part], points: Array, blend: float = 0.08) -> Array:
    """Smooth union of all parts: minus the soft maximum of the negative distances.

    The pieces of the tail are joined sharply, for they already fit end to end.
    """
    tail = [part.distance(points) for part in parts if part.colour == "tail"]
    others = [part.distance(points) for part in parts if part.colour != "tail"]
    distances = np.stack([*others, np.min(tail, axis=0)])
    nearest = distances.min(axis=0)
    return np.asarray(nearest - blend * np.log(np.exp((nearest - distances) / blend).sum(axis=0)))


def gradient(parts: list[Part], points: Array, step: float = 0.01) -> Array:
    """Gradient (n, 3), not scaled, from four points of a tetrahedron."""
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], dtype=np.float64)
    return np.asarray(
        sum(field(parts, points + step * corner)[:, None] * corner for corner in corners)
    )


def sample(parts: list[Part], n_points: int, rng: np.random.Generator) -> Array:
    """Points (n, 3) spread evenly in a thin shell around the surface."""
    shell = 0.08
    found: list[Array] = []
    count = 0
    centres = np.concatenate([np.linspace(p.start, p.end, 4) for p in parts])
    low, high = centres.min(axis=0) - 1.6, centres.max(axis=0) + 1.6
    cell = 0.2
    grid = np.stack(
        np.meshgrid(
            *(np.arange(a, b, cell) for a, b in zip(low, high, strict=True)), indexing="ij"
        ),
        -1,
    )
    cells = grid.reshape(-1, 3)
    near = np.abs(field(parts, cells + cell / 2)) < 0.87 * cell + shell
    cells = cells[near]
    while count < n_points:
        drawn = cells[rng.integers(len(cells), size=2 * n_points)] + cell * rng.random(
            (2 * n_points, 3)
        )
        kept = drawn[np.abs(field(parts, drawn)) < shell]
        found.append(kept)
        count += len(kept)
    return np.concatenate(found)[:n_points]


def bind(parts: list[Part], distances: Array, n_bones: int, soft: float = 0.14) -> Array:
    """Weights (n, bone) that fall off with the distance from each bone's parts."""
    closeness = np.exp(-(distances - distances.min(axis=1, keepdims=True)) / soft)
    weights = np.zeros((len(distances), n_bones))
    for index, part in enumerate(parts):
        weights[:, part.bone] = np.maximum(weights[:, part.bone], closeness[:, index])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
