"""Uneven times: dropped frames, sparse poses, pauses."""

from __future__ import annotations

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from core.kinematics.mice import SKELETON, circle, poses_of, still, straight
from mousegpt_core.clips import cut_clips, frame_seconds, is_break, pauses
from mousegpt_core.kinematics import (
    compute_kinematics,
    kinematics_in_blocks,
    prepare_scene,
    with_dropped_frames,
)
from mousegpt_core.stats import movement_summary

FPS = 30.0


def dropped(poses: xr.Dataset, share: float = 0.3, seed: int = 0) -> xr.Dataset:
    """Without some of the frames; the film numbers those that are left."""
    keep = np.random.default_rng(seed).random(poses.sizes["time"]) >= share
    keep[[0, -1]] = True
    kept = poses.isel(time=np.flatnonzero(keep))
    return kept.assign_coords(frame=("time", np.arange(kept.sizes["time"])))


def measured(poses: xr.Dataset) -> xr.Dataset:
    return compute_kinematics(poses, SKELETON, prepare_scene(poses, SKELETON))


def distance_m(kinematics: xr.Dataset) -> float:
    return movement_summary(
        kinematics["speed"].values[:, 0],
        fps=kinematics.attrs["fps"],
        recording="r",
        times=kinematics["time"].values,
    ).distance_m


def test_even_poses_stay_as_they_are():
    poses = poses_of(straight(50, FPS), FPS)
    xr.testing.assert_identical(with_dropped_frames(poses), poses)
    jitter = np.random.default_rng(0).uniform(-0.2, 0.2, 50) / FPS
    shaken = poses_of(straight(50, FPS), FPS, times=np.arange(50) / FPS + jitter)
    xr.testing.assert_identical(with_dropped_frames(shaken), shaken)


def test_dropped_frames_get_rows_in_which_nothing_is_seen():
    poses = poses_of(straight(10, FPS), FPS).isel(time=[0, 1, 4, 5, 9])
    by_film = with_dropped_frames(poses)
    assert by_film["time"].values == pytest.approx(np.arange(10) / FPS)
    assert by_film["frame"].values.tolist() == list(range(10))
    assert np.flatnonzero(by_film["dropped"].values).tolist() == [2, 3, 6, 7, 8]
    by_camera = with_dropped_frames(poses.assign_coords(frame=("time", np.arange(5))))
    assert by_camera["frame"].values.tolist() == [0, 1, 1, 1, 2, 3, 3, 3, 3, 4]
    assert with_dropped_frames(by_film) is by_film
    found = measured(poses)
    assert not found["measured"].values[by_film["dropped"].values].any()
    assert found["measured"].values[~by_film["dropped"].values].all()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.45])
def test_dropped_frames_change_no_speed_and_no_distance(share):
    whole = measured(poses_of(straight(1800, FPS), FPS))
    found = measured(dropped(poses_of(straight(1800, FPS), FPS), share))
    assert distance_m(whole) == pytest.approx(5.0 * 1800 / FPS / 100, rel=0.005)
    assert distance_m(found) == pytest.approx(distance_m(whole), rel=0.01)
    for name in ("speed", "forward_speed"):
        # The smoothing holds the first and last place; gaps that are too long stay unknown.
        assert (np.abs(found[name].values[10:-10] - 5.0) < 0.05).mean() > 0.97
    assert found.sizes["time"] == 1800


def test_dropped_frames_change_no_immobility_and_no_noise():
    rng = np.random.default_rng(1)
    position = np.concatenate([circle(900, FPS), still(900)])
    poses = poses_of(position + rng.normal(0, 0.03, position.shape), FPS)
    whole, found = measured(poses), measured(dropped(poses))
    assert found["immobile"].mean() == pytest.approx(float(whole["immobile"].mean()), abs=0.02)
    noise = [prepare_scene(each, SKELETON).noise_cm for each in (poses, dropped(poses))]
    assert noise[1] == pytest.approx(noise[0], rel=0.1)


def test_a_pause_is_not_counted():
    times = np.arange(600) / FPS + np.where(np.arange(600) >= 300, 10.0, 0.0)
    found = measured(poses_of(straight(600, FPS), FPS, times=times))
    assert found.sizes["time"] == 600
    assert distance_m(found) == pytest.approx(5.0 * 600 / FPS / 100, rel=0.01)
    assert found["speed"].values.max() == pytest.approx(5.0, rel=0.01)
    assert pauses(times, FPS) == (pytest.approx((10.0, 20.0)),)
    assert frame_seconds(times, FPS).sum() == pytest.approx(20.0)


def test_poses_of_every_fifth_frame_have_a_fifth_of_the_rate():
    poses = poses_of(straight(600, FPS), FPS).isel(time=slice(None, None, 5))
    found = measured(poses)
    assert found.attrs["fps"] == pytest.approx(6.0)
    assert found.sizes["time"] == 120
    assert found["speed"].values[2:-2] == pytest.approx(5.0, rel=0.01)


def test_single_pictures_get_no_rows():
    poses = poses_of(still(20), FPS, times=np.arange(20.0))
    assert with_dropped_frames(poses).sizes["time"] == 20


def test_blocks_with_dropped_frames_equal_the_whole():
    poses = dropped(poses_of(circle(900, FPS), FPS))
    data = dask.array.from_array(poses["position"].values, chunks=(100, -1, -1, -1))
    lazy = poses.assign(position=(poses["position"].dims, data, poses["position"].attrs))
    scene = prepare_scene(lazy, SKELETON)
    assert scene == prepare_scene(poses, SKELETON)
    joined = xr.concat(kinematics_in_blocks(lazy, SKELETON, scene, block_frames=97), "time")
    whole = compute_kinematics(poses, SKELETON, scene)
    xr.testing.assert_allclose(joined["speed"], whole["speed"], rtol=0, atol=1e-4)
    assert joined.sizes["time"] == 900


@given(st.lists(st.integers(1, 60), min_size=2, max_size=40), st.integers(0, 10))
def test_rows_follow_each_other_and_keep_what_was_there(steps, offset):
    times = offset + np.cumsum([0, *steps]) / FPS
    poses = poses_of(still(len(times)), FPS, times=times)
    found = with_dropped_frames(poses)
    assert (np.diff(found["time"].values) > 0).all()
    assert (np.diff(found["frame"].values) >= 0).all()
    if "dropped" in found.coords:
        kept = found.isel(time=~found["dropped"].values)
        assert kept["time"].values == pytest.approx(times)
        assert kept["frame"].values.tolist() == poses["frame"].values.tolist()
    # Where hardly any frames follow each other, poses are of a lower rate, or stand alone.
    if sorted(steps)[(len(steps) - 1) // 10] == 1:
        holes = np.diff(found["time"].values)[is_break(found["time"].values, FPS)]
        assert (holes > 1.0).all()


def test_clips_reach_over_dropped_frames_and_end_at_pauses():
    times = np.array([0.0, 0.1, 0.2, 0.5, 0.6, 0.7, 5.8, 5.9, 6.0, 6.1])
    clips = cut_clips(times, np.arange(10), recording="r", rate=5.0)
    assert clips["start_s"].tolist() == pytest.approx([0.0, 0.2, 0.5, 0.6, 5.8, 6.0])
    assert clips["stop_s"].tolist() == pytest.approx([0.2, 0.5, 0.6, 0.8, 6.0, 6.2])
