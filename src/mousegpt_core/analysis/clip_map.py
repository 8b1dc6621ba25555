"""A map of the clips: what is told alike lies together.

The distinct vectors of the descriptions are brought to the plane, by default with t-SNE (van der
Maaten and Hinton 2008, "Visualizing data using t-SNE") begun from their principal components
(Kobak and Berens 2019, "The art of using t-SNE"). Of many vectors a seeded sample is placed so, and
each other one between its nearest of the sample. UMAP (McInnes, Healy and Melville 2018,
arXiv 1802.03426) can be asked for instead.

Many clips say the same and would share one place. So each place becomes a disc whose area is its
number of clips, the discs are pushed apart where they overlap, and the clips are laid in their disc
like the seeds of a sunflower (Vogel 1979, "A better way to construct the sunflower head"): equally
dense everywhere, and each can be seen and picked.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mousegpt_core.errors import DataError, MissingDependencyError
from mousegpt_core.settings import Settings

Array = npt.NDArray[Any]

VERSION = 1
#: Fewer places than this have no neighbourhoods to keep: their principal components are drawn.
_FEW = 12
#: A vector outside the sample lies between so many of it.
_BETWEEN = 5
#: Share of the map that is covered by clips, before they are pushed apart.
_COVERED = 0.35
_ROUNDS = 40
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


class MapSettings(Settings):
    """Table ``[map]`` of ``study.toml``."""

    method: Literal["tsne", "umap", "pca"] = Field(
        default="tsne", description='How vectors come to the plane; "umap" needs the extra `map`.'
    )
    neighbours: int = Field(
        default=30, ge=2, description="Neighbours that matter: perplexity of t-SNE, those of UMAP."
    )
    sample: int = Field(
        default=3_000, ge=_FEW, description="Distinct vectors placed by t-SNE or UMAP, at most."
    )
    seed: int = Field(default=0, ge=0, description="Seed of the sample and of the placing.")


def map_clips(vectors: npt.ArrayLike, settings: MapSettings | None = None) -> Array:
    """A place in the plane for each clip.

    The same vectors give the same places, in whatever order the clips come, but for which of the
    clips of one vector lies where in its disc: those lie from within to without, in their order.

    Parameters
    ----------
    vectors : array of shape (n, d)
        Unit vector of each clip's description; zeros where nothing was said.
    settings : MapSettings, optional
        Defaults if not given.

    Returns
    -------
    array of shape (n, 2)
        Around the origin, the widest direction along x; 1 is about the distance of neighbouring
        clips of one description. NaN where nothing was said.

    Raises
    ------
    DataError
        If nothing was said at all.
    MissingDependencyError
        If UMAP is asked for and not installed.
    """
    settings = settings or MapSettings()
    matrix = np.asarray(vectors, dtype=np.float32)
    said = matrix.any(axis=1) if matrix.size else np.zeros(len(matrix), dtype=bool)
    if not said.any():
        raise DataError("no clip has a description to map", hint="run `mousegpt describe` first")
    distinct, which, copies = np.unique(
        matrix[said], axis=0, return_inverse=True, return_counts=True
    )
    discs = _discs(place_vectors(distinct, settings), copies)
    places = np.full((len(matrix), 2), np.nan)
    places[said] = discs[which] + _seeds(which, copies)
    return places


def place_vectors(vectors: Array, settings: MapSettings) -> Array:
    """Distinct vectors, shape (m, d), brought to the plane: (m, 2), around the origin."""
    from threadpoolctl import threadpool_limits

    few = len(vectors) < _FEW
    # With several threads the last digits depend on how busy the machine is.
    with threadpool_limits(limits=1):
        if few or settings.method == "pca":
            return _upright(_principal(vectors, settings))
        chosen = _sample(len(vectors), settings)
        method = _umap if settings.method == "umap" else _tsne
        sampled = _upright(method(vectors[chosen], settings))
        return sampled if len(chosen) == len(vectors) else _between(vectors, chosen, sampled)


def _sample(count: int, settings: MapSettings) -> Array:
    """Rows that are placed by the method itself."""
    if count <= settings.sample:
        return np.arange(count)
    generator = np.random.default_rng(settings.seed)
    return np.sort(generator.choice(count, settings.sample, replace=False))


def _principal(vectors: Array, settings: MapSettings) -> Array:
    from sklearn.decomposition import PCA

    if min(vectors.shape) < 2:
        return np.column_stack([np.arange(len(vectors)), np.zeros(len(vectors))])
    model = PCA(2, svd_solver="full", random_state=settings.seed)
    return np.asarray(model.fit_transform(vectors), dtype=np.float64)


def _tsne(vectors: Array, settings: MapSettings) -> Array:
    from sklearn.manifold import TSNE

    model = TSNE(
        init="pca",
        perplexity=min(settings.neighbours, (len(vectors) - 1) / 3),
        random_state=settings.seed,
        n_jobs=1,
    )
    return np.asarray(model.fit_transform(vectors), dtype=np.float64)


def _umap(vectors: Array, settings: MapSettings) -> Array:
    try:
        with warnings.catch_warnings():
            # It tells that TensorFlow is not there, which it does not need.
            warnings.simplefilter("ignore")
            from umap import UMAP
    except ImportError as error:
        raise MissingDependencyError("umap-learn", extra="map", purpose="a map by UMAP") from error
    model = UMAP(
        n_neighbors=min(settings.neighbours, len(vectors) - 1),
        metric="cosine",
        random_state=settings.seed,
        n_jobs=1,  # several would not give the same twice
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(model.fit_transform(vectors), dtype=np.float64)


def _between(vectors: Array, chosen: Array, sampled: Array) -> Array:
    """All vectors, each between its nearest of the sample, the nearer the more."""
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=_BETWEEN).fit(vectors[chosen])
    distance, who = near.kneighbors(vectors)
    weight = 1.0 / np.maximum(distance, 1e-6) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    placed: Array = np.einsum("ij,ijk->ik", weight, sampled[who])
    return placed


def _upright(places: Array) -> Array:
    """Around the origin, widest along x; of mirror images the one with its tail right and up."""
    centred = places - places.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    tail = (turned**3).sum(axis=0)
    return np.asarray(turned * np.where(tail < 0, -1.0, 1.0))


def _discs(places: Array, copies: Array) -> Array:
    """Middles of discs of these areas, as near to the places as they get without overlapping."""
    clips = int(copies.sum())
    scaled: Array = places * np.sqrt(clips / (_COVERED * _area(places)))
    radius = np.sqrt(copies / np.pi)
    for _ in range(_ROUNDS):
        scaled, overlap = _pushed(scaled, radius)
        if not overlap:
            break
    return scaled


def _area(places: Array) -> float:
    """Area of what the places span; of a line, of its square."""
    from scipy.spatial import ConvexHull, QhullError

    reach = float(np.ptp(places, axis=0).max()) if len(places) else 0.0
    if reach == 0:
        return 1.0
    try:
        return max(float(ConvexHull(places).volume), 1e-3 * reach**2)
    except QhullError:  # all on a line
        return reach**2


def _pushed(places: Array, radius: Array) -> tuple[Array, bool]:
    """One round: every two discs that overlap give way, the smaller the more."""
    one, other, distance = _near_pairs(places, radius)
    depth = radius[one] + radius[other] - distance
    hit = depth > 1e-3
    if not hit.any():
        return places, False
    one, other, distance, depth = one[hit], other[hit], distance[hit], depth[hit]
    apart = (places[other] - places[one]) / np.maximum(distance, 1e-9)[:, None]
    same = distance < 1e-9
    turn = one[same] * _GOLDEN_ANGLE
    apart[same] = np.column_stack([np.cos(turn), np.sin(turn)])
    mass = radius**2
    share = (mass[other] / (mass[one] + mass[other]))[:, None]
    push = 0.5 * depth[:, None] * apart
    moved = places.copy()
    np.add.at(moved, one, -push * share)
    np.add.at(moved, other, push * (1 - share))
    return moved, True


def _near_pairs(places: Array, radius: Array) -> tuple[Array, Array, Array]:
    """Pairs that may overlap, and their distance: classes of alike discs against each other."""
    from scipy.spatial import cKDTree

    size = np.floor(np.log2(radius / radius.min())).astype(np.intp)
    classes = [np.flatnonzero(size == each) for each in np.unique(size)]
    trees = [cKDTree(places[members]) for members in classes]
    found = []
    for number, members in enumerate(classes):
        for second in range(number, len(classes)):
            reach = radius[members].max() + radius[classes[second]].max()
            near = trees[number].sparse_distance_matrix(trees[second], reach, output_type="ndarray")
            if second == number:
                near = near[near["i"] < near["j"]]
            found.append((members[near["i"]], classes[second][near["j"]], near["v"]))
    one, other, distance = (np.concatenate(part) for part in zip(*found, strict=True))
    return one, other, distance


def _seeds(which: Array, copies: Array) -> Array:
    """Where each clip lies in its disc, from the middle."""
    order = np.argsort(which, kind="stable")
    first = np.concatenate([[0], np.cumsum(copies)[:-1]])
    rank = np.empty(len(which), dtype=np.intp)
    rank[order] = np.arange(len(which)) - np.repeat(first, copies)
    radius = np.where(copies[which] > 1, np.sqrt((rank + 0.5) / np.pi), 0.0)
    angle = rank * _GOLDEN_ANGLE
    seeds: Array = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return seeds
