"""Anatomy and kinematics of the synthetic mouse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core.synthetic.body import (
    KEYPOINTS,
    RIGID_PAIRS,
    Anatomy,
    Posture,
    Wall,
    frames_of,
    pose_limbs,
    pose_trunk,
    stack_keypoints,
    two_bone_reach,
)
from mousegpt_core.synthetic.bones import resting_points

ANGLE = st.floats(-1.2, 1.2)
postures = st.builds(
    dict,
    x=st.floats(-5, 5),
    y=st.floats(-5, 5),
    hip_height=st.floats(1, 6),
    heading=st.floats(-7, 7),
    pitch=ANGLE,
    arch=ANGLE,
    bend=ANGLE,
    head_yaw=ANGLE,
    head_pitch=ANGLE,
    tail_heading=st.floats(-7, 7),
    tip_heading=st.floats(-7, 7),
    tail_height=st.floats(0, 5),
    tip_height=st.floats(0, 5),
)


def build(values: dict[str, float], size: float, wall: Wall, paws: np.ndarray) -> np.ndarray:
    anatomy = Anatomy(size)
    trunk = pose_trunk(Posture(**{k: np.array([v]) for k, v in values.items()}), anatomy, wall)
    limbs = pose_limbs(trunk, paws[None], np.full((1, 4), -0.5), anatomy)
    return stack_keypoints(trunk, limbs)[0]


def test_keypoints_are_mousegpts() -> None:
    assert len(KEYPOINTS) == 24
    assert KEYPOINTS[:10] == (
        "EarL", "EarR", "Snout", "SpineF", "SpineG", "SpineH", "Hip", "TailBase",
        "TailMid", "TailEnd",
    )  # fmt: skip
    assert KEYPOINTS[10:14] == ("ForepawL", "WristL", "ElbowL", "ShoulderL")
    assert KEYPOINTS[18:] == ("HindpawL", "AnkleL", "KneeL", "HindpawR", "AnkleR", "KneeR")


@settings(max_examples=60, deadline=None)
@given(postures, st.floats(0.7, 1.2), st.lists(st.floats(-8, 8), min_size=12, max_size=12))
def test_bones_keep_their_length_in_every_posture(
    values: dict[str, float], size: float, paws: list[float]
) -> None:
    rest = resting_points() * size
    points = build(values, size, Wall(12.35), np.reshape(paws, (4, 3)))
    assert np.isfinite(points).all()
    for a, b in RIGID_PAIRS:
        i, j = KEYPOINTS.index(a), KEYPOINTS.index(b)
        wanted = np.linalg.norm(rest[i] - rest[j])
        assert np.linalg.norm(points[i] - points[j]) == pytest.approx(wanted, abs=1e-6), (a, b)


def test_adult_proportions() -> None:
    points = dict(zip(KEYPOINTS, resting_points(), strict=True))
    length = np.linalg.norm(points["Snout"] - points["TailBase"])
    assert 7.0 < length < 9.0
    tail = np.linalg.norm(points["TailMid"] - points["TailBase"])
    assert 2 * tail == pytest.approx(8.0)


def test_frames_are_right_handed_and_look_ahead() -> None:
    frame = frames_of(np.array([np.pi / 2]), np.array([0.0]))[0]
    np.testing.assert_allclose(frame, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)
    assert np.linalg.det(frame) == pytest.approx(1.0)


def test_two_bones_make_a_3_4_5_triangle() -> None:
    root, target = np.array([[0.0, 0, 1]]), np.array([[5.0, 0, 1]])
    middle, end = two_bone_reach(root, target, 3.0, 4.0, np.array([[0, 0, 1.0]]))
    np.testing.assert_allclose(end, target)
    np.testing.assert_allclose(middle, [[9 / 5, 0, 1 + 12 / 5]])


def test_reach_stops_at_the_limbs_length() -> None:
    middle, end = two_bone_reach(
        np.zeros((1, 3)), np.array([[9.0, 0, 0]]), 1.0, 1.0, np.array([[0, 1.0, 0]])
    )
    assert np.linalg.norm(end) == pytest.approx(1.998)
    assert np.linalg.norm(end - middle) == pytest.approx(1.0)


def test_a_joint_is_kept_off_the_floor() -> None:
    root, target = np.array([[0.0, 0, 0.5]]), np.array([[1.0, 0, 0.5]])
    middle, _ = two_bone_reach(root, target, 1.0, 1.0, np.array([[0.0, 0.5, -1.0]]))
    assert middle[0, 2] > 0
    assert np.linalg.norm(middle - root) == pytest.approx(1.0)


def test_a_bone_turns_along_the_wall() -> None:
    wall = Wall(10.0)
    origin = np.array([[9.0, 0.0, 0.0]])
    free = wall.turn(origin, np.array([np.pi]), np.array([2.0]))
    assert free[0] == pytest.approx(np.pi)
    turned = wall.turn(origin, np.array([0.3]), np.array([2.0]))
    end = origin[0, :2] + 2 * np.array([np.cos(turned[0]), np.sin(turned[0])])
    assert np.linalg.norm(end) == pytest.approx(10.0)
    assert end[1] > 0


def test_a_bone_that_points_at_the_wall_rises() -> None:
    wall = Wall(10.0)
    pitch = wall.rise(np.array([[8.0, 0, 0]]), np.zeros(1), np.zeros(1), 4.0)
    assert pitch[0] == pytest.approx(np.pi / 3)
    assert wall.rise(np.array([[2.0, 0, 0]]), np.zeros(1), np.array([-0.4]), 4.0)[0] == -0.4
