"""The scene: scale, floor, arena, noise; few keypoints; faults."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.kinematics.mice import BODY, KEYPOINTS, SKELETON, circle, picture, poses_of, still, walk
from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.kinematics import Scene, compute_kinematics, prepare_scene

FPS = 50.0


def roaming(frames: int = 4000, *, size: float = 20.0, seed: int = 0) -> np.ndarray:
    """A mouse that covers a square from 0 to `size`, its feet never quite at the same height."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames) / FPS
    place = size / 2 * (1 + np.stack([np.sin(0.71 * t), np.sin(1.13 * t + 1)], axis=1))
    position = walk(
        place, np.unwrap(np.arctan2(np.gradient(place[:, 1]), np.gradient(place[:, 0])))
    )
    return position + rng.normal(0, 0.02, position.shape)


@pytest.mark.parametrize(("unit", "factor"), [("cm", 1), ("mm", 10), ("m", 0.01)])
def test_known_units(unit, factor):
    position = circle(200, FPS)
    poses = poses_of(position * factor, FPS, unit=unit)
    scene = prepare_scene(poses, SKELETON)
    assert scene.scale_source == "unit"
    found = compute_kinematics(poses, SKELETON, scene)
    assert found.speed.values[25:-25] == pytest.approx(5.0, abs=0.1)
    assert found.attrs["scale_source"] == "unit"


def test_pixels_with_a_scale():
    poses = poses_of(picture(circle(200, FPS)) * 32, FPS, unit="px")
    scene = prepare_scene(poses, SKELETON, cm_per_unit=1 / 32)
    assert scene.scale_source == "given"
    assert scene.body_length_cm == pytest.approx(8.0, abs=0.01)
    found = compute_kinematics(poses, SKELETON, scene)
    assert found.speed.values[25:-25] == pytest.approx(5.0, abs=0.1)


def test_pixels_without_a_scale_take_a_mouse_as_measure():
    poses = poses_of(picture(circle(200, FPS)) * 32, FPS, unit="px")
    scene = prepare_scene(poses, SKELETON)
    assert scene.scale_source == "assumed"
    assert scene.body_length_cm == pytest.approx(8.5)
    assert scene.cm_per_unit == pytest.approx(8.5 / 8 / 32, rel=0.01)


def test_an_impossible_scale_is_refused():
    with pytest.raises(DataError, match="scale"):
        prepare_scene(poses_of(still(10), FPS), SKELETON, cm_per_unit=0)


@pytest.mark.parametrize("seed", range(6))
def test_a_turned_floor_is_found(seed):
    position = roaming()
    true = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    turned = np.einsum("ij,tjkn->tikn", true, position) + 7.0
    found = compute_kinematics(
        poses := poses_of(turned, FPS), SKELETON, prepare_scene(poses, SKELETON)
    )
    height = found.height.median("time").sel(individual="mouse")
    for name, place in BODY.items():
        assert float(height.sel(keypoint=name)) == pytest.approx(place[2], abs=0.1)
    straight_up = compute_kinematics(
        poses := poses_of(position, FPS), SKELETON, prepare_scene(poses, SKELETON)
    )
    assert found.turning.values == pytest.approx(straight_up.turning.values, abs=0.05)


def test_rearing_does_not_tilt_the_floor():
    position = roaming()
    fore = [KEYPOINTS.index(name) for name in ("nose", "neck", "fl", "fr")]
    position[1000:2500, 2, fore] += 5.0
    scene = prepare_scene(poses_of(position, FPS), SKELETON)
    assert scene.rotation[2][2] > np.cos(0.02)
    assert scene.floor == pytest.approx(0.0, abs=0.05)
    assert scene.paw_rest_cm["forepaw_left"] == pytest.approx(0.0, abs=0.1)


def test_an_animal_that_stays_in_one_place_keeps_z_up():
    scene = prepare_scene(poses_of(still(100) + 3.0, FPS), SKELETON)
    assert scene.rotation[2] == pytest.approx((0, 0, 1))
    assert scene.floor == pytest.approx(3.0)
    assert scene.floor_source == "assumed"
    below = still(100)
    below[:, 1:] *= -1  # the same mouse with z down
    scene = prepare_scene(poses_of(below, FPS), SKELETON)
    assert scene.rotation[2] == pytest.approx((0, 0, -1))


def test_a_square_arena_is_fitted_in_spite_of_outliers():
    position = roaming(8000)
    position[10:20, :2, 0] += 60.0
    scene = prepare_scene(poses_of(position, FPS), SKELETON)
    assert scene.arena is not None
    assert scene.arena.fitted
    assert scene.arena.shape == "polygon"
    body = np.delete(position, KEYPOINTS.index("tail_tip"), axis=2)[20:, :2]
    corners = np.asarray(scene.arena.corners)
    assert corners.min(axis=0) == pytest.approx(body.min(axis=(0, 2, 3)), abs=0.8)
    assert corners.max(axis=0) == pytest.approx(body.max(axis=(0, 2, 3)), abs=0.8)


