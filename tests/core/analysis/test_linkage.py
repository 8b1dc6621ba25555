"""Average linkage with weights, and its cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet, fcluster, is_valid_linkage, linkage

from mousegpt_core.analysis.linkage import average_linkage, cut_tree


def _units(count: int, size: int = 6, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(2, 40), st.integers(0, 5))
def test_equals_scipy(count: int, seed: int) -> None:
    vectors = _units(count, seed=seed)
    tree = average_linkage(vectors, np.ones(count))
    peer = linkage(vectors, "average", metric="cosine")
    assert is_valid_linkage(tree)
    np.testing.assert_allclose(tree[:, 2], peer[:, 2], atol=1e-12)
    np.testing.assert_allclose(cophenet(tree), cophenet(peer), atol=1e-12)


def test_weights_stand_for_copies() -> None:
    vectors = _units(8)
    weights = np.array([1, 5, 2, 1, 1, 9, 3, 1])
    tree = average_linkage(vectors, weights)
    peer = linkage(np.repeat(vectors, weights, axis=0), "average", metric="cosine")
    np.testing.assert_allclose(tree[:, 2], peer[-7:, 2], atol=1e-12)


def test_means_stand_for_their_members() -> None:
    vectors = _units(6)
    pairs = (vectors[::2] + vectors[1::2]) / 2
    tree = average_linkage(pairs, np.full(3, 2))
    between = 1 - vectors @ vectors.T
    closest = min(
        between[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for i in range(3) for j in range(i)
    )
    assert tree[0, 2] == pytest.approx(closest)


def test_one_group() -> None:
    tree = average_linkage(_units(1), np.ones(1))
    assert tree.shape == (0, 4)
    cut = cut_tree(tree, np.array([4]), wanted=3, least=1)
    assert cut.labels.tolist() == [0]
    assert not cut.reached


def test_the_cut_equals_scipys() -> None:
    vectors = _units(50)
    tree = average_linkage(vectors, np.ones(50))
    cut = cut_tree(tree, np.ones(50), wanted=4, least=1)
    peer = fcluster(linkage(vectors, "average", metric="cosine"), 4, "maxclust")
    assert cut.reached
    assert len(set(zip(cut.labels, peer, strict=True))) == 4


def test_outliers_do_not_count_and_cuts_go_on() -> None:
    # Two tight groups of ten, and three vectors far from all.
    axes = np.eye(6)
    groups = [axes[0]] * 10 + [0.8 * axes[0] + 0.6 * axes[1]] * 10
    vectors = np.array([*groups, axes[2], axes[3], axes[4]])
    tree = average_linkage(vectors, np.ones(len(vectors)))
    cut = cut_tree(tree, np.ones(len(vectors)), wanted=2, least=5)
    assert cut.reached
    assert cut.clusters == 5
    assert cut.large.sum() == 2
    assert len(set(cut.labels[:10])) == len(set(cut.labels[10:20])) == 1


def test_a_target_that_cannot_be_reached() -> None:
    vectors = _units(20)
    tree = average_linkage(vectors, np.ones(20))
    cut = cut_tree(tree, np.ones(20), wanted=10, least=5)
    assert not cut.reached
    best = max(int((np.bincount(fcluster(tree, k, "maxclust")) >= 5).sum()) for k in range(1, 21))
    assert cut.large.sum() == best
