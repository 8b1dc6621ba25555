"""Thresholds, windows and missing values behind the facts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.describe.evidence_builder import FPS, make_evidence, middle
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.describe.factors import FACTS, band, sided
from mousegpt_core.describe.facts import clip_facts
from mousegpt_core.describe.windows import Windows, angle_rate, around, crossings, detrend
from mousegpt_core.errors import SettingsError

TIMES = np.arange(60) / FPS


def test_every_fact_has_a_column_with_allowed_values() -> None:
    facts = clip_facts(make_evidence(activity="walking", plain={"speed": 8.0, "turning": 2.0}))
    assert list(facts.columns) == [*FACTS, "score", "reason"]
    for name, values in FACTS.items():
        if values is not None:
            assert set(facts[name]) <= {"", *values}


@pytest.mark.parametrize(
    ("quantity", "value", "fact", "expected"),
    [
        ("head_angle", np.radians(10), "head_side", "straight"),
        ("head_angle", np.radians(30), "head_side", "left"),
        ("head_angle", np.radians(-30), "head_side", "right"),
        ("head_angle", np.radians(30), "head_degree", "slight"),
        ("head_angle", np.radians(-100), "head_degree", "strong"),
        ("head_angle", np.radians(150), "head_side", ""),
        ("head_pitch", np.radians(30), "head_level", "raised"),
        ("head_pitch", np.radians(0), "head_level", "level"),
        ("head_pitch", np.radians(-60), "head_level", "lowered"),
        ("spine_curvature", np.radians(50), "torso_side", "left"),
        ("spine_curvature", np.radians(5), "torso_side", "straight"),
        ("spine_arch", np.radians(40), "torso_back", "hunched"),
        ("spine_arch", np.radians(10), "torso_back", ""),
        ("body_pitch", np.radians(0), "torso_pitch", "level"),
        ("body_pitch", np.radians(45), "torso_pitch", "up"),
        ("body_pitch", np.radians(75), "torso_pitch", "upright"),
        ("body_pitch", np.radians(-40), "torso_pitch", "down"),
        ("stretch", 1.3, "body_length", "stretched"),
        ("stretch", 1.0, "body_length", ""),
        ("stretch", 0.6, "body_length", "compact"),
        ("stretch", 0.2, "body_length", "curled"),
        ("turning", np.radians(60), "turn_degree", "gentle"),
        ("turning", np.radians(-300), "turn_side", "right"),
        ("wall_distance", 1.0, "place", "wall"),
        ("wall_distance", 20.0, "place", "open"),
        ("wall_distance", np.nan, "place", ""),
    ],
)
def test_numbers_become_facts(quantity: str, value: float, fact: str, expected: str) -> None:
    facts = clip_facts(make_evidence(plain={"speed": 0.1, quantity: value}))
    assert middle(facts[fact].to_list()) == expected


def test_a_short_body_seen_from_above_is_compact_and_not_curled() -> None:
    facts = clip_facts(make_evidence(space_dims=2, plain={"speed": 0.1, "stretch": 0.2}))
    assert set(facts["body_length"]) == {"compact"}


def test_head_swing_is_told_by_its_side() -> None:
    angle = np.clip((TIMES - 1.4) * np.radians(200.0), 0.0, np.radians(60.0))
    facts = clip_facts(make_evidence(plain={"head_angle": angle}))
    assert facts["head_motion"][7] == "turning left"
    mirrored = clip_facts(make_evidence(plain={"head_angle": -angle}))
    assert mirrored["head_motion"][7] == "turning right"


def test_rest_begins_after_the_stated_time() -> None:
    still = np.arange(320) >= 100  # from 5 s on
    evidence = make_evidence(seconds=16.0, plain={"speed": 0.0, "immobile": still})
    rest = clip_facts(evidence)["rest"].to_numpy()
    start = evidence.clips["stop_s"].to_numpy()
    assert not (rest[start < 9.9] == "while").any()
    assert (rest[start > 10.2] == "while").all()


def test_hidden_keypoints_are_told() -> None:
    evidence = make_evidence()
    shape = (evidence.kinematics.sizes["time"], evidence.kinematics.sizes["keypoint"], 1)
    seen = np.arange(shape[1])[None, :, None] % 2 == 0
    evidence.kinematics["measured"] = (
        ("time", "keypoint", "individual"),
        np.broadcast_to(seen, shape).copy(),
    )
    assert set(clip_facts(evidence)["visibility"]) == {"hidden"}


def test_activity_that_fills_most_of_the_clip_wins() -> None:
    activity = ["walking", "walking", "walking", "rearing"] * 15
    evidence = make_evidence(activity=activity, score=0.8)
    facts = clip_facts(evidence)
    assert set(facts["activity"]) == {"walking"}
    assert facts["score"].to_numpy() == pytest.approx(0.6)


def test_mostly_unknown_activity_is_unknown() -> None:
    facts = clip_facts(make_evidence(activity=["", "", "", "walking"] * 15))
    assert set(facts["activity"]) == {""}


def test_brief_activity_is_told_around_it() -> None:
    activity = [""] * 28 + ["jumping"] * 1 + [""] * 31
    facts = clip_facts(make_evidence(activity=activity))
    assert list(facts["event_when"][5:10]) == ["after", "after", "during", "before", "before"]
    assert set(facts["event"][5:10]) == {"jumping"}
    assert facts["event"][0] == ""


def test_settings_refuse_unknown_keys() -> None:
    with pytest.raises(SettingsError, match="slowest"):
        FactSettings.parse({"slowest": 1.0})


def test_bands_take_their_lower_edge_and_leave_gaps_unknown() -> None:
    found = band(np.array([0.0, 1.0, 1.5, np.nan, np.inf]), (1.0,), ("a", "b"))
    assert list(found) == ["a", "b", "b", "", ""]
    side, degree = sided(np.array([-2.0, 0.5, 3.0, np.nan]), (1.0, 2.5), ("some", "much"))
    assert list(side) == ["right", "straight", "left", ""]
    assert list(degree) == ["some", "", "much", ""]


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.integers(1, 40), elements=st.floats(-9, 9) | st.just(np.nan)),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8),
)
def test_window_statistics_equal_a_plain_loop(
    values: np.ndarray, spans: list[tuple[int, int]]
) -> None:
    first = np.array([min(a, len(values)) for a, _ in spans])
    stop = np.maximum(first, [min(b, len(values)) for _, b in spans])
    windows = Windows(first, stop)
    for index, (a, b) in enumerate(zip(first, stop, strict=True)):
        part = values[a:b]
        part = part[np.isfinite(part)]
        expected = part.mean() if len(part) else np.nan
        assert windows.mean(values)[index] == pytest.approx(expected, nan_ok=True, abs=1e-9)
        top = part.max() if len(part) else np.nan
        assert windows.max(values)[index] == pytest.approx(top, nan_ok=True)


def test_windows_are_half_open_in_time() -> None:
    windows = Windows.between(TIMES, np.array([0.5]), np.array([1.0]))
    assert (windows.first[0], windows.stop[0]) == (10, 20)


def test_correlation_of_opposite_signals() -> None:
    wave = np.sin(TIMES * 9.0)
    windows = around(TIMES, 1.0)
    assert windows.correlation(wave, -wave)[30] == pytest.approx(-1.0)
    assert np.isnan(windows.correlation(wave, np.ones(60))[30])


def test_detrended_wave_crosses_zero_twice_a_cycle() -> None:
    wave = 5.0 + TIMES + np.sin(2 * np.pi * 2.0 * TIMES + 0.1)
    swing = detrend(wave, TIMES, 0.5)
    assert crossings(swing).sum() == pytest.approx(12, abs=1)


def test_rate_of_an_angle_goes_the_short_way_round() -> None:
    rate = angle_rate(np.array([3.1, -3.1]), np.array([0.0, 0.1]))
    assert rate[1] == pytest.approx((2 * np.pi - 6.2) / 0.1)
