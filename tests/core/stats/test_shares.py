from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core.clips import BOUTS, make_table
from mousegpt_core.errors import DataError
from mousegpt_core.stats import (
    Subject,
    behaviour_shares,
    dominant_behaviours,
    movement_summary,
    order_groups,
    shares_by_animal,
    transition_counts,
    transition_shares,
    treatment_of,
    windowed_shares,
)


def bouts(*rows: tuple[str, str, float, float, str]) -> pd.DataFrame:
    recording, individual, start, stop, behaviour = (list(part) for part in zip(*rows, strict=True))
    return make_table(
        BOUTS,
        {
            "recording": recording, "individual": individual, "start_s": start, "stop_s": stop,
            "behaviour_id": behaviour,
        },
    )  # fmt: skip


TWO = (Subject("r1", "m", "a", 100.0, treatment="x"), Subject("r2", "m", "b", 50.0))


def test_shares_by_hand() -> None:
    table = bouts(
        ("r1", "m", 0.0, 10.0, "walk"), ("r1", "m", 20.0, 50.0, "walk"),
        ("r1", "m", 50.0, 60.0, "rear"), ("r2", "m", 0.0, 5.0, "rear"),
        ("r9", "m", 0.0, 5.0, "sleep"),
    )  # fmt: skip
    shares = behaviour_shares(table, TWO).set_index(["animal", "behaviour_id"])
    assert list(shares.index) == [("a", "rear"), ("a", "walk"), ("b", "rear"), ("b", "walk")]
    assert shares["share"].tolist() == pytest.approx([0.1, 0.4, 0.1, 0.0])
    assert shares["bouts"].tolist() == [1, 2, 1, 0]
    assert shares["bouts_per_min"].tolist() == pytest.approx([0.6, 1.2, 1.2, 0.0])
    assert shares["mean_bout_s"].tolist()[:3] == pytest.approx([10.0, 20.0, 5.0])
    assert np.isnan(shares.loc[("b", "walk"), "mean_bout_s"])
    assert shares.loc[("a", "rear"), "treatment"] == "x"
    wide = shares_by_animal(shares.reset_index())
    assert wide.loc["a"].tolist() == pytest.approx([0.1, 0.4])


def test_recordings_of_one_animal_are_taken_together_and_time_unseen_does_not_count() -> None:
    subjects = [Subject("r1", "m", "a", 100.0, observed_s=50.0), Subject("r2", "m", "a", 50.0)]
    table = bouts(("r1", "m", 0.0, 10.0, "walk"), ("r2", "m", 0.0, 10.0, "walk"))
    assert behaviour_shares(table, subjects)["share"].tolist() == pytest.approx([0.2])


@pytest.mark.parametrize("subjects", [[], [Subject("r1", "m", "a", 0.0)]])
def test_nothing_observed(subjects: list[Subject]) -> None:
    shares = behaviour_shares(bouts(("r1", "m", 0.0, 1.0, "walk")), subjects)
    assert shares["share"].isna().all()
    assert len(behaviour_shares(make_table(BOUTS, {}), TWO)) == 0
    assert len(windowed_shares(make_table(BOUTS, {}), TWO)) == 0


def test_windows_by_hand() -> None:
    subject = Subject("r1", "m", "a", 50.0, start_s=5.0)
    table = bouts(("r1", "m", 5.0, 15.0, "walk"), ("r1", "m", 15.0, 35.0, "rear"))
    found = windowed_shares(table, [subject], window_s=20.0)
    wide = found.pivot(index="window_s", columns="behaviour_id", values="share")
    assert wide.index.tolist() == [10.0, 30.0, 50.0]  # the last one is half a window long
    assert wide["walk"].tolist() == pytest.approx([0.5, 0.0, 0.0])
    assert wide["rear"].tolist() == pytest.approx([0.5, 0.5, 0.0])
    with pytest.raises(DataError, match="length"):
        windowed_shares(table, [subject], window_s=0)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.05, 9), st.floats(0, 4), st.sampled_from("abc")),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([1.0, 2.5, 7.0]),
)
def test_windows_hold_the_same_time_as_the_whole(
    lengths: list[tuple[float, float, str]], window: float
) -> None:
    rows, now = [], 0.0
    for length, gap, name in lengths:
        rows.append(("r1", "m", now + gap, now + gap + length, name))
        now += gap + length
    duration = window * np.ceil(now / window)
    subject = Subject("r1", "m", "a", float(duration))
    table = bouts(*rows)
    whole = behaviour_shares(table, [subject]).set_index("behaviour_id")["share"]
    parts = windowed_shares(table, [subject], window_s=window)
    mean = parts.groupby("behaviour_id")["share"].mean()
    pd.testing.assert_series_equal(
        mean, whole, check_names=False, check_index_type=False, atol=1e-9
    )
    assert parts["share"].between(0, 1 + 1e-9).all()


def test_dominant_behaviour_of_each_part() -> None:
    subject = Subject("r1", "m", "a", 4.0)
    table = bouts(("r1", "m", 0.0, 1.6, "walk"), ("r1", "m", 1.6, 2.0, "rear"))
    found = dominant_behaviours(table, subject, bins=4, behaviours=["rear", "walk"])
    assert found.tolist() == [1, 1, -1, -1]
    assert dominant_behaviours(table, subject, bins=2, behaviours=[]).tolist() == [-1, -1]


def test_transitions_by_hand() -> None:
    table = bouts(
        ("r1", "m", 0.0, 1.0, "walk"), ("r1", "m", 1.5, 2.0, "rear"),
        ("r1", "m", 2.0, 3.0, "walk"), ("r1", "m", 9.0, 9.5, "rear"),
        ("r2", "m", 0.0, 1.0, "walk"), ("r2", "m", 1.0, 2.0, "walk"),
        ("r2", "m", 2.0, 3.0, "groom"),
    )  # fmt: skip
    counts = transition_counts(table, TWO)
    assert counts.loc["walk", "rear"] == 1
    assert counts.loc["rear", "walk"] == 1
    assert counts.loc["walk", "groom"] == 1
    assert counts.to_numpy().sum() == 3
    shares = transition_shares(counts)
    assert shares.loc["walk", "rear"] == 0.5
    assert shares.loc["groom"].isna().all()


def test_groups_controls_first_then_natural_order() -> None:
    names = ["LSD 10 mg", "LSD 2 mg", "saline", "", "Wild-type", "LSD 2 mg"]
    assert order_groups(names) == ["saline", "Wild-type", "LSD 2 mg", "LSD 10 mg"]
    animals = pd.DataFrame({"animal": ["a", "b"], "treatment": [" x ", ""]}, dtype=object)
    assert treatment_of(animals) == {"a": "x"}
    assert treatment_of(pd.DataFrame({"animal": ["a"]})) == {}


def test_movement_summary_by_hand() -> None:
    speed = [10.0, 20.0, 30.0, np.nan]
    found = movement_summary(speed, fps=10.0, recording="r", immobile=[True, False, False, True])
    assert found.median_speed == 20.0
    assert found.distance_m == pytest.approx(0.06)
    assert found.share_immobile == pytest.approx(1 / 3)
    assert sum(found.speed_shares) == pytest.approx(1.0)
    nothing = movement_summary([np.nan], fps=10.0, recording="r")
    assert np.isnan(nothing.median_speed)
    assert nothing.speed_shares == ()
