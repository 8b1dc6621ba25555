"""Blinded forms and their scores: what was put in is found again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.analysis.experts import ALL, EVERYONE, QUESTIONS, plan_forms, score

EXPERTS = ["a", "b", "c"]


@given(st.integers(1, 60), st.floats(0, 0.5), st.integers(0, 9))
def test_every_expert_sees_everything_and_some_of_it_again_later(
    items: int, repeats: float, seed: int
) -> None:
    key = plan_forms(items, EXPERTS, repeats=repeats, seed=seed)
    for _, form in key.groupby("expert"):
        assert form["number"].tolist() == list(range(1, len(form) + 1))
        assert set(form["item"]) == set(range(items))
        assert form["item"].value_counts().max() <= 2
        again = form[form["again"]]
        assert len(form) == items + len(again)
        assert len(again) <= items // 3
        for item, number in zip(again["item"], again["number"], strict=True):
            first = form.loc[(form["item"] == item) & ~form["again"], "number"].iloc[0]
            assert number - first > items // 2 - items // 3


def test_orders_and_sides_are_chances() -> None:
    key = plan_forms(200, EXPERTS, repeats=0.1, seed=0)
    orders = [form["item"].tolist() for _, form in key.groupby("expert")]
    assert orders[0] != orders[1] != orders[2]
    assert 0.4 < key["swapped"].mean() < 0.6
    assert key["again"].sum() == 60
    assert key.equals(plan_forms(200, EXPERTS, repeats=0.1, seed=0))
    assert not key.equals(plan_forms(200, EXPERTS, repeats=0.1, seed=1))


def judged(share: float, noise: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three experts who see the truth, and err in a share of cases."""
    key = plan_forms(400, EXPERTS, repeats=0.2, seed=2)
    key["first"] = np.where(key["item"] % 2, "good", "bad")
    key["second"] = ""
    chance = np.random.default_rng(0)
    truth = chance.random(400) < np.where(np.arange(400) % 2, share, 0.5)
    answers = key[["expert", "number"]].copy()
    for name in QUESTIONS["judge"]:
        right = truth[key["item"]] ^ (chance.random(len(key)) < noise)
        answers[name] = np.where(right, "correct", "incorrect")
    return key, answers


def test_shares_agreement_and_consistency_of_experts_who_are_sure() -> None:
    tables = score("judge", *judged(0.9, 0.0))
    shares = tables["shares"].set_index(["source", "criterion"])
    assert shares.loc[("good", "factual"), "share"] == pytest.approx(0.9, abs=0.06)
    assert shares.loc[("bad", ALL), "share"] == pytest.approx(0.5, abs=0.1)
    # Three experts who say the same know no more than one: items are drawn, not ratings.
    row = shares.loc[("bad", "factual")]
    assert row["high"] - row["low"] > 1.5 * (row["wilson_high"] - row["wilson_low"])
    assert row["low"] < row["share"] < row["high"]
    assert tables["agreement"]["fleiss_kappa"].tolist() == pytest.approx([1, 1, 1])
    assert tables["agreement"]["krippendorff_alpha"].tolist() == pytest.approx([1, 1, 1])
    assert set(tables["consistency"]["share"]) == {1.0}
    assert tables["consistency"].set_index("expert").loc[EVERYONE, "repeated"].tolist() == [240] * 3


def test_experts_who_guess_agree_as_by_chance() -> None:
    tables = score("judge", *judged(0.5, 0.5))
    assert tables["agreement"]["fleiss_kappa"].abs().max() < 0.12
    everyone = tables["consistency"].set_index("expert").loc[EVERYONE]
    assert everyone["cohen_kappa"].abs().max() < 0.2


def test_what_was_not_answered_does_not_count() -> None:
    key, answers = judged(0.9, 0.0)
    answers.loc[answers["expert"] == "c", "format"] = ""
    tables = score("judge", key, answers)
    agreement = tables["agreement"].set_index("question")
    assert agreement.loc["format", "items_rated_by_all"] == 0
    assert np.isnan(agreement.loc["format", "fleiss_kappa"])
    assert agreement.loc["format", "krippendorff_alpha"] == pytest.approx(1)
    assert tables["shares"].set_index("criterion").loc["format", "ratings"].tolist() == [400, 400]


def test_the_better_one_wins_whatever_its_side() -> None:
    key = plan_forms(300, EXPERTS, repeats=0.1, seed=3)
    pairs = [("x", "y"), ("x", "z"), ("y", "z")]
    key["first"] = [pairs[item % 3][0] for item in key["item"]]
    key["second"] = [pairs[item % 3][1] for item in key["item"]]
    strength = {"x": 4.0, "y": 2.0, "z": 1.0}
    chance = np.random.default_rng(1)
    p = key["first"].map(strength) / (key["first"].map(strength) + key["second"].map(strength))
    answers = key[["expert", "number"]].copy()
    for name in QUESTIONS["choose"]:
        first = chance.random(len(key)) < p
        answers[name] = np.where(first ^ key["swapped"], "left", "right")
    tables = score("choose", key, answers)
    wins = tables["wins"].set_index(["aspect", "source", "against"])
    row = wins.loc[("detail", "x", "y")]
    assert row["rate"] == pytest.approx(2 / 3, abs=0.08)
    assert row["low"] < row["rate"] < row["high"]
    assert wins.loc[("detail", "y", "x"), "rate"] == pytest.approx(1 - row["rate"])
    found = tables["strengths"].set_index(["aspect", "source"])["strength"]["detail"]
    assert found["x"] / found["z"] == pytest.approx(4, rel=0.35)
    assert found["y"] / found["z"] == pytest.approx(2, rel=0.35)
    sides = tables["sides"].set_index("expert").loc[EVERYONE]
    assert sides["wilson_low"] < 0.5 < sides["wilson_high"]


def test_ties_are_half_a_win() -> None:
    key = plan_forms(3, ["a"], repeats=0, seed=0).assign(first="x", second="y")
    answers = key[["expert", "number"]].assign(**dict.fromkeys(QUESTIONS["choose"], "equal"))
    wins = score("choose", key, answers)["wins"]
    assert wins["rate"].tolist() == [0.5] * 6
    assert wins["ties"].tolist() == [3] * 6
