"""Descriptions of known postures: what is true does not contradict, what is false does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.describe.evidence_builder import PAWS, make_evidence
from mousegpt_core.clips import cut_clips
from mousegpt_core.describe.claims import find_claims
from mousegpt_core.describe.clip_quantities import UNITS, clip_quantities, column
from mousegpt_core.describe.contract import Evidence
from mousegpt_core.describe.contradictions import Checked, check_description
from mousegpt_core.describe.ethogram import compute_ethogram
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.describe.kinematic import KinematicDescriber
from mousegpt_core.describe.rules import load_rules
from mousegpt_core.kinematics import compute_kinematics, prepare_scene
from mousegpt_core.skeletons import guess_skeleton
from mousegpt_core.synthetic import BehaviourScript, SimulationSettings, simulate

SCRIPT = (
    ("walking", 4.0),
    ("freezing", 3.0),
    ("grooming", 4.0),
    ("rearing", 3.0),
    ("walking", 4.0),
)


def measured(**kwargs: Any) -> dict[str, float]:
    table = clip_quantities(make_evidence(**kwargs))
    return {str(k): float(v) for k, v in table.iloc[len(table) // 2].items()}


def check(text: str, values: dict[str, float], section: str = "overall") -> Checked:
    return check_description({section: text}, "", values)


def contact(**paws: float) -> dict[str, float]:
    return {**dict.fromkeys(PAWS, 1.0), **paws}


@pytest.mark.parametrize(
    ("text", "section", "kinematics", "quantity"),
    [
        ("The mouse walks.", "overall", {"plain": {"speed": 0.1}}, "speed"),
        ("The mouse is stationary.", "overall", {"plain": {"speed": 20.0}}, "speed"),
        ("The mouse freezes.", "overall", {"plain": {"speed": 9.0}}, "speed"),
        ("The mouse walks backward.", "overall",
         {"plain": {"speed": 9.0, "forward_speed": 8.5}}, "forward_share"),
        ("The mouse turns to the left.", "overall",
         {"plain": {"turning": np.radians(-120.0)}}, "turning"),
        ("The mouse rears up.", "overall",
         {"plain": {"body_pitch": 0.0}, "contact": contact()}, "contact_forepaw_left"),
        ("All paws are on the floor.", "limb",
         {"contact": contact(forepaw_left=0.0, forepaw_right=0.0)}, "contact_forepaw_left"),
        ("The left forepaw is in the air.", "limb",
         {"contact": contact(forepaw_right=0.0)}, "contact_forepaw_left"),
        ("The head is turned to the right.", "head",
         {"plain": {"head_angle": np.radians(50.0)}}, "head_angle"),
        ("The head is raised.", "head", {"plain": {"head_pitch": np.radians(-60.0)}}, "head_pitch"),
        ("The torso is curved to the left.", "torso",
         {"plain": {"spine_curvature": np.radians(-45.0)}}, "spine_bend"),
        ("The body is stretched out.", "torso", {"plain": {"stretch": 0.5}}, "length"),
        ("The body is curled up.", "torso", {"plain": {"stretch": 1.3}}, "length"),
    ],
)  # fmt: skip
def test_what_is_false_is_found(
    text: str, section: str, kinematics: dict[str, Any], quantity: str
) -> None:
    found = check(text, measured(**kinematics), section)
    assert [each.quantity for each in found.contradictions][:1] == [quantity]
    first = found.contradictions[0]
    assert first.section == section
    assert first.words in text.lower()
    assert 0.5 <= first.strength <= 1.0
    assert first.unit == UNITS[quantity]
    assert f"{first.value:.3g}" in first.sentence()


@pytest.mark.parametrize(
    ("text", "section", "kinematics"),
    [
        ("The mouse walks.", "overall", {"plain": {"speed": 1.5}}),
        ("The mouse is stationary.", "overall", {"plain": {"speed": 5.0}}),
        ("The mouse turns to the left.", "overall", {"plain": {"turning": np.radians(-20.0)}}),
        ("The head is turned to the right.", "head", {"plain": {"head_angle": np.radians(10.0)}}),
        ("The mouse does not walk.", "overall", {"plain": {"speed": 0.0}}),
    ],
)
def test_what_is_nearly_true_is_let_pass(
    text: str, section: str, kinematics: dict[str, Any]
) -> None:
    assert not check(text, measured(**kinematics), section).contradictions


def test_what_is_not_known_contradicts_nothing() -> None:
    nothing = {column(q, s): float("nan") for q in UNITS for s in ("mean", "least", "most")}
    found = check("The mouse walks with its head to the left, all paws on the floor.", nothing)
    assert (found.checkable, found.contradictions) == (0, ())
    assert np.isnan(found.strongest)
    assert check_description({}, "", {}).claims == 0


def test_sides_are_not_known_where_the_view_does_not_tell_them() -> None:
    above, beside = (
        measured(plain={"head_angle": np.radians(50.0)}, space_dims=2, seen_from=view)
        for view in ("above", "side")
    )
    assert check("The head is turned right.", above, "head").contradictions
    assert check("The head is turned right.", beside, "head").checkable == 0


def test_the_thresholds_are_those_of_the_describer() -> None:
    values = measured(plain={"speed": 2.5})
    walks = {"overall": "The mouse walks."}
    assert not check_description(walks, "", values).contradictions
    assert check_description(walks, "", values, FactSettings(slow=5.0)).contradictions


def test_a_description_may_contradict_itself() -> None:
    said = {"overall": "The mouse stands still.", "keywords": "running, head turned left"}
    pairs = check_description({**said, "head": "Turned to the right."}, "", {}).conflicts
    assert {(one.first.claim.name, one.second.claim.name) for one in pairs} == {
        ("stays in place", "moves about"),
        ("stays in place", "runs"),
        ("the head is turned right", "the head is turned left"),
    }
    assert "head turned left" in pairs[-1].sentence()


@pytest.fixture(scope="module")
def synthetic() -> tuple[list[dict[str, float]], list[Any]]:
    """Measures and descriptions of the clips of a synthetic mouse."""
    made = simulate(BehaviourScript(SCRIPT), SimulationSettings(fps=30.0, seed=5))
    skeleton = guess_skeleton([str(k) for k in made.poses["keypoint"].values]).skeleton
    kinematics = compute_kinematics(made.poses, skeleton, prepare_scene(made.poses, skeleton))
    ethogram = compute_ethogram(kinematics, load_rules(), skeleton=skeleton)
    times = kinematics["time"].values
    clips = cut_clips(times, np.arange(len(times)), recording="M1")
    evidence = Evidence(clips, kinematics, ethogram, skeleton)
    rows = clip_quantities(evidence).to_dict("records")
    return rows, KinematicDescriber().describe_all(evidence)


def share(checks: list[Checked]) -> float:
    return float(np.mean([bool(one.contradictions) for one in checks]))


def test_own_descriptions_hold_those_of_other_clips_do_not(
    synthetic: tuple[list[dict[str, float]], list[Any]],
) -> None:
    rows, answers = synthetic
    own = [
        check_description(a.sections, a.label, row) for a, row in zip(answers, rows, strict=True)
    ]
    assert share(own) < 0.01
    assert not any(one.conflicts for one in own)
    order = np.random.default_rng(0).permutation(len(rows))
    other = [
        check_description(answers[i].sections, answers[i].label, row)
        for i, answer, row in zip(order, answers, rows, strict=True)
        if answers[i].label != answer.label
    ]
    assert share(other) > 0.6


def test_left_and_right_exchanged_is_found(
    synthetic: tuple[list[dict[str, float]], list[Any]],
) -> None:
    rows, answers = synthetic
    found = []
    for answer, row in zip(answers, rows, strict=True):
        if any(said.claim.side for said in find_claims({"head": answer.sections["head"]})):
            turned = {name: exchanged(text) for name, text in answer.sections.items()}
            found.append(check_description(turned, "", row))
    assert len(found) > 5
    assert share(found) > 0.9


def exchanged(text: str) -> str:
    """With left for right."""
    return text.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")
