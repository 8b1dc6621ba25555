"""Blocks, laziness, shapes, invariances."""

from __future__ import annotations

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kinematics.mice import KEYPOINTS, SKELETON, circle, picture, poses_of, still
from mousegpt_core.errors import DataError
from mousegpt_core.kinematics import compute_kinematics, kinematics_in_blocks, prepare_scene
from mousegpt_core.kinematics.signals import wrap

FPS = 30.0


def busy(frames: int = 900, seed: int = 0) -> np.ndarray:
    """Walking in circles with rests, jitter, gaps and jumps."""
    rng = np.random.default_rng(seed)
    position = circle(frames, FPS)
    position[frames // 5 : frames // 3] = position[frames // 5]
    position[frames // 2 : frames * 2 // 3] = position[frames // 2]
    position += rng.normal(0, 0.03, position.shape)
    for _ in range(60):
        start, keypoint = rng.integers(frames), rng.integers(len(KEYPOINTS))
        position[start : start + rng.integers(1, 25), :, keypoint] = np.nan
    for _ in range(20):
        start, keypoint = rng.integers(frames), rng.integers(len(KEYPOINTS))
        position[start : start + rng.integers(1, 6), :, keypoint] += 25.0
    return position


@pytest.mark.parametrize("block", [97, 250, 10_000])
@pytest.mark.parametrize("lazy", [False, True])
def test_blocks_equal_the_whole(block, lazy):
    poses = poses_of(busy(), FPS)
    scene = prepare_scene(poses, SKELETON)
    whole = compute_kinematics(poses, SKELETON, scene)
    if lazy:
        chunks = (100, -1, -1, -1)
        data = dask.array.from_array(poses["position"].values, chunks=chunks)
        poses = poses.assign(position=(poses["position"].dims, data, poses["position"].attrs))
        assert prepare_scene(poses, SKELETON) == scene
    blocks = list(kinematics_in_blocks(poses, SKELETON, scene, block_frames=block))
    joined = xr.concat(blocks, "time", data_vars="minimal", coords="minimal", join="exact")
    assert joined.attrs == whole.attrs
    assert set(joined.variables) == set(whole.variables)
    for name in whole.data_vars:
        xr.testing.assert_allclose(joined[name], whole[name], rtol=0, atol=1e-4)


def test_blocks_need_a_frame():
    poses = poses_of(still(10), FPS)
    scene = prepare_scene(poses, SKELETON)
    with pytest.raises(DataError, match="block_frames=0"):
        next(kinematics_in_blocks(poses, SKELETON, scene, block_frames=0))


def test_a_scene_of_other_poses_is_refused():
    scene = prepare_scene(poses_of(still(10), FPS), SKELETON)
    with pytest.raises(DataError, match="other poses"):
        compute_kinematics(poses_of(picture(still(10)), FPS), SKELETON, scene)


def test_types_units_and_coordinates():
    poses = poses_of(busy(120), FPS)
    found = compute_kinematics(poses, SKELETON, prepare_scene(poses, SKELETON))
    for name, variable in found.data_vars.items():
        expected = bool if name in ("measured", "immobile") else np.float32
        assert variable.dtype == expected, name
        assert variable.attrs["units"], name
    assert found.position.dims == ("time", "space", "keypoint", "individual")
    assert found.frame.values.tolist() == list(range(120))
    assert found.region.values.tolist()[:3] == ["overall", "head", "torso"]
    assert "forelimb_left" in found.region
    assert found.attrs["space_dims"] == 3


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("dims", [2, 3])
def test_hardly_any_frames(frames, dims):
    position = still(frames) if dims == 3 else picture(still(frames))
    poses = poses_of(position, FPS)
    found = compute_kinematics(poses, SKELETON, prepare_scene(poses, SKELETON))
    assert found.sizes["time"] == frames
    assert np.isfinite(found.heading.values).all()
    assert np.isnan(found.speed.values).all() == (frames == 1)


def test_frames_far_apart_have_posture_but_no_speed():
    poses = poses_of(still(20), FPS, times=np.arange(20) * 5.0)
    found = compute_kinematics(poses, SKELETON, prepare_scene(poses, SKELETON))
    assert np.isnan(found.speed.values).all()
    assert np.isfinite(found.body_pitch.values).all()


def test_a_keypoint_that_is_never_seen_does_no_harm():
    position = circle(200, FPS)
    position[:, :, KEYPOINTS.index("mid")] = np.nan
    position[:, :, KEYPOINTS.index("fl")] = np.nan
    poses = poses_of(position, FPS)
    found = compute_kinematics(poses, SKELETON, prepare_scene(poses, SKELETON))
    assert np.isfinite(found.speed.values).all()
    assert np.isfinite(found.motion.values).all()
    assert np.isnan(found.contact.sel(paw="forepaw_left").values).all()


def test_two_animals_are_each_their_own():
    first, second = circle(300, FPS), still(300, at=(3.0, 3.0))
    second[100:, :, :] = np.nan
    together = poses_of(np.concatenate([first, second], axis=3), FPS, individuals=["a", "b"])
    scene = prepare_scene(together, SKELETON)
    found = compute_kinematics(together, SKELETON, scene)
    alone = poses_of(first, FPS)
    one = compute_kinematics(alone, SKELETON, scene)
    for name in ("speed", "turning", "motion", "body_extent"):
        assert found[name].sel(individual="a").values == pytest.approx(
            one[name].values[:, 0], abs=1e-5
        )
    assert found.immobile.sel(individual="b").values[:90].all()
    assert not found.immobile.sel(individual="b").values[110:].any()
    assert np.isnan(found.speed.sel(individual="b").values[110:]).all()


INVARIANT = (
    "speed",
    "forward_speed",
    "turning",
    "head_angle",
    "body_length",
    "spine_curvature",
    "motion",
    "body_pitch",
    "contact",
    "local_speed",
    "wall_distance",
)


@settings(max_examples=12, deadline=None)
@given(
    shift=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    angle=st.floats(-np.pi, np.pi),
)
def test_places_and_directions_do_not_matter(shift, angle):
    position = busy(300)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = position.copy()
    turned[:, 0] = cos * position[:, 0] - sin * position[:, 1] + shift[0]
    turned[:, 1] = sin * position[:, 0] + cos * position[:, 1] + shift[1]

    def measured(position: np.ndarray, centre: tuple[float, float]) -> xr.Dataset:
        poses = poses_of(position, FPS)
        arena = {"shape": "circle", "diameter_cm": 40, "centre": centre}
        return compute_kinematics(poses, SKELETON, prepare_scene(poses, SKELETON, arena=arena))

    before = measured(position, (0.0, 10.0))
    after = measured(turned, (shift[0] - 10 * sin, shift[1] + 10 * cos))
    for name in INVARIANT:
        assert after[name].values == pytest.approx(before[name].values, abs=0.05, nan_ok=True), name
    change = wrap(after.heading.values - before.heading.values - np.float32(angle))
    assert np.nanmax(np.abs(change)) < 0.01


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.05, 50))
def test_the_unit_does_not_matter(factor):
    position = picture(busy(300))
    first = poses_of(position, FPS, unit="px")
    second = poses_of(position * factor, FPS, unit="px")
    before = compute_kinematics(first, SKELETON, prepare_scene(first, SKELETON))
    after = compute_kinematics(second, SKELETON, prepare_scene(second, SKELETON))
    for name in ("speed", "motion", "body_length", "turning"):
        assert after[name].values == pytest.approx(before[name].values, abs=0.02, nan_ok=True), name
