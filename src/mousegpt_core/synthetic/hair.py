"""Hair and whiskers of the mouse, made of points like its skin."""

from __future__ import annotations

import numpy as np

from mousegpt_core.synthetic.body import Array
from mousegpt_core.synthetic.bones import BODY_BONES, HEAD_BONE

#: Points that make one hair, and the length of a hair (cm) on body, head and limbs.
_HAIR_POINTS = 4
_HAIR_CM = (0.34, 0.16, 0.14)
#: Hair stands off the skin by this share of its length.
_LIFT = 0.3


def find_hairs(fur: np.ndarray) -> np.ndarray:
    """Numbers (hair, 4) of the points of the fur that form a hair; the first is its root."""
    members = np.flatnonzero(fur)
    return members[: len(members) // _HAIR_POINTS * _HAIR_POINTS].reshape(-1, _HAIR_POINTS)


def grow_hair(
    points: Array,
    normals: Array,
    hairs: np.ndarray,
    bones: np.ndarray,
    frames: Array,
    rng: np.random.Generator,
) -> tuple[Array, Array, Array, Array]:
    """Points and normals (n, 3), brightness and place along the hair (n,)."""
    points, normals = points.copy(), normals.copy()
    shade = 1.0 + 0.04 * rng.normal(size=len(points))
    tip = np.full(len(points), 0.9)
    root, normal, bone = points[hairs[:, 0]], normals[hairs[:, 0]], bones[hairs[:, 0]]
    along = frames[bone][:, :, 0] * np.where(bone < BODY_BONES, -1, 1)[:, None]
    lie = along - np.sum(along * normal, axis=-1, keepdims=True) * normal
    lie /= np.maximum(np.linalg.norm(lie, axis=-1, keepdims=True), 1e-3)
    way = lie + _LIFT * normal + rng.normal(0, 0.22, normal.shape)
    way /= np.linalg.norm(way, axis=-1, keepdims=True)
    body, head, limb = _HAIR_CM
    length = np.select([bone < HEAD_BONE, bone == HEAD_BONE], [body, head], limb)
    length = length * rng.uniform(0.6, 1.2, len(root))
    tilted = normal + rng.normal(0, 0.22, normal.shape)
    tilted /= np.linalg.norm(tilted, axis=-1, keepdims=True)
    bright = np.exp(rng.normal(0, 0.16, len(root)) + 0.06 * _locks(root, rng))
    for place, member in enumerate(hairs.T):
        share = (place + 0.3) / _HAIR_POINTS
        # Hair bends back towards the skin.
        rise = way * (share * length)[:, None] - 0.25 * normal * (length * share**2)[:, None]
        points[member] = root + rise
        normals[member], shade[member], tip[member] = tilted, bright, share
    return points, normals, shade, tip


def _locks(points: Array, rng: np.random.Generator) -> Array:
    """Where hair lies in locks (n,), about -2 to 2: short across the body, long along it."""
    total = np.zeros(len(points))
    for _ in range(14):
        wave = rng.normal(0, 1, 3) * np.array([2.0, 9.0, 9.0])
        total += np.sin(points @ wave + rng.uniform(0, 2 * np.pi))
    return np.asarray(total / np.sqrt(7.0))


def grow_whiskers(origin: Array, head: Array, count: int, rng: np.random.Generator) -> Array:
    """Points (n, 3) of the whiskers, which fan out from the muzzle and sag a little."""
    share = np.linspace(0, 1, count)[:, None]
    found = []
    for side in (1.0, -1.0):
        for row in (-0.16, 0.0, 0.14):
            for column in range(3):
                root = np.array([2.05 + 0.17 * column, side * (0.3 - 0.05 * column), row - 0.08])
                way = np.array([0.3 - 0.35 * column, side, 2.2 * row]) + rng.normal(0, 0.12, 3)
                way *= rng.uniform(1.3, 2.0) / np.linalg.norm(way)
                sag = np.array([-0.3, 0, -0.12]) * share**2
                found.append(origin + (root + share * way + sag) @ head.T)
    return np.concatenate(found)
