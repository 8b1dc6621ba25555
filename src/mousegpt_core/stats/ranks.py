"""Rank tests whose p-values are exact or by permutation, so that few animals and ties are fine."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Most animals of two groups for which every assignment is counted.
MOST_EXACT = 60


def mann_whitney(a: Array, b: Array) -> tuple[float, float, str]:
    """Mann-Whitney U test, two-sided.

    The p-value is exact up to `MOST_EXACT` values: all assignments of the (mid)ranks to the two
    groups are counted by dynamic programming, which also holds with ties (Streitberg and Röhmel
    1986); beyond, by the normal approximation with corrections for ties and continuity.

    Parameters
    ----------
    a, b : array of shape (n,), (m,)
        Finite values, one an animal.

    Returns
    -------
    u, p, method : float, float, str
        U of `a`; ``"exact"`` or ``"approximate"``.
    """
    from scipy.stats import mannwhitneyu, rankdata

    n, m = len(a), len(b)
    ranks = rankdata(np.concatenate([a, b]))
    u = float(ranks[:n].sum() - n * (n + 1) / 2)
    if np.all(ranks == ranks[0]):
        return u, 1.0, "exact"
    if n + m > MOST_EXACT:
        return u, float(mannwhitneyu(a, b, method="asymptotic").pvalue), "approximate"
    doubled = np.rint(2 * ranks).astype(np.int64)
    ways = _subset_sums(doubled, n)
    sums = np.arange(len(ways))
    middle = n * (n + m + 1)
    as_far = np.abs(sums - middle) >= abs(int(doubled[:n].sum()) - middle)
    return u, float(min(1.0, ways[as_far].sum() / comb(n + m, n))), "exact"


def _subset_sums(values: Array, size: int) -> Array:
    """Number of subsets of the given size by their sum, an array of shape (sum of values + 1,)."""
    ways = np.zeros((size + 1, int(values.sum()) + 1))
    ways[0, 0] = 1
    for value in values:
        ways[1:, value:] += ways[:-1, : ways.shape[1] - value].copy()
    result: Array = ways[size]
    return result


def smallest_p(n: int, m: int) -> float:
    """The smallest two-sided p-value that `mann_whitney` can give for groups of n and m."""
    return 2.0 / comb(n + m, n)


def kruskal_wallis(
    groups: Sequence[Array], *, seed: int, rounds: int = 9999
) -> tuple[float, float, str]:
    """Kruskal-Wallis test of three or more groups.

    The p-value is by permutation of the animals up to `MOST_EXACT` of them (with the observed
    order counted as one, Phipson and Smyth 2010), beyond by the chi-squared approximation.

    Parameters
    ----------
    groups : sequence of arrays of shape (n_i,)
        Finite values, one an animal.
    seed : int
        Of the permutations.
    rounds : int
        Number of permutations.

    Returns
    -------
    h, p, method : float, float, str
        H corrected for ties; ``"permutation"`` or ``"approximate"``.
    """
    from scipy.stats import chi2, rankdata

    sizes = np.array([len(group) for group in groups])
    ranks = rankdata(np.concatenate(list(groups)))
    if np.all(ranks == ranks[0]):
        return 0.0, 1.0, "permutation"
    observed = _h(ranks[None, :], sizes)[0]
    if sizes.sum() > MOST_EXACT:
        return float(observed), float(chi2.sf(observed, len(sizes) - 1)), "approximate"
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.tile(ranks, (rounds, 1)), axis=1)
    as_far = int((_h(shuffled, sizes) >= observed - 1e-9).sum())
    return float(observed), (as_far + 1) / (rounds + 1), "permutation"


def dunn(groups: Sequence[Array]) -> list[float]:
    """Dunn's test of every two of three or more groups, on the ranks of all (Dunn 1964).

    Parameters
    ----------
    groups : sequence of arrays of shape (n_i,)
        Finite values, one an animal.

    Returns
    -------
    list of float
        Two-sided p-values by the normal approximation with correction for ties, not corrected
        for their number, in the order of ``itertools.combinations``.
    """
    from scipy.stats import norm, rankdata

    sizes = [len(group) for group in groups]
    ranks = rankdata(np.concatenate(list(groups)))
    total = len(ranks)
    _, tied = np.unique(ranks, return_counts=True)
    spread = total * (total + 1) / 12 - float((tied**3 - tied).sum()) / (12 * (total - 1))
    if spread <= 0:
        return [1.0 for _ in combinations(sizes, 2)]
    means = [float(part.mean()) for part in np.split(ranks, np.cumsum(sizes)[:-1])]
    z = [
        (means[i] - means[j]) / np.sqrt(spread * (1 / sizes[i] + 1 / sizes[j]))
        for i, j in combinations(range(len(sizes)), 2)
    ]
    return [float(2 * norm.sf(abs(each))) for each in z]


def _h(ranks: Array, sizes: Array) -> Array:
    """H of each row of ranks, whose columns are the groups one after the other."""
    total = ranks.shape[1]
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    sums = np.add.reduceat(ranks, first, axis=1)
    between = ((sums - sizes * (total + 1) / 2) ** 2 / sizes).sum(axis=1)
    spread = ((ranks[0] - (total + 1) / 2) ** 2).sum() / (total - 1)
    result: Array = between / spread
    return result


def cliffs_delta(a: Array, b: Array) -> float:
    """Cliff's delta: how much more often a value of `a` is above one of `b` than below (-1 to 1).

    It equals the rank-biserial correlation of the Mann-Whitney test.
    """
    return float(np.sign(a[:, None] - b[None, :]).mean())


def delta_interval(a: Array, b: Array, *, seed: int, rounds: int = 2000) -> tuple[float, float]:
    """95 % percentile bootstrap interval of `cliffs_delta`, drawn within each group.

    NaN if all of one group lie above all of the other: every draw is then the same, and the
    bootstrap says nothing of how sure that is.
    """
    sign = np.sign(a[:, None] - b[None, :])
    if abs(sign.mean()) == 1.0:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(a), (rounds, len(a)))
    columns = rng.integers(0, len(b), (rounds, len(b)))
    drawn = sign[rows[:, :, None], columns[:, None, :]].mean(axis=(1, 2))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def adjust_p(values: Sequence[float], method: str) -> list[float]:
    """P-values corrected for their number; NaN stays NaN and does not count.

    Parameters
    ----------
    values : sequence of float
        P-values.
    method : str
        ``"holm"`` (Holm 1979), ``"bh"`` (Benjamini and Hochberg 1995) or ``"none"``.
    """
    p = np.asarray(values, dtype=np.float64)
    result = p.copy()
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    count = len(order)
    place = np.arange(1, count + 1)
    if method == "holm":
        result[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * (count - place + 1)))
    elif method == "bh":
        steps = p[order] * count / place
        result[order] = np.minimum(1.0, np.minimum.accumulate(steps[::-1])[::-1])
    return [float(value) for value in result]
