"""The mouse's skin: points on a smooth surface around the bones, and how they follow a pose.

The surface of the body (`flesh`) is sampled once in a resting pose. Each point is bound to the
bones near it (linear blend skinning), so that a pose moves the whole skin by one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from mousegpt_core.synthetic.body import KEYPOINTS, Array
from mousegpt_core.synthetic.bones import HEAD_BONE, bone_frames, resting_points
from mousegpt_core.synthetic.coats import Coat
from mousegpt_core.synthetic.flesh import bind, build_parts, field, gradient, sample
from mousegpt_core.synthetic.hair import find_hairs, grow_hair, grow_whiskers

#: So many points are sampled; more are strewn around them, this far away (cm).
_SAMPLED, _STREWN_CM = 48_000, 0.03
#: Points of one whisker, and how much of a pixel one of them covers.
_WHISKER_POINTS = 60
_WHISKER_MASS = 0.1
#: How far above the skin a marker sits (cm).
_MARKER_CM = 0.08
#: The skin around a keypoint reaches this much farther than its nearest point (cm).
_PATCH_CM, _PATCH_POINTS = 0.3, 24


@dataclass(frozen=True)
class Skin:
    """Points of the surface in the resting pose.

    Attributes
    ----------
    points, normals : array of shape (n, 3), float32
        In cm; outward. Whiskers have no normals, as they are seen from all sides.
    weights : array of shape (n, bone), float32
        How much each point follows each bone; rows sum to 1.
    parts : array of shape (n,), str
        What each point is of: ``fur``, ``skin``, ``ear``, ``tail``, ``eye``, ``nose``, ``whisker``.
    belly, shade, tip : array of shape (n,), float32
        How much a point is of the belly, 0-1; how bright its hair is, about 1; how far up its
        hair it lies, 0-1.
    mass : array of shape (n,), float32
        How much of a pixel a point covers: 1, of whiskers less.
    markers : array of shape (24,), int
        The point of the skin over each keypoint.
    patches : array of shape (24, m), int
        Points of the skin around each keypoint.
    rest_origins, rest_frames : array of shape (bone, 3) and (bone, 3, 3)
        Bones of the resting pose.
    length : float
        Length of the spine in the resting pose (cm), the measure of size.
    """

    points: np.ndarray
    normals: np.ndarray
    weights: np.ndarray
    parts: np.ndarray
    belly: np.ndarray
    shade: np.ndarray
    tip: np.ndarray
    mass: np.ndarray
    markers: np.ndarray
    patches: np.ndarray
    rest_origins: Array
    rest_frames: Array
    length: float


@dataclass(frozen=True)
class _Body:
    """The skin without hair, evenly sampled in random order.

    Attributes
    ----------
    points, normals : array of shape (n, 3)
        In cm; outward.
    weights : array of shape (n, bone)
        How much each point follows each bone.
    parts, bones : array of shape (n,)
        Names of parts and numbers of bones.
    markers : array of shape (24,), int
        The point over each keypoint.
    patches : array of shape (24, m), int
        Points around each keypoint.
    """

    points: Array
    normals: Array
    weights: Array
    parts: np.ndarray
    bones: np.ndarray
    markers: np.ndarray
    patches: np.ndarray


@cache
def _sample_body() -> _Body:
    """Sample the surface: points are drawn in a thin shell around it and moved onto it along the
    gradient of the distance field."""
    rest = resting_points()
    origins, frames, _ = bone_frames(rest)
    parts = build_parts(rest, origins, frames)
    points = sample(parts, _SAMPLED, np.random.default_rng(0))
    normals = gradient(parts, points)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    points = points - field(parts, points)[:, None] * normals
    distances = np.stack([part.distance(points) for part in parts], axis=-1)
    nearest = distances.argmin(axis=1)
    return _Body(
        points,
        normals,
        bind(parts, distances, len(origins)),
        np.array([part.colour for part in parts])[nearest],
        np.array([part.bone for part in parts])[nearest],
        _find_markers(rest, points, normals, frames),
        _find_patches(rest, points),
    )


@cache
def make_skin(n_points: int = 48_000) -> Skin:
    """The skin of an adult mouse, its hair and its whiskers.

    Every four points of a furry part form a hair. Markers and the patches around keypoints are
    points of their own, and the same whatever `n_points`.
    """
    origins, frames, length = bone_frames(resting_points())
    body, rng = _sample_body(), np.random.default_rng(1)
    points, source = _densify(body.points, body.normals, n_points, rng)
    names, bones = body.parts[source], body.bones[source]
    weights, normals = body.weights[source], body.normals[source]
    belly = _belly(normals)
    hairs = find_hairs(names == "fur")
    points, normals, shade, tip = grow_hair(points, normals, hairs, bones, frames, rng)
    for values in (weights, belly):
        values[hairs] = values[hairs[:, :1]]
    per_whisker = round(_WHISKER_POINTS * np.sqrt(n_points / _SAMPLED))
    whiskers = grow_whiskers(origins[HEAD_BONE], frames[HEAD_BONE], per_whisker, rng)
    bound = np.zeros((len(whiskers), len(origins)))
    bound[:, HEAD_BONE] = 1.0
    fixed = np.concatenate([body.markers, body.patches.reshape(-1)])
    places = body.points[fixed]
    places[: len(body.markers)] += _MARKER_CM * body.normals[body.markers]
    more = np.ones(len(fixed) + len(whiskers))
    masses = [np.ones(n_points + len(fixed)), np.full(len(whiskers), _WHISKER_MASS)]
    after = n_points + len(body.markers)
    return Skin(
        np.concatenate([points, places, whiskers]).astype(np.float32),
        np.concatenate([normals, body.normals[fixed], 0 * whiskers]).astype(np.float32),
        np.concatenate([weights, body.weights[fixed], bound]).astype(np.float32),
        np.concatenate([names, body.parts[fixed], np.full(len(whiskers), "whisker")]),
        np.concatenate([belly, _belly(body.normals[fixed]), 0 * masses[1]]).astype(np.float32),
        np.append(shade, more).astype(np.float32),
        np.append(tip, more).astype(np.float32),
        np.concatenate(masses).astype(np.float32),
        n_points + np.arange(len(body.markers)),
        after + np.arange(body.patches.size).reshape(body.patches.shape),
        origins,
        frames,
        length,
    )


def _belly(normals: Array) -> Array:
    """How much points with these normals (n, 3) are of the belly, 0-1."""
    return np.asarray(np.clip(-normals[:, 2] * 1.6 - 0.35, 0, 1))


def select(skin: Skin, index: np.ndarray) -> Skin:
    """The skin at some of its points only, to be posed; how they look is not kept."""
    return replace(
        skin,
        points=skin.points[index],
        normals=skin.normals[index],
        weights=skin.weights[index],
    )


def paint(skin: Skin, coat: Coat) -> tuple[np.ndarray, np.ndarray]:
    """Reflectance (n, 3), 0-1, and strength of highlights (n,) of the skin in a coat; float32."""
    colours = {name: coat.colour(name) for name in np.unique(skin.parts) if name != "whisker"}
    red, green, blue = coat.fur
    colours["whisker"] = (0.5 + 0.4 * red, 0.5 + 0.4 * green, 0.5 + 0.4 * blue)
    names = sorted(colours)
    colour = np.array([colours[name] for name in names])[np.searchsorted(names, skin.parts)]
    fur = skin.parts == "fur"
    share = np.where(fur, skin.belly, 0.0)[:, None]
    colour = colour * (1 - share) + share * np.array(coat.belly)
    hair = (
        (0.6 + 0.45 * skin.tip)
        * skin.shade**coat.rough
        * (1 + coat.tips * np.maximum(skin.tip - 0.4, 0))
    )
    colour = colour * np.where(fur, hair, skin.shade)[:, None]
    gloss = np.select(
        [skin.parts == "eye", skin.parts == "nose", fur], [2.2, 0.35, coat.sheen], 0.1
    )
    return np.clip(colour, 0, 1).astype(np.float32), gloss.astype(np.float32)


def _densify(
    points: Array, normals: Array, n_points: int, rng: np.random.Generator
) -> tuple[Array, np.ndarray]:
    """As many points as wanted, (n, 3), and which of the given ones each is or is next to."""
    more = max(n_points - len(points), 0)
    source = np.arange(min(n_points, len(points)))
    source = np.append(source, rng.integers(len(points), size=more))
    shift = rng.normal(0, _STREWN_CM, (n_points, 3))
    shift[: len(points)] = 0.0
    normal = normals[source]
    shift -= np.sum(shift * normal, axis=-1, keepdims=True) * normal
    return points[source] + shift, source


def _find_markers(rest: Array, points: Array, normals: Array, frames: Array) -> np.ndarray:
    """The point of the skin (24,) over each keypoint.

    A marker is glued where a line from the keypoint leaves the body: upwards from the spine and
    tail, outwards from the joints, forwards from the snout.
    """
    markers = []
    for name, keypoint in zip(KEYPOINTS, rest, strict=True):
        side = np.array([0.0, 1.0 if name.endswith("L") else -1.0, 0.0])
        up = np.array([0.0, 0.0, 1.0])
        if name.startswith(("Spine", "Tail")) or name == "Hip":
            way = up
        elif name == "Snout":
            way = frames[HEAD_BONE][:, 0]
        elif "paw" in name or name.startswith("Ear"):
            way = up + 0.3 * side
        else:
            way = side
        way = way / np.linalg.norm(way)
        offset = points - keypoint
        away = offset @ way
        aside = np.linalg.norm(offset - away[:, None] * way, axis=-1)
        outside = (normals @ way > 0.2) & (away > -0.35)
        markers.append(int(np.argmin(np.where(outside, aside + 0.1 * abs(away), np.inf))))
    return np.array(markers)


def _find_patches(rest: Array, points: Array) -> np.ndarray:
    """The points of the skin (24, m) around each keypoint, evenly strewn over a small patch."""
    found = []
    for keypoint in rest:
        away = np.linalg.norm(points - keypoint, axis=-1)
        order = np.argsort(away)[: np.count_nonzero(away < away.min() + _PATCH_CM)]
        found.append(order[np.linspace(0, len(order) - 1, _PATCH_POINTS).astype(int)])
    return np.array(found)


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
