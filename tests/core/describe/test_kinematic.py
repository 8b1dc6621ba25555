"""Known postures give known sentences, written out by hand."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.describe.evidence_builder import FPS, PAWS, make_evidence, middle
from mousegpt_core.describe.contract import Answer, Evidence
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.describe.kinematic import KinematicDescriber
from mousegpt_core.registry import load_backend

TIMES = np.arange(60) / FPS


def describe(**kwargs: Any) -> Answer:
    return middle(KinematicDescriber().describe_all(make_evidence(**kwargs)))


def walking(**kwargs: Any) -> dict[str, Any]:
    return {
        "activity": "walking",
        "plain": {"speed": 8.0, "forward_speed": 7.8, "turning": np.radians(100.0)},
        **kwargs,
    }


def test_walking_and_turning_left() -> None:
    answer = describe(**walking())
    assert answer.sections["overall"] == (
        "The mouse walks forward at a moderate pace, turning to the left."
    )
    assert answer.sections["keywords"] == (
        "walking, moderate locomotion, moving forward, turning left"
    )
    assert answer.label == "walking"
    assert answer.score == pytest.approx(0.9)


def test_doubtful_activity_is_hedged() -> None:
    answer = describe(**walking(score=0.4))
    assert answer.sections["overall"] == (
        "The mouse appears to walk forward at a moderate pace, turning to the left."
    )


def test_slowing_down_on_a_right_curve_backward() -> None:
    speed = np.clip(12.0 - 12.0 * (TIMES - 1.6), 0.0, 20.0)
    plain = {"speed": speed, "forward_speed": -speed, "turning": np.radians(-50.0)}
    answer = describe(activity="walking", plain=plain)
    assert answer.sections["overall"] == (
        "The mouse walks backward at a moderate pace, turning gently to the right and decelerating."
    )


@pytest.mark.parametrize(
    ("speed", "words"),
    [
        (0.5, "is stationary"),
        (3.0, "moves slowly"),
        (10.0, "moves at a moderate pace"),
        (20.0, "moves quickly"),
        (50.0, "moves very quickly"),
    ],
)
def test_pace_without_a_known_activity(speed: float, words: str) -> None:
    answer = describe(plain={"speed": speed})
    assert answer.sections["overall"] == f"The mouse {words}."
    assert answer.label == ""
    assert np.isnan(answer.score)
    assert answer.status == "described"


def test_full_posture_of_a_rearing_mouse() -> None:
    head_angle = np.radians(45.0)
    answer = describe(
        activity="rearing",
        plain={
            "speed": 0.5,
            "head_angle": head_angle,
            "head_pitch": np.radians(40.0),
            "body_pitch": np.radians(50.0),
            "spine_curvature": np.radians(-30.0),
            "stretch": 1.3,
            "wall_distance": 2.0,
            "nose_wall_distance": 1.0,
        },
        contact={"forepaw_left": 0.1, "forepaw_right": 0.0, "hindpaw_left": 1, "hindpaw_right": 1},
        by_keypoint={
            "local_speed": {"nose": 0.2, "ear_left": 0.2, "tail_mid": 0.5, "tail_tip": 0.5},
            "height": {"tail_mid": 0.2, "tail_tip": 0.3},
        },
    )
    assert answer.sections == {
        "overall": "The mouse rears up.",
        "head": "The head is turned to the left and raised. It is held steady.",
        "limb": (
            "Both hindpaws are on the floor, and both forepaws are in the air. "
            "The tail is low and at rest."
        ),
        "torso": (
            "The torso is pitched up and curved slightly to the right. The body is stretched out."
        ),
        "others": "The mouse is near the wall. The nose is close to the wall.",
        "keywords": (
            "rearing, stationary, head turned left, head raised, head still, "
            "forepaws in air, torso pitched up, torso curved right, body stretched, near wall"
        ),
    }


def test_an_upright_trunk_tells_no_left_and_right() -> None:
    plain = {"speed": 0.5, "body_pitch": np.radians(70.0), "turning": 3.0, "head_angle": 1.0}
    answer = describe(activity="rearing", plain={**plain, "spine_curvature": 1.0})
    assert answer.sections["torso"] == "The torso is upright."
    assert answer.sections["overall"] == "The mouse rears up."
    assert answer.sections["head"] == ""


def test_grooming_strokes_are_not_lost() -> None:
    strokes = 12.0 + 10.0 * np.sin(2 * np.pi * 5.0 * TIMES + 0.3)
    answer = describe(
        activity="grooming",
        plain={"speed": 0.4, "stretch": 0.7},
        by_keypoint={"local_speed": {"forepaw_left": strokes, "forepaw_right": strokes}},
    )
    assert answer.sections["overall"] == "The mouse is stationary and grooms itself."
    assert answer.sections["limb"] == "The forelimbs make rapid repeated strokes."
    assert answer.sections["torso"] == "The body is compact."
    assert "repeated forelimb strokes" in answer.sections["keywords"]


def test_scratching_with_one_hindlimb() -> None:
    strokes = 15.0 + 12.0 * np.sin(2 * np.pi * 6.0 * TIMES + 0.3)
    local = {"hindpaw_right": strokes, "hindpaw_left": 0.5}
    answer = describe(plain={"speed": 0.4}, by_keypoint={"local_speed": local})
    assert answer.sections["limb"] == "The right hindlimb makes rapid repeated strokes."


def test_head_sweeping_and_small_movements() -> None:
    wide = np.radians(30.0) * np.sin(2 * np.pi * 1.5 * TIMES)
    small = np.radians(7.0) * np.sin(2 * np.pi * 4.0 * TIMES + 0.2)
    swept = describe(plain={"head_angle": wide}).sections["head"]
    assert swept.endswith("It sweeps from side to side.")
    wobbled = describe(plain={"head_angle": small}).sections["head"]
    assert wobbled == "The head points straight ahead. It makes small quick movements."


def test_freezing_tells_no_movement() -> None:
    wide = np.radians(30.0) * np.sin(2 * np.pi * 1.5 * TIMES)
    answer = describe(
        seconds=16.0,
        activity="freezing",
        plain={"speed": 4.0, "head_angle": np.resize(wide, 320), "immobile": 1.0},
        by_keypoint={"local_speed": {"tail_mid": 20.0, "tail_tip": 20.0}},
    )
    assert answer.sections["overall"] == "The mouse freezes."
    assert "sweep" not in answer.sections["head"]
    assert answer.sections["limb"] == ""
    assert answer.sections["others"] == "It has been still for a while."
    assert answer.sections["keywords"].startswith("freezing, motionless, stationary")


def test_head_jerk_is_told_of_the_clips_around_it() -> None:
    jerk = np.full(60, 0.5)
    jerk[38] = 30.0
    evidence = make_evidence(plain={"speed": 0.1}, by_keypoint={"local_speed": {"nose": jerk}})
    others = [answer.sections["others"] for answer in KinematicDescriber().describe_all(evidence)]
    assert others[9] == "Its head jerks briefly."
    assert others[8] == "Its head jerks shortly after."
    assert others[10] == "Its head jerks shortly before."
    assert others[2] == ""


def test_transitions_are_told() -> None:
    activity = ["walking"] * 20 + ["rearing"] * 20 + ["walking"] * 20
    speed = np.where(np.array(activity) == "walking", 8.0, 0.0)
    evidence = make_evidence(activity=activity, plain={"speed": speed, "forward_speed": speed})
    overall = [answer.sections["overall"] for answer in KinematicDescriber().describe_all(evidence)]
    assert overall[5] == "The mouse begins to rear up after walking."
    assert overall[7] == "The mouse rears up."
    assert overall[9] == "The mouse rears up, then walks."
    assert overall[10].startswith("The mouse begins to walk forward at a moderate pace")


def test_coming_to_a_stand_is_said_as_such() -> None:
    for activity, words in (
        ("standing_still", "stops walking and stands still"),
        ("freezing", "stops walking and freezes"),
        ("grooming", "is stationary and begins to groom itself after walking"),
    ):
        per_frame = ["walking"] * 20 + [activity] * 40
        speed = np.where(np.array(per_frame) == "walking", 8.0, 0.0)
        evidence = make_evidence(activity=per_frame, plain={"speed": speed})
        answers = KinematicDescriber().describe_all(evidence)
        assert answers[5].sections["overall"] == f"The mouse {words}."


def test_turning_on_the_spot() -> None:
    answer = describe(plain={"speed": 0.5, "turning": -2.0})
    assert answer.sections["overall"] == (
        "The mouse is stationary, turning to the right on the spot."
    )
    answer = describe(activity="turning", plain={"speed": 0.5, "turning": 4.0})
    assert answer.sections["overall"] == ("The mouse turns sharply to the left on the spot.")


def test_grooming_of_another_part_is_no_beginning() -> None:
    per_frame = ["face_grooming"] * 20 + ["grooming"] * 40
    answers = KinematicDescriber().describe_all(make_evidence(activity=per_frame))
    assert answers[4].sections["overall"] == "The mouse is stationary and grooms its face."
    assert answers[5].sections["overall"] == "The mouse is stationary and grooms itself."


def test_pause_between_bouts_of_walking() -> None:
    activity = ["walking"] * 28 + [""] * 4 + ["walking"] * 28
    speed = np.where(np.array(activity) == "walking", 8.0, 0.0)
    answer = describe(activity=activity, plain={"speed": speed})
    assert answer.sections["overall"] == "The mouse pauses between bouts of walking."


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        (dict.fromkeys(PAWS, 1.0), "All paws are on the floor."),
        (dict.fromkeys(PAWS, 0.0), ""),
        ({"forepaw_left": 0.0}, "The left forepaw is in the air."),
        (
            {**dict.fromkeys(PAWS, 1.0), "forepaw_right": 0.0},
            "The left forepaw and both hindpaws are on the floor, "
            "and the right forepaw is in the air.",
        ),
        (
            {"forepaw_left": 1, "forepaw_right": 0, "hindpaw_left": 0, "hindpaw_right": 1},
            "The left forepaw and the right hindpaw are on the floor, "
            "and the right forepaw and the left hindpaw are in the air.",
        ),
    ],
)
def test_paws_on_the_floor_and_in_the_air(states: dict[str, float], sentence: str) -> None:
    answer = describe(**walking(contact=states))
    assert answer.sections["limb"] == sentence


def test_paws_in_two_dimensions_move_or_are_planted() -> None:
    speeds = {"forepaw_left": 20.0, "hindpaw_right": 20.0, "forepaw_right": 1, "hindpaw_left": 1}
    answer = describe(
        **walking(
            space_dims=2,
            by_keypoint={"keypoint_speed": speeds},
            contact=dict.fromkeys(PAWS, 1.0),
        )
    )
    assert answer.sections["limb"] == (
        "The right forepaw and the left hindpaw are planted, "
        "and the left forepaw and the right hindpaw are moving. The paws take steps."
    )


def test_trot_is_seen_in_the_paws() -> None:
    one = 10.0 + 10.0 * np.sin(2 * np.pi * 3.0 * TIMES)
    two = 10.0 - 10.0 * np.sin(2 * np.pi * 3.0 * TIMES)
    speeds = {
        "forepaw_left": one,
        "hindpaw_right": one,
        "forepaw_right": two,
        "hindpaw_left": two,
    }
    answer = describe(**walking(by_keypoint={"keypoint_speed": speeds}))
    assert answer.sections["limb"] == "The paws step in alternating diagonal pairs."


@pytest.mark.parametrize(("seen_from", "side"), [("above", "left"), ("below", "right")])
def test_tail_side_follows_the_view(seen_from: str, side: str) -> None:
    # The mouse looks along +x; in the image (y down) the tail tip lies above its base.
    place = {"tail_base": (0, 0), "tail_mid": (-3, 0), "tail_tip": (-3, -3)}
    evidence = make_evidence(space_dims=2, seen_from=seen_from)
    answer = middle(KinematicDescriber().describe_all(with_positions(evidence, place)))
    assert answer.sections["limb"] == f"The tail is curved to the {side}."


def test_tail_of_two_keypoints_is_held_to_a_side() -> None:
    names = ("nose", "tail_base", "tail_tip")
    evidence = make_evidence(space_dims=2, keypoints=names, plain={"heading": 0.0})
    place = {"tail_base": (0, 0), "tail_tip": (-3, -3)}
    answer = middle(KinematicDescriber().describe_all(with_positions(evidence, place)))
    assert answer.sections["limb"] == "The tail is held to the left."


def test_nose_close_to_the_forepaws() -> None:
    evidence = make_evidence(activity="grooming")
    place = {"nose": (0, 0, 1), "forepaw_left": (0.5, 0, 1), "forepaw_right": (2, 0, 1)}
    answer = middle(KinematicDescriber().describe_all(with_positions(evidence, place)))
    assert answer.sections["head"] == "The nose is close to the forepaws."


def test_forepaws_at_the_face_are_on_the_floor_only_while_sniffing() -> None:
    place = {"nose": (0, 0, 1), "forepaw_left": (0.5, 0, 1), "forepaw_right": (0.5, 1, 1)}
    contact = dict.fromkeys(PAWS, 1.0)
    for activity, limb in (
        ("grooming", "Both hindpaws are on the floor."),
        ("sniffing", "All paws are on the floor."),
    ):
        evidence = with_positions(make_evidence(activity=activity, contact=contact), place)
        answer = middle(KinematicDescriber().describe_all(evidence))
        assert answer.sections["limb"] == limb


def test_side_view_tells_no_left_and_right() -> None:
    plain = {"speed": 8.0, "turning": 3.0, "head_angle": 1.0, "spine_curvature": 1.0}
    answer = describe(space_dims=2, seen_from="side", plain=plain)
    assert "left" not in " ".join(answer.sections.values())


def test_too_little_seen_fails_with_a_reason() -> None:
    speed = np.where(TIMES < 1.5, np.nan, 3.0)
    answers = KinematicDescriber().describe_all(make_evidence(plain={"speed": speed}))
    assert answers[0].status == "failed"
    assert answers[0].reason == "too few keypoints seen"
    assert answers[0].sections == {}
    assert answers[-1].status == "described"


def test_clips_name_their_animal() -> None:
    evidence = make_evidence(activity="walking", plain={"speed": 8.0})
    two = Evidence(
        pd.concat([evidence.clips.assign(individuals=name) for name in ("mouse", "b", "", "x")]),
        evidence.kinematics.reindex(individual=["mouse", "b"]),
        evidence.ethogram.reindex(individual=["mouse", "b"], fill_value=-1),
        evidence.skeleton,
    )
    answers = KinematicDescriber().describe_all(two)
    n = len(evidence.clips)
    assert [answers[n * i].reason for i in range(4)] == [
        "",
        "too few keypoints seen",
        "several animals are tracked and the clip names none",
        "no animal is called 'x'",
    ]


def test_answers_come_in_the_order_of_the_clips_and_are_the_same_each_time() -> None:
    evidence = make_evidence(**walking())
    describer = load_backend("describers", "kinematic")()

    async def collect() -> list[Answer]:
        return [answer async for answer in describer.describe(evidence)]

    first = asyncio.run(collect())
    assert [answer.clip_id for answer in first] == list(evidence.clips["clip_id"])
    assert first == asyncio.run(collect())


def test_options_move_the_thresholds() -> None:
    evidence = make_evidence(plain={"speed": 8.0})
    answer = middle(KinematicDescriber(FactSettings(moderate=10.0)).describe_all(evidence))
    assert answer.sections["overall"] == "The mouse moves slowly."


def test_no_clips_give_no_answers() -> None:
    evidence = make_evidence()
    empty = Evidence(
        evidence.clips.iloc[:0], evidence.kinematics, evidence.ethogram, evidence.skeleton
    )
    assert KinematicDescriber().describe_all(empty) == []


def with_positions(evidence: Evidence, place: dict[str, tuple[float, ...]]) -> Evidence:
    kinematics = evidence.kinematics
    shape = tuple(kinematics.sizes[d] for d in ("time", "space", "keypoint", "individual"))
    position = np.full(shape, np.nan, dtype=np.float32)
    for name, point in place.items():
        index = list(kinematics["keypoint"].values).index(name)
        position[:, :, index, 0] = point
    with_them = kinematics.assign(position=(("time", "space", "keypoint", "individual"), position))
    return Evidence(evidence.clips, with_them, evidence.ethogram, evidence.skeleton)
