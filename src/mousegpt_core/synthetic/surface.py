"""The mouse's skin: points on a smooth surface around the bones, and how they follow a pose.

The surface is a distance field of rounded cones and ellipsoids, blended smoothly, sampled once
in a resting pose. Each point is bound to the bones near it (linear blend skinning), so that a
pose moves the whole skin by one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from mousegpt_core.synthetic.body import (
    KEYPOINTS,
    Anatomy,
    Array,
    Posture,
    pose_limbs,
    pose_trunk,
    stack_keypoints,
)

#: Bones of the skin: name to the keypoints it runs from and to. Tail bones come on top.
_LIMBS = tuple(
    (f"{part}{side}", start + side, end + side)
    for side in "LR"
    for part, start, end in (
        ("arm", "Shoulder", "Elbow"),
        ("forearm", "Elbow", "Wrist"),
        ("hand", "Wrist", "Forepaw"),
        ("shank", "Knee", "Ankle"),
        ("foot", "Ankle", "Hindpaw"),
    )
)
_TAIL_BONES = 13
_COLOURS = {
    "fur": (0.235, 0.185, 0.15),
    "belly": (0.40, 0.345, 0.295),
    "skin": (0.74, 0.53, 0.48),
    "ear": (0.52, 0.37, 0.33),
    "tail": (0.60, 0.45, 0.41),
    "eye": (0.02, 0.02, 0.025),
    "nose": (0.66, 0.42, 0.40),
}


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


@dataclass(frozen=True)
class Skin:
    """Points of the surface in the resting pose.

    Attributes
    ----------
    points, normals : array of shape (n, 3), float32
        In cm; outward.
    weights : array of shape (n, bone), float32
        How much each point follows each bone; rows sum to 1.
    colour : array of shape (n, 3), float32
        Reflectance 0-1.
    gloss : array of shape (n,), float32
        Strength of highlights.
    rest_origins, rest_frames : array of shape (bone, 3) and (bone, 3, 3)
        Bones of the resting pose.
    length : float
        Length of the spine in the resting pose (cm), the measure of size.
    """

    points: np.ndarray
    normals: np.ndarray
    weights: np.ndarray
    colour: np.ndarray
    gloss: np.ndarray
    rest_origins: Array
    rest_frames: Array
    length: float


def bone_frames(points: Array) -> tuple[Array, Array, float]:
    """Bones of a pose.

    Parameters
    ----------
    points : array of shape (24, 3)
        Keypoints (cm) in the order of `body.KEYPOINTS`.

    Returns
    -------
    origins : array of shape (bone, 3)
    frames : array of shape (bone, 3, 3)
        Columns forward (along the bone), left, up.
    length : float
        Length of the spine (cm).
    """
    at = dict(zip(KEYPOINTS, points, strict=True))
    chest_left = at["ShoulderL"] - at["ShoulderR"]
    spine = np.array([at["Hip"], at["SpineH"], at["SpineG"], at["SpineF"]])
    length = float(np.linalg.norm(np.diff(spine, axis=0), axis=-1).sum())
    # The side of the chest is carried back along the spine, which does not twist.
    trunk: list[Array] = []
    left = chest_left
    for way in np.diff(spine, axis=0)[::-1]:
        trunk.insert(0, _frames(way[None], left)[0])
        left = trunk[0][:, 1]
    socket = [
        at["Hip"] + trunk[0] @ Anatomy(length / (3 * Anatomy().spine)).offset("socket", side)
        for side in (1.0, -1.0)
    ]
    curve = tail_curve(points)
    starts = np.array([at["SpineF"], *socket, *(at[start] for _, start, _ in _LIMBS), *curve[:-1]])
    ends = np.array(
        [at["Snout"], at["KneeL"], at["KneeR"], *(at[end] for _, _, end in _LIMBS), *curve[1:]]
    )
    lefts = np.array([at["EarL"] - at["EarR"]] + [left] * (len(starts) - 1))
    origins = np.concatenate([spine[:3], starts])
    return origins, np.concatenate([trunk, _frames(ends - starts, lefts)]), length


def tail_curve(points: Array) -> Array:
    """Points (bone + 1, 3) along the tail from hip to tip: a smooth curve through its keypoints."""
    index = [KEYPOINTS.index(name) for name in ("Hip", "TailBase", "TailMid", "TailEnd")]
    hip, base, middle, tip = points[index]
    knots = np.array([base, middle, tip])
    slopes = np.array([0.5 * (middle - hip) * 1.1, 0.5 * (tip - base), tip - middle])
    share = np.linspace(0, 2, _TAIL_BONES)
    segment = np.minimum(share.astype(int), 1)
    u = (share - segment)[:, None]
    curve = (
        (1 + 2 * u) * (1 - u) ** 2 * knots[segment]
        + u * (1 - u) ** 2 * slopes[segment]
        + u**2 * (3 - 2 * u) * knots[segment + 1]
        + u**2 * (u - 1) * slopes[segment + 1]
    )
    return np.concatenate([[hip], curve])


def _frames(forward: Array, left: Array) -> Array:
    """Frames (n, 3, 3) along directions (n, 3); the side is any where both are parallel."""
    forward = forward / np.maximum(np.linalg.norm(forward, axis=-1, keepdims=True), 1e-9)
    up = np.cross(forward, left)
    norm = np.linalg.norm(up, axis=-1, keepdims=True)
    up = np.where(norm < 1e-6, np.cross(forward, np.array([0.3, 0.7, 0.6])), up)
    up = up / np.linalg.norm(up, axis=-1, keepdims=True)
    return np.stack([forward, np.cross(up, forward), up], axis=-1)


@cache
def make_skin(n_points: int = 48_000, seed: int = 0) -> Skin:
    """Sample the skin of an adult mouse.

    Points are drawn evenly in a thin shell around the surface and moved onto it along the
    gradient of the distance field.
    """
    rest = resting_points()
    origins, frames, length = bone_frames(rest)
    parts = _build_parts(rest, origins, frames)
    rng = np.random.default_rng(seed)
    points = _sample(parts, n_points, rng)
    normals = _gradient(parts, points)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    points = points - _field(parts, points)[:, None] * normals
    distances = np.stack([part.distance(points) for part in parts], axis=-1)
    weights = _bind(parts, distances, len(origins))
    colour, gloss = _paint(parts, points, normals, distances, origins, frames, rng)
    return Skin(
        points.astype(np.float32),
        normals.astype(np.float32),
        weights.astype(np.float32),
        colour.astype(np.float32),
        gloss.astype(np.float32),
        origins,
        frames,
        length,
    )


def resting_points() -> Array:
    """Keypoints (24, 3) of an adult high on its legs, so that no limb touches the trunk."""
    value = dict.fromkeys(("x", "y", "heading", "bend", "head_yaw"), 0.0)
    value |= {"hip_height": 3.1, "pitch": 0.0, "arch": 0.7, "head_pitch": -0.3}
    value |= {"tail_heading": np.pi, "tip_heading": np.pi, "tail_height": 2.0, "tip_height": 2.0}
    anatomy = Anatomy()
    trunk = pose_trunk(Posture(**{name: np.array([v]) for name, v in value.items()}), anatomy)
    paws = np.stack(
        [trunk.shoulders[0], trunk.shoulders[1], trunk.sockets[0], trunk.sockets[1]], axis=1
    )
    paws[:, :, 0] += np.array([0.45, 0.45, 0.8, 0.8])
    paws[:, :, 1] += np.array([0.1, -0.1, 0.4, -0.4])
    paws[:, :, 2] = 0.12
    pitch = -np.array([[0.9, 0.9, 0.5, 0.5]])
    return np.asarray(stack_keypoints(trunk, pose_limbs(trunk, paws, pitch, anatomy))[0])


def _build_parts(rest: Array, origins: Array, frames: Array) -> list[Part]:
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
    local = _frames(outward[None], facing)[0]
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
    first = len(origins) - _TAIL_BONES
    curve = tail_curve(rest)
    radii = np.concatenate([[0.42], 0.2 - 0.15 * np.linspace(0, 1, _TAIL_BONES) ** 0.9])
    return [
        Part(first + i, "tail" if i else "fur", curve[i], curve[i + 1], (radii[i], radii[i + 1]))
        for i in range(_TAIL_BONES)
    ]


def _field(parts: list[Part], points: Array, blend: float = 0.08) -> Array:
    """Smooth union of all parts: minus the soft maximum of the negative distances.

    The pieces of the tail are joined sharply, for they already fit end to end.
    """
    tail = [part.distance(points) for part in parts if part.colour == "tail"]
    others = [part.distance(points) for part in parts if part.colour != "tail"]
    distances = np.stack([*others, np.min(tail, axis=0)])
    nearest = distances.min(axis=0)
    return np.asarray(nearest - blend * np.log(np.exp((nearest - distances) / blend).sum(axis=0)))


def _gradient(parts: list[Part], points: Array, step: float = 0.01) -> Array:
    """Gradient (n, 3), not scaled, from four points of a tetrahedron."""
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], dtype=np.float64)
    return np.asarray(
        sum(_field(parts, points + step * corner)[:, None] * corner for corner in corners)
    )


def _sample(parts: list[Part], n_points: int, rng: np.random.Generator) -> Array:
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
    near = np.abs(_field(parts, cells + cell / 2)) < 0.87 * cell + shell
    cells = cells[near]
    while count < n_points:
        drawn = cells[rng.integers(len(cells), size=2 * n_points)] + cell * rng.random(
            (2 * n_points, 3)
        )
        kept = drawn[np.abs(_field(parts, drawn)) < shell]
        found.append(kept)
        count += len(kept)
    return np.concatenate(found)[:n_points]


def _bind(parts: list[Part], distances: Array, n_bones: int, soft: float = 0.14) -> Array:
    """Weights (n, bone) that fall off with the distance from each bone's parts."""
    closeness = np.exp(-(distances - distances.min(axis=1, keepdims=True)) / soft)
    weights = np.zeros((len(distances), n_bones))
    for index, part in enumerate(parts):
        weights[:, part.bone] = np.maximum(weights[:, part.bone], closeness[:, index])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _paint(
    parts: list[Part],
    points: Array,
    normals: Array,
    distances: Array,
    origins: Array,
    frames: Array,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Colour (n, 3) and gloss (n,): the nearest part's, fur with a lighter belly and streaks."""
    names = np.array([part.colour for part in parts])[distances.argmin(axis=1)]
    colour = np.array([_COLOURS[name] for name in names])
    fur = names == "fur"
    belly = np.clip(-normals[:, 2] * 1.6 - 0.35, 0, 1)[:, None]
    colour = np.where(fur[:, None], colour * (1 - belly) + belly * _COLOURS["belly"], colour)
    streaks = np.zeros(len(points))
    for _ in range(14):
        # Short across the body, long along it: hair lies backwards.
        wave = rng.normal(0, 1, 3) * np.array([2.0, 9.0, 9.0])
        streaks += np.sin(points @ wave + rng.uniform(0, 2 * np.pi))
    grain = 0.07 * streaks / np.sqrt(7.0) + rng.normal(0, 0.1, len(points))
    colour = colour * np.where(fur, 1.0 + grain, 1.0 + 0.25 * grain)[:, None]
    gloss = np.select([names == "eye", names == "nose", fur], [2.2, 0.35, 0.12], 0.1)
    return np.clip(colour, 0, 1), gloss


def pose_skin(skin: Skin, points: Array) -> tuple[np.ndarray, np.ndarray]:
    """Points and unit normals (n, 3), float32, of the skin in a pose.

    Parameters
    ----------
    skin : Skin
        The skin at rest.
    points : array of shape (24, 3)
        Keypoints (cm) in the order of `body.KEYPOINTS`.
    """
    origins, frames, length = bone_frames(points)
    turn = frames @ skin.rest_frames.transpose(0, 2, 1)
    scale = length / skin.length
    shift = origins - scale * np.einsum("bij,bj->bi", turn, skin.rest_origins)
    matrices = np.concatenate([scale * turn, shift[:, :, None]], axis=-1)
    matrices = matrices.transpose(0, 2, 1).reshape(len(turn), 12).astype(np.float32)
    blended = (skin.weights @ matrices).reshape(-1, 4, 3)
    posed = _apply(blended, skin.points) + blended[:, 3]
    normals = _apply(blended, skin.normals)
    normals /= np.sqrt(np.einsum("ni,ni->n", normals, normals))[:, None] + 1e-6
    return posed, normals


def _apply(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Columns (n, 3+, 3) times vectors (n, 3); three sums are twice as fast as einsum here."""
    product = matrices[:, 0] * vectors[:, :1]
    product += matrices[:, 1] * vectors[:, 1:2]
    product += matrices[:, 2] * vectors[:, 2:]
    return np.asarray(product)
