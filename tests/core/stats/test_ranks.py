from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mousegpt_core.stats.ranks import (
    adjust_p,
    cliffs_delta,
    delta_interval,
    dunn,
    kruskal_wallis,
    mann_whitney,
    smallest_p,
)

small = st.lists(st.integers(0, 6).map(float), min_size=2, max_size=5)


@given(small, small)
def test_exact_p_equals_counting_all_assignments_also_with_ties(
    a: list[float], b: list[float]
) -> None:
    values = np.array(a + b)
    ranks = stats.rankdata(values)
    n = len(a)
    middle = n * (len(values) + 1) / 2
    seen = abs(ranks[:n].sum() - middle)
    sums = [ranks[list(c)].sum() for c in combinations(range(len(values)), n)]
    expected = np.mean([abs(s - middle) >= seen - 1e-9 for s in sums])
    assert mann_whitney(np.array(a), np.array(b))[1] == pytest.approx(expected)


def test_mann_whitney_equals_scipy_without_ties() -> None:
    rng = np.random.default_rng(0)
    for n, m in ((3, 3), (4, 7), (12, 9), (40, 45)):
        a, b = rng.normal(size=n), rng.normal(0.8, 1, size=m)
        u, p, method = mann_whitney(a, b)
        theirs = stats.mannwhitneyu(a, b, method="exact" if n + m <= 60 else "asymptotic")
        assert u == theirs.statistic
        assert p == pytest.approx(theirs.pvalue, rel=1e-9)
        assert method == ("exact" if n + m <= 60 else "approximate")


def test_smallest_p_is_reached_by_groups_apart() -> None:
    assert mann_whitney(np.arange(4.0), 10 + np.arange(4.0))[1] == pytest.approx(smallest_p(4, 4))
    assert smallest_p(3, 3) == pytest.approx(0.1)
    assert mann_whitney(np.ones(4), np.ones(3))[1] == 1.0


def test_kruskal_wallis_statistic_and_p() -> None:
    rng = np.random.default_rng(1)
    groups = [np.round(rng.normal(shift, 1, 5), 1) for shift in (0, 0.4, 1.5)]
    h, p, method = kruskal_wallis(groups, seed=0)
    assert h == pytest.approx(stats.kruskal(*groups).statistic)
    assert method == "permutation"
    assert p == pytest.approx(stats.kruskal(*groups).pvalue, abs=0.02)
    assert kruskal_wallis(groups, seed=0) == (h, p, method)
    large = [rng.normal(size=30) for _ in range(3)]
    assert kruskal_wallis(large, seed=0)[1] == pytest.approx(stats.kruskal(*large).pvalue)
    assert kruskal_wallis([np.ones(3)] * 3, seed=0)[:2] == (0.0, 1.0)


def test_kruskal_wallis_permutation_equals_counting_all() -> None:
    groups = [np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([4.0, 6.0])]
    values = np.concatenate(groups)
    seen = stats.kruskal(*groups).statistic
    every = [
        stats.kruskal(v[:2], v[2:4], v[4:]).statistic for v in map(np.array, permutations(values))
    ]
    expected = np.mean(np.array(every) >= seen - 1e-9)
    assert kruskal_wallis(groups, seed=3)[1] == pytest.approx(expected, abs=0.015)


def test_dunn_by_hand() -> None:
    groups = [np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]), np.array([7.0, 8.0, 9.0])]
    error = np.sqrt(9 * 10 / 12 * (2 / 3))
    expected = [2 * stats.norm.sf(d / error) for d in (3, 6, 3)]
    assert dunn(groups) == pytest.approx(expected)
    assert dunn([np.ones(3)] * 3) == [1.0, 1.0, 1.0]
    tied = [np.array([1.0, 1.0]), np.array([1.0, 2.0]), np.array([2.0, 3.0])]
    # ranks 2 2 | 2 4.5 | 4.5 6; ties of 3 and 2: (27 - 3) + (8 - 2) = 30
    error = np.sqrt(6 * 7 / 12 - 30 / (12 * 5))
    assert dunn(tied)[1] == pytest.approx(2 * stats.norm.sf(3.25 / error))


def test_cliffs_delta_and_its_interval() -> None:
    a, b = np.array([1.0, 3.0, 5.0]), np.array([2.0, 2.0, 6.0])
    # pairs: 1 below all; 3 above two, below one; 5 above two, below one
    assert cliffs_delta(a, b) == pytest.approx((-3 + 1 + 1) / 9)
    u = stats.mannwhitneyu(a, b, method="asymptotic").statistic
    assert cliffs_delta(a, b) == pytest.approx(2 * u / 9 - 1)
    low, high = delta_interval(a, b, seed=0)
    assert -1 <= low < cliffs_delta(a, b) < high <= 1
    assert delta_interval(a, b, seed=0) == (low, high)
    assert np.isnan(delta_interval(a, a + 10, seed=0)).all()


@pytest.mark.parametrize("method", ["bh", "holm", "none"])
def test_corrections(method: str) -> None:
    p = [0.01, 0.04, 0.03, np.nan, 0.5]
    by_hand = {
        "bh": [0.04, 0.16 / 3, 0.16 / 3, np.nan, 0.5],
        "holm": [0.04, 0.09, 0.09, np.nan, 0.5],
        "none": p,
    }
    assert adjust_p(p, method) == pytest.approx(by_hand[method], nan_ok=True)
    assert adjust_p([], method) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_bh_equals_scipy(p: list[float]) -> None:
    assert adjust_p(p, "bh") == pytest.approx(list(stats.false_discovery_control(p)))
