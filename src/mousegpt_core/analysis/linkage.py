"""Average linkage on cosine distance with weights, exact, and the cut MouseGPT asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def average_linkage(means: Array, weights: Array) -> Array:
    """Average linkage (UPGMA) of weighted groups of unit vectors on cosine distance.

    The mean cosine distance between the members of two groups is one minus the dot product of
    their mean vectors, so joining groups given by mean and weight is exact: the result is that of
    all members, had those of each group been joined first. Nearest-neighbour chain
    (Murtagh 1983, "A survey of recent advances in hierarchical clustering algorithms").

    Parameters
    ----------
    means : array of shape (m, d)
        Mean of each group's unit vectors; not scaled to length 1.
    weights : array of shape (m,)
        Members of each group.

    Returns
    -------
    array of shape (m - 1, 4)
        As `scipy.cluster.hierarchy.linkage` gives it: two joined nodes, their distance, and the
        number of groups (not members) in the new node.
    """
    wide = np.asarray(means, dtype=np.float64)
    distance = np.clip(1.0 - wide @ wide.T, 0.0, None)
    np.fill_diagonal(distance, np.inf)
    merges = _chain_merges(distance, np.asarray(weights, dtype=np.float64).copy())
    return _numbered(merges, len(wide))


@dataclass(frozen=True)
class Cut:
    """A tree cut into clusters.

    Attributes
    ----------
    labels : array of shape (m,), int
        Cluster of each group, from 0.
    clusters : int
        Number of clusters in all.
    large : array of shape (clusters,), bool
        Which have enough members.
    reached : bool
        Whether as many large clusters were found as wanted.
    """

    labels: Array
    clusters: int
    large: Array
    reached: bool


def cut_tree(tree: Array, weights: Array, *, wanted: int, least: float) -> Cut:
    """Cut into more and more clusters until enough of them are large.

    The wanted number stays fixed and the number of cuts grows, to single groups at most. If it is
    never reached, the fewest cuts that give most large clusters are taken.

    Parameters
    ----------
    tree : array of shape (m - 1, 4)
        As `average_linkage` gives it.
    weights : array of shape (m,)
        Members of each group.
    wanted : int
        Number of large clusters (theta_c).
    least : float
        Members of a large cluster (theta_e).

    Returns
    -------
    Cut
    """
    size = len(weights)
    members = np.concatenate([np.asarray(weights, dtype=np.float64), np.zeros(len(tree))])
    children = tree[:, :2].astype(np.intp)
    for row, (left, right) in enumerate(children):
        members[size + row] = members[left] + members[right]
    large = members >= least
    count = best = int(large[-1])
    best_clusters = clusters = 1
    for row in range(len(tree) - 1, -1, -1):
        if best >= wanted:
            break
        left, right = children[row]
        count += int(large[left]) + int(large[right]) - int(large[size + row])
        clusters += 1
        if count > best:
            best, best_clusters = count, clusters
    labels = _labels(children, size, best_clusters)
    total = np.bincount(labels, weights=weights, minlength=best_clusters)
    return Cut(labels, best_clusters, total >= least, best >= wanted)


def _chain_merges(distance: Array, weight: Array) -> list[tuple[float, int, int]]:
    """Pairs in the order they are found; a node keeps the number of one of its leaves."""
    active = np.ones(len(weight), dtype=bool)
    merges: list[tuple[float, int, int]] = []
    chain: list[int] = []
    while len(merges) < len(weight) - 1:
        if not chain:
            chain = [int(np.argmax(active))]
        last = chain[-1]
        nearest = int(np.argmin(distance[last]))
        before = chain[-2] if len(chain) > 1 else -1
        if before < 0 or distance[last, nearest] < distance[last, before]:
            chain.append(nearest)
            continue
        del chain[-2:]
        merges.append((float(distance[last, before]), before, last))
        _join(distance, weight, before, last)
        active[last] = False
    return merges


def _join(distance: Array, weight: Array, kept: int, gone: int) -> None:
    """Lance-Williams update of average linkage, in place."""
    total = weight[kept] + weight[gone]
    joined = (weight[kept] * distance[kept] + weight[gone] * distance[gone]) / total
    joined[[kept, gone]] = np.inf
    distance[kept] = joined
    distance[:, kept] = joined
    distance[gone] = np.inf
    distance[:, gone] = np.inf
    weight[kept] = total


def _numbered(merges: list[tuple[float, int, int]], size: int) -> Array:
    """Merges by rising distance, with nodes numbered as scipy does."""
    tree = np.zeros((len(merges), 4))
    node = list(range(size))
    parent = list(range(size))
    leaves = [1] * size

    def root(leaf: int) -> int:
        while parent[leaf] != leaf:
            parent[leaf] = parent[parent[leaf]]
            leaf = parent[leaf]
        return leaf

    order = sorted(range(len(merges)), key=lambda row: merges[row][0])
    for row, place in enumerate(order):
        height, one, other = merges[place]
        left, right = root(one), root(other)
        leaves[left] += leaves[right]
        low, high = sorted((node[left], node[right]))
        tree[row] = low, high, height, leaves[left]
        parent[right] = left
        node[left] = size + row
    return tree


def _labels(children: Array, size: int, clusters: int) -> Array:
    """Cluster of each leaf after the last ``clusters - 1`` joins are undone."""
    label = np.full(size + len(children), -1, dtype=np.intp)
    undone = len(children) - (clusters - 1)
    following = 0
    for node in range(len(label) - 1, -1, -1):
        row = node - size
        if row >= undone:
            continue
        if label[node] < 0:
            label[node] = following
            following += 1
        if row >= 0:
            label[children[row]] = label[node]
    return label[:size]
