"""Agreement, against worked examples that were published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.stats.agreement import (
    bradley_terry,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    mean_interval,
    wilson_interval,
)

#: Ten items, 14 raters, five categories; kappa is .210 (the example of many textbooks).
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip
NAN = np.nan
#: Krippendorff 2011, section C: four observers, twelve units, some missing.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


def test_fleiss() -> None:
    assert fleiss_kappa(np.array(FLEISS)) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa(np.array([[3, 0], [0, 3]])) == 1.0
    assert np.isnan(fleiss_kappa(np.array([[3, 0], [3, 0]])))
    assert np.isnan(fleiss_kappa(np.array([[1, 0], [0, 1]])))
    with pytest.raises(ValueError, match="different numbers"):
        fleiss_kappa(np.array([[3, 0], [1, 1]]))


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorff_with_missing_data(level, alpha) -> None:  # type: ignore[no-untyped-def]
    found = krippendorff_alpha(np.array(OBSERVERS), level)
    assert found == pytest.approx(alpha, abs=5e-4)


def test_krippendorff_of_two_observers() -> None:
    # Krippendorff 2011, section A.
    pair = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
    assert krippendorff_alpha(np.array(pair, float)) == pytest.approx(0.095, abs=5e-4)
    assert np.isnan(krippendorff_alpha(np.zeros((2, 5))))


def test_cohen() -> None:
    # 20 and 15 times both say yes and no, 5 and 10 times they differ: kappa is .4.
    first = np.array([1] * 25 + [0] * 25)
    second = np.array([1] * 20 + [0] * 5 + [1] * 10 + [0] * 15)
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert np.isnan(cohen_kappa(np.ones(4), np.ones(4)))


def test_statsmodels_finds_the_same() -> None:
    rater = pytest.importorskip("statsmodels.stats.inter_rater", reason="run by `nox -s peers`")
    assert fleiss_kappa(np.array(FLEISS)) == pytest.approx(rater.fleiss_kappa(np.array(FLEISS)))


def test_wilson() -> None:
    # Brown, Cai and DasGupta's way of writing it: 8 of 10 give .490 to .943.
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    low, high = wilson_interval(10, 10)
    assert 0.7 < low < 0.73
    assert high == pytest.approx(1.0)
    assert np.isnan(wilson_interval(0, 0)).all()


def test_bradley_terry() -> None:
    # Four players: A, B, C, D; published solution .640, 1.043, .660, 2.270.
    wins = [[0, 2, 0, 1], [3, 0, 5, 0], [0, 3, 0, 1], [4, 0, 3, 0]]
    found = bradley_terry(np.array(wins, float))
    assert found == pytest.approx([0.640, 1.043, 0.660, 2.270], abs=1e-3)
    assert np.isnan(bradley_terry(np.array([[0.0, 3.0], [0.0, 0.0]]))).all()


@given(st.integers(0, 30), st.integers(1, 30))
def test_two_players_have_the_odds_of_their_wins(won: int, lost: int) -> None:
    found = bradley_terry(np.array([[0.0, won], [lost, 0.0]]))
    if won:
        assert found[0] / found[1] == pytest.approx(won / lost)
    else:
        assert np.isnan(found).all()


def test_the_bootstrap_draws_items_not_ratings() -> None:
    chance = np.random.default_rng(0)
    items = np.repeat(np.arange(100), 10)
    correct = np.repeat(chance.random(100) < 0.7, 10).astype(float)
    low, high = mean_interval(correct, items, seed=1)
    alone = mean_interval(correct, np.arange(1000), seed=1)
    assert low < correct.mean() < high
    assert high - low > 2 * (alone[1] - alone[0])
    # By theory: 2 * 1.96 * sqrt(p (1 - p) / 100).
    share = correct.mean()
    assert high - low == pytest.approx(3.92 * np.sqrt(share * (1 - share) / 100), rel=0.15)
