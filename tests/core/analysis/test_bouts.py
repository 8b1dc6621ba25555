"""Labels to bouts and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.analysis.bouts import (
    bouts_from_clips,
    bouts_from_labels,
    drop_short,
    labels_from_bouts,
    merge_bouts,
)
from mousegpt_core.clips import BOUTS, cut_clips, validate_table
from mousegpt_core.errors import DataError


def _rows(bouts: pd.DataFrame) -> list[tuple[float, float, str]]:
    columns = (bouts["start_s"].round(6), bouts["stop_s"].round(6), bouts["behaviour_id"])
    return list(zip(*columns, strict=True))


def test_runs_by_hand() -> None:
    labels = ["walk", "walk", "", "rear", "rear", "walk"]
    bouts = bouts_from_labels(np.arange(6) / 10, labels, recording="M1", source="human")
    assert _rows(bouts) == [(0.0, 0.2, "walk"), (0.3, 0.5, "rear"), (0.5, 0.6, "walk")]
    assert set(bouts["recording"]) == {"M1"}
    assert bouts["score"].isna().all()
    validate_table(BOUTS, bouts)


def test_a_hole_in_the_times_ends_a_bout() -> None:
    bouts = bouts_from_labels([0.0, 0.1, 0.2, 5.0, 5.1], ["a"] * 5, recording="M1")
    assert _rows(bouts) == [(0.0, 0.3, "a"), (5.0, 5.2, "a")]


def test_the_score_is_the_mean() -> None:
    bouts = bouts_from_labels([0, 1, 2], ["a", "a", "b"], recording="M", scores=[0.2, 0.4, 1.0])
    np.testing.assert_allclose(bouts["score"], [0.3, 1.0])


def test_short_ones_go_before_gaps_close() -> None:
    labels = ["a"] * 10 + ["b"] + ["a"] * 10
    times = np.arange(21) / 10
    assert len(bouts_from_labels(times, labels, recording="M")) == 3
    joined = bouts_from_labels(times, labels, recording="M", least_s=0.2, merge_gap_s=0.1)
    assert _rows(joined) == [(0.0, 2.1, "a")]


def test_merging_does_not_swallow_what_lies_between() -> None:
    bouts = bouts_from_labels([0, 1, 2], ["a", "b", "a"], recording="M")
    assert len(merge_bouts(bouts, 10.0)) == 3
    assert len(merge_bouts(drop_short(bouts[bouts["behaviour_id"] == "a"], 0), 1.0)) == 1


def test_merged_scores_are_weighted_by_time() -> None:
    bouts = bouts_from_labels(
        [0, 3, 4], ["a", "", "a"], recording="M", stops=[3, 4, 5], scores=[1, 0, 0]
    )
    assert merge_bouts(bouts, 1.0)["score"].tolist() == [0.75]


def test_clips_of_two_recordings() -> None:
    frames = np.arange(20)
    clips = pd.concat(
        [cut_clips(frames / 20, frames, recording=name, rate=5) for name in ("B", "A")],
        ignore_index=True,
    )
    bouts = bouts_from_clips(clips, ["x", "x", "y", "", "y"] * 2, source="profile")
    assert bouts["recording"].tolist() == ["A"] * 3 + ["B"] * 3
    assert _rows(bouts)[:3] == [(0.0, 0.4, "x"), (0.4, 0.6, "y"), (0.8, 1.0, "y")]
    assert bouts_from_clips(clips.iloc[:0], []).empty


def test_overlapping_bouts_the_last_begun_counts() -> None:
    bouts = pd.DataFrame(
        {"start_s": [1.0, 0.0], "stop_s": [2.0, 4.0], "behaviour_id": ["short", "long"]}
    )
    labels = labels_from_bouts(np.arange(5.0), bouts, empty="-")
    assert labels.tolist() == ["long", "short", "long", "long", "-"]


@given(st.lists(st.sampled_from(["", "a", "b"]), min_size=1), st.sampled_from([5.0, 29.97, 250.0]))
def test_round_trip(labels: list[str], fps: float) -> None:
    times = np.arange(len(labels)) / fps
    bouts = bouts_from_labels(times, labels, recording="M")
    assert labels_from_bouts(times, bouts).tolist() == labels


@pytest.mark.parametrize(
    ("times", "labels", "message"),
    [([0, 1], ["a"], "do not fit"), ([0, 2, 1], ["a"] * 3, "row 2"), ([0, 0], ["a"] * 2, "rise")],
)
def test_wrong_input(times: list[float], labels: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        bouts_from_labels(times, labels, recording="M")


def test_nothing() -> None:
    assert bouts_from_labels([], [], recording="M").empty
    assert bouts_from_labels([0.0, 1.0], ["", ""], recording="M").empty
