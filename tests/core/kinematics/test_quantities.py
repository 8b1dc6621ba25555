"""Known answers: speeds, directions, posture, limbs, immobility."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from core.kinematics.mice import (
    BODY,
    KEYPOINTS,
    SKELETON,
    circle,
    picture,
    poses_of,
    still,
    straight,
    walk,
)
from mousegpt_core.kinematics import KinematicsSettings, compute_kinematics, prepare_scene
from mousegpt_core.poses import make_poses
from mousegpt_core.skeleton import Skeleton

FPS = 50.0


def kinematics(poses: xr.Dataset, skeleton: Skeleton = SKELETON, **options) -> xr.Dataset:
    settings = options.pop("settings", None)
    scene = prepare_scene(poses, skeleton, **options)
    return compute_kinematics(poses, skeleton, scene, settings)


def middle(values: xr.DataArray) -> np.ndarray:
    return values.values[25:-25]


def test_a_mouse_on_a_345_line_walks_forward_at_its_speed():
    found = kinematics(poses_of(straight(200, FPS, speed=5.0), FPS))
    for name in ("speed", "forward_speed", "motion"):
        assert middle(found[name]) == pytest.approx(5.0, abs=0.02)
    assert middle(found.keypoint_speed) == pytest.approx(5.0, abs=0.02)
    assert middle(found.region_speed) == pytest.approx(5.0, abs=0.02)
    assert middle(found.local_speed) == pytest.approx(0.0, abs=0.02)
    assert middle(found.heading) == pytest.approx(np.arctan2(0.8, 0.6), abs=1e-3)
    assert middle(found.turning) == pytest.approx(0.0, abs=1e-3)
    assert middle(found.acceleration) == pytest.approx(0.0, abs=0.1)
    assert not found.immobile.any()


def test_unsmoothed_positions_keep_the_strokes_that_smoothing_takes_away():
    """To and fro by 0.15 cm in every frame."""
    position = straight(200, FPS, speed=0.0)
    position[:, 0, 0, 0] += 0.15 * (-1.0) ** np.arange(len(position))
    found = kinematics(poses_of(position, FPS))
    first = found.sel(keypoint=found.keypoint[0])
    assert np.ptp(first.unsmoothed.values[:, 0]) == pytest.approx(0.3, abs=1e-5)
    assert float(middle(first.keypoint_speed).max()) < 0.1 * FPS


def test_walking_backward_is_negative():
    position = straight(200, FPS)[::-1]
    assert middle(kinematics(poses_of(position, FPS)).forward_speed) == pytest.approx(-5, abs=0.02)


def test_times_may_be_irregular():
    rng = np.random.default_rng(0)
    times = np.arange(200) / FPS + rng.uniform(-0.004, 0.004, 200)
    path = times[:, None] * np.asarray([[3.0, 4.0]])
    position = walk(path, np.full(200, np.arctan2(4, 3)))
    settings = KinematicsSettings(smooth_s=0)
    found = kinematics(poses_of(position, FPS, times=times), settings=settings)
    assert middle(found.keypoint_speed) == pytest.approx(5.0, abs=0.02)


def test_a_break_in_time_is_no_movement():
    times = np.concatenate([np.arange(100), np.arange(100) + 500]) / FPS
    position = np.concatenate([still(100), still(100, at=(20.0, 0.0))])
    found = kinematics(poses_of(position, FPS, times=times))
    assert found.speed.max() < 0.01
    assert found.sizes["time"] == 200


@pytest.mark.parametrize("view", ["3d", "above", "below"])
def test_a_left_turn_is_positive_from_every_side(view):
    position = circle(300, FPS, radius=10, rate=0.5)
    if view == "3d":
        found = kinematics(poses_of(position, FPS))
    else:
        flat = picture(position, from_below=view == "below")
        found = kinematics(poses_of(flat, FPS), seen_from=view)
        assert found.attrs["mirrored"] == int(view == "below")
    assert middle(found.turning) == pytest.approx(0.5, abs=0.01)
    assert middle(found.speed) == pytest.approx(5.0, abs=0.1)
    # The heading runs with the angle round the circle.
    angle = np.arange(300) / FPS * 0.5
    assert middle(found.heading)[:, 0] == pytest.approx(angle[25:-25], abs=0.02)


@pytest.mark.parametrize("view", ["3d", "above", "below"])
def test_left_keypoints_lie_on_the_left(view):
    position = circle(100, FPS)
    poses = poses_of(
        position if view == "3d" else picture(position, from_below=view == "below"), FPS
    )
    seen_from = "above" if view == "3d" else view
    assert prepare_scene(poses, SKELETON, seen_from=seen_from).sides_agree == 1.0
    if view != "3d":
        wrong = "below" if view == "above" else "above"
        assert prepare_scene(poses, SKELETON, seen_from=wrong).sides_agree == 0.0


@pytest.mark.parametrize(("nose_y", "sign"), [(1.0, 1), (-1.0, -1)])
@pytest.mark.parametrize("view", ["3d", "above", "below"])
def test_the_head_to_the_left_is_positive(view, nose_y, sign):
    body = BODY | {"nose": (4.0, nose_y, 1.5)}
    position = walk(np.zeros((100, 2)), np.full(100, 1.0), body=body)
    if view == "3d":
        found = kinematics(poses_of(position, FPS))
    else:
        flat = picture(position, from_below=view == "below")
        found = kinematics(poses_of(flat, FPS), seen_from=view)
    # From the middle of the ears, 1 cm ahead and 1 cm aside.
    assert found.head_angle.values == pytest.approx(sign * np.pi / 4, abs=1e-3)
    assert found.head_direction.values == pytest.approx(1.0 + sign * np.pi / 4, abs=1e-3)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_body_bent_to_the_left_has_positive_curvature(sign):
    # Tail base to neck: straight ahead, then turning left by 90 degrees in two equal bends.
    half = np.sqrt(0.5)
    body = BODY | {
        "tail_base": (-4.0, 0.0, 1.0),
        "hip": (-2.0, 0.0, 1.0),
        "mid": (-2.0 + 2 * half, sign * 2 * half, 1.0),
        "neck": (-2.0 + 2 * half, sign * (2 * half + 2), 1.0),
    }
    position = walk(np.zeros((60, 2)), np.full(60, 0.3), body=body)
    found = kinematics(poses_of(position, FPS))
    assert found.spine_curvature.values == pytest.approx(sign * np.pi / 2, abs=1e-3)
    flat = kinematics(poses_of(picture(position), FPS))
    assert flat.spine_curvature.values == pytest.approx(sign * np.pi / 2, abs=1e-3)
    assert "spine_arch" not in flat


def test_a_hunched_back_has_positive_arch():
    found = kinematics(poses_of(still(60), FPS))
    # Tail base to hip rises 1 in 1.5; middle to neck falls 0.5 in 2.
    expected = np.arctan2(1, 1.5) + np.arctan2(0.5, 2)
    assert found.spine_arch.values == pytest.approx(expected, abs=1e-3)


def test_lengths_and_stretch():
    found = kinematics(poses_of(still(60), FPS))
    length = np.hypot(8.0, 0.5)
    assert found.body_length.values == pytest.approx(length, abs=1e-3)
    assert found.stretch.values == pytest.approx(1.0, abs=1e-3)
    assert found.body_extent.values == pytest.approx(length, abs=1e-3)
    assert found.attrs["body_length_cm"] == pytest.approx(length, abs=1e-3)
    assert found.attrs["body_length_from"] == "nose to tail_base"


def test_a_raised_trunk_has_positive_pitch():
    # Neck 4 above and 3 ahead of the tail base; nose 1 above and 1 ahead of the ears.
    body = BODY | {"tail_base": (-1.0, 0.0, 1.0), "neck": (2.0, 0.0, 5.0)}
    body |= {"ear_left": (2, 0.8, 6), "ear_right": (2, -0.8, 6), "nose": (3, 0, 7)}
    found = kinematics(poses_of(walk(np.zeros((60, 2)), np.zeros(60), body=body), FPS))
    assert found.body_pitch.values == pytest.approx(np.arctan2(4, 3), abs=1e-3)
    assert found.head_pitch.values == pytest.approx(np.pi / 4, abs=1e-3)
    assert found.height.sel(keypoint="nose").values == pytest.approx(7.0, abs=0.01)


def test_the_angle_of_a_joint():
    names = ("nose", "tail_base", "paw", "wrist", "elbow", "shoulder")
    roles = {"nose": ("nose",), "tail_base": ("tail_base",), "forepaw_left": ("paw",)}
    roles |= {f"{part}_left": (part,) for part in ("wrist", "elbow", "shoulder")}
    places = [(8, 0, 1), (0, 0, 1), (5, 0, 0), (5, 0, 1), (4, 0, 1), (3, 0, 2)]
    position = np.tile(np.asarray(places, float).T[None, :, :, None], (30, 1, 1, 1))
    poses = make_poses(position, keypoints=names, fps=FPS, unit="cm")
    found = kinematics(poses, Skeleton("limb", names, roles)).joint_angle
    assert found.joint.values.tolist() == ["wrist_left", "elbow_left"]
    assert found.sel(joint="wrist_left").values == pytest.approx(np.pi / 2, abs=1e-3)
    assert found.sel(joint="elbow_left").values == pytest.approx(np.pi * 3 / 4, abs=1e-3)


def test_paws_touch_the_floor_unless_lifted_or_moving():
    position = still(400)
    lifted = slice(100, 200)
    position[lifted, 2, KEYPOINTS.index("fl")] += 2.0
    found = kinematics(poses_of(position, FPS)).contact
    assert found.paw.values.tolist() == [
        "forepaw_left",
        "forepaw_right",
        "hindpaw_left",
        "hindpaw_right",
    ]
    left = found.sel(paw="forepaw_left").values[:, 0]
    assert (left[105:195] < 0.01).all()
    assert (left[:90] > 0.9).all()
    assert (left[210:] > 0.9).all()
    assert (found.sel(paw="hindpaw_left") > 0.9).all()
    moving = kinematics(poses_of(picture(straight(200, FPS, speed=20)), FPS)).contact
    assert (middle(moving) < 0.01).all()


@pytest.mark.parametrize(("fps", "noise", "dims"), [(50, 0.012, 2), (50, 0.04, 2), (20, 0.1, 3)])
def test_a_jittering_animal_at_rest_is_immobile(fps, noise, dims):
    rng = np.random.default_rng(1)
    position = still(40 * fps)
    # Breathing: the back rises and falls twice a second by half a millimetre.
    breath = 0.05 * np.sin(2 * np.pi * 2.0 * np.arange(40 * fps) / fps)
    position[:, 2, KEYPOINTS.index("mid"), 0] += breath
    position += rng.normal(0, noise, position.shape)
    poses = poses_of(position if dims == 3 else picture(position), fps)
    found = kinematics(poses)
    assert float(found.motion.median()) < 0.3
    assert float(found.immobile.mean()) > 0.97
    scene = prepare_scene(poses, SKELETON)
    assert scene.noise_cm == pytest.approx(noise, rel=0.25)


def test_a_slow_head_scan_is_not_immobile():
    rng = np.random.default_rng(2)
    fps = 50
    position = np.repeat(picture(still(1)), 10 * fps, axis=0)
    # The head turns left and right by 0.4 rad once in 2 s about the neck: nose at about 3 cm/s.
    angle = 0.4 * np.sin(2 * np.pi * 0.5 * np.arange(10 * fps) / fps)
    for name in ("nose", "ear_left", "ear_right"):
        x, y = BODY[name][0] - BODY["neck"][0], -BODY[name][1]
        k = KEYPOINTS.index(name)
        position[:, 0, k, 0] = BODY["neck"][0] + x * np.cos(angle) - y * np.sin(angle)
        position[:, 1, k, 0] = x * np.sin(angle) + y * np.cos(angle)
    position += rng.normal(0, 0.012, position.shape)
    assert float(kinematics(poses_of(position, fps)).immobile.mean()) < 0.05


def test_a_twitch_does_not_end_immobility_but_a_step_does():
    fps = 50
    position = still(400)
    position[150:153, 0] += np.asarray([0.1, 0.2, 0.1])[:, None, None]
    position[300:, 0] += np.linspace(0, 10, 100)[:, None, None]
    found = kinematics(poses_of(position, fps)).immobile.values[:, 0]
    assert found[:285].all()
    assert not found[310:390].any()


def test_distance_from_a_round_and_a_square_wall():
    poses = poses_of(still(60, at=(3.0, 4.0)), FPS)
    round_wall = {"shape": "circle", "diameter_cm": 20, "centre": (0, 0)}
    found = kinematics(poses, arena=round_wall)
    centre = found.centre.values[:, :2, 0]
    expected = 10 - np.hypot(*centre.T)
    assert found.wall_distance.values[:, 0] == pytest.approx(expected, abs=1e-3)
    assert found.nose_wall_distance.values == pytest.approx(10 - np.hypot(7.5, 4), abs=1e-3)
    square = {"shape": "polygon", "corners": [(-10, -10), (10, -10), (10, 10), (-10, 10)]}
    found = kinematics(poses, arena=square)
    assert found.nose_wall_distance.values == pytest.approx(2.5, abs=1e-3)
    outside = {"shape": "polygon", "corners": [(-10, -10), (7, -10), (7, 10), (-10, 10)]}
    assert kinematics(poses, arena=outside).nose_wall_distance.values == pytest.approx(
        -0.5, abs=1e-3
    )