def test_a_round_arena_is_fitted():
    position = circle(3000, FPS, radius=8.0, rate=1.0)
    arena = prepare_scene(poses_of(picture(position), FPS), SKELETON).arena
    assert arena is not None
    assert arena.shape == "circle"
    assert arena.centre == pytest.approx((0, -8), abs=0.1)
    known = prepare_scene(
        poses_of(picture(position), FPS), SKELETON, arena={"shape": "circle", "diameter_cm": 25}
    ).arena
    assert known is not None
    assert known.radius == 12.5
    assert known.fitted  # its place is


def test_a_round_arena_is_known_from_half_of_it():
    position = circle(300, FPS, radius=15.0, rate=0.5)  # 3 of 6.3 rad
    arena = prepare_scene(poses_of(picture(position), FPS), SKELETON).arena
    assert arena is not None
    assert arena.shape == "circle"
    assert arena.centre == pytest.approx((0, -15), abs=1.0)


def test_given_corners_are_in_the_unit_of_the_poses():
    corners = [(0, 0), (640, 0), (640, 320), (0, 320)]
    scene = prepare_scene(
        poses_of(picture(circle(100, FPS)) * 32, FPS, unit="px"),
        SKELETON,
        cm_per_unit=1 / 32,
        arena={"shape": "rectangle", "corners": corners},
    )
    assert scene.arena is not None
    assert not scene.arena.fitted
    assert np.asarray(scene.arena.corners) == pytest.approx(np.asarray(corners) / 32)


def test_an_unknown_key_of_the_arena_is_refused():
    with pytest.raises(SettingsError, match="size"):
        prepare_scene(poses_of(still(10), FPS), SKELETON, arena={"shape": "circle", "size": 3})


def test_the_scene_goes_through_json():
    scene = prepare_scene(poses_of(roaming(500), FPS), SKELETON)
    assert Scene.from_dict(json.loads(json.dumps(scene.to_dict()))) == scene
    with pytest.raises(SettingsError, match="colour"):
        Scene.from_dict(scene.to_dict() | {"colour": 1})


def test_long_recordings_are_sampled(monkeypatch):
    from mousegpt_core.kinematics import scene as module

    monkeypatch.setattr(module, "_SAMPLED_FRAMES", 1000)
    monkeypatch.setattr(module, "_CHUNK", 100)
    scene = prepare_scene(poses_of(roaming(4000), FPS), SKELETON)
    assert scene.noise_cm == pytest.approx(0.02, rel=0.2)
    assert scene.body_length_cm == pytest.approx(np.hypot(8, 0.5), abs=0.05)


@pytest.mark.parametrize(
    "names",
    [
        ["nose", "ear_left", "ear_right", "tail_base"],
        ["fl", "fr", "hl", "hr"],
        ["mid"],
        ["nose", "tail_base"],
        ["tail_tip"],
        ["ear_left", "hr"],
    ],
)
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("unit", ["cm", "px"])
def test_few_keypoints_give_fewer_quantities(names, dims, unit):
    position = circle(200, FPS) if dims == 3 else picture(circle(200, FPS))
    poses = poses_of(position, FPS, keypoints=names, unit=unit)
    scene = prepare_scene(poses, SKELETON)
    found = compute_kinematics(poses, SKELETON, scene)
    assert {"position", "centre", "speed", "motion", "immobile", "region_speed"} <= set(found)
    assert np.isfinite(found.speed.values).all()
    if unit == "cm" and "nose" in names and "tail_base" in names:
        assert found.turning.values[25:-25] == pytest.approx(0.5, abs=0.02)
    if names == ["fl", "fr", "hl", "hr"]:
        assert found.turning.values[25:-25] == pytest.approx(0.5, abs=0.02)
        assert found.sizes["paw"] == 4


def test_keypoints_without_roles_work():
    from mousegpt_core.skeleton import Skeleton

    poses = poses_of(circle(100, FPS), FPS)
    bare = Skeleton("bare", tuple(KEYPOINTS))
    found = compute_kinematics(poses, bare, prepare_scene(poses, bare))
    assert "heading" not in found
    assert np.isfinite(found.speed.values).all()


def test_nan_only_is_named():
    position = np.full_like(still(20), np.nan)
    with pytest.raises(DataError, match=r"is ever seen.*20 frames of NaN"):
        prepare_scene(poses_of(position, FPS), SKELETON)


def test_nothing_confident_is_named():
    from mousegpt_core.kinematics import KinematicsSettings

    confidence = np.full((100, len(KEYPOINTS), 1), 0.97)
    poses = poses_of(still(100), FPS, confidence=confidence)
    with pytest.raises(DataError, match="confident"):
        prepare_scene(poses, SKELETON, settings=KinematicsSettings(min_confidence=0.99))
