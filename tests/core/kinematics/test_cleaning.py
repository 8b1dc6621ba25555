"""Cleaning: doubt, jumps, gaps, smoothing."""

from __future__ import annotations

import numpy as np
import pytest

from core.kinematics.mice import KEYPOINTS, SKELETON, poses_of, still, straight
from mousegpt_core.kinematics import KinematicsSettings, compute_kinematics, prepare_scene
from mousegpt_core.kinematics.signals import gaussian_kernel, hold, quadratic_kernel, rate, smooth

FPS = 50.0
NOSE = KEYPOINTS.index("nose")


def clean(position, confidence=None, **settings):
    settings = KinematicsSettings(**settings)
    poses = poses_of(position, FPS, confidence=confidence)
    return compute_kinematics(poses, SKELETON, prepare_scene(poses, SKELETON), settings)


def test_a_short_gap_is_filled_on_the_line_and_a_long_one_is_not():
    position = straight(300, FPS)
    holed = position.copy()
    holed[50:62, :, NOSE] = np.nan  # 0.24 s
    holed[100:113, :, NOSE] = np.nan  # 0.26 s
    found = clean(holed)
    nose = found.position.values[:, :, NOSE, 0]
    assert nose[50:62] == pytest.approx(position[50:62, :, NOSE, 0], abs=0.01)
    assert np.isnan(nose[100:113]).all()
    assert np.isfinite(np.delete(nose, slice(100, 113), axis=0)).all()
    measured = found.measured.values[:, NOSE, 0]
    assert not measured[50:62].any()
    assert measured[62:100].all()


def test_gaps_at_the_ends_stay_open():
    position = straight(100, FPS)
    position[:3, :, NOSE] = np.nan
    position[-3:, :, NOSE] = np.nan
    nose = clean(position).position.values[:, 0, NOSE, 0]
    assert np.isnan(nose[:3]).all()
    assert np.isnan(nose[-3:]).all()


@pytest.mark.parametrize("length", [1, 2, 8])
def test_a_jump_is_taken_out_and_bridged(length):
    position = straight(200, FPS)
    jumped = position.copy()
    jumped[90 : 90 + length, :, NOSE] += 7.0
    found = clean(jumped, max_reach=100)
    assert not found.measured.values[90 : 90 + length, NOSE].any()
    assert found.measured.values.sum() == position.shape[0] * len(KEYPOINTS) - length
    assert found.position.values == pytest.approx(
        clean(position).position.values, abs=0.02, nan_ok=True
    )


def test_a_keypoint_out_of_reach_is_taken_out():
    position = still(300)
    position[100:160, 0, NOSE] += 30.0  # too long for a jump, but no mouse is 40 cm long
    found = clean(position)
    assert not found.measured.values[100:160, NOSE].any()
    assert np.isnan(found.position.values[100:160, :, NOSE]).all()


def test_a_fast_run_is_no_jump():
    found = clean(straight(300, FPS, speed=120))
    assert found.measured.all()
    assert found.speed.values[25:-25] == pytest.approx(120, rel=0.01)


def test_rapid_strokes_survive():
    position = still(300)
    stroke = 0.5 * np.sin(2 * np.pi * 6 * np.arange(300) / FPS)
    position[:, 0, KEYPOINTS.index("fl"), 0] += stroke
    found = clean(position).position.sel(keypoint="fl").values[:, 0, 0]
    assert np.ptp(found[50:-50]) > 0.75


def test_doubtful_keypoints_are_not_seen():
    position = straight(100, FPS)
    confidence = np.full((100, len(KEYPOINTS), 1), 0.95)
    confidence[40:80, NOSE] = 0.2
    found = clean(position, confidence)
    assert not found.measured.values[40:80, NOSE].any()
    assert np.isnan(found.position.values[40:80, :, NOSE]).all()


def test_scores_that_do_not_end_at_one_are_scaled():
    position = straight(100, FPS)
    confidence = np.full((100, len(KEYPOINTS), 1), 0.4)
    confidence[50, NOSE] = 0.1
    found = clean(position, confidence)
    assert found.measured.values.sum() == confidence.size - 1
    confidence = np.full((100, len(KEYPOINTS), 1), 40.0)
    assert clean(position, confidence).measured.all()


def test_scores_of_nothing_but_zero_say_nothing():
    assert clean(straight(50, FPS), np.zeros((50, len(KEYPOINTS), 1))).measured.all()


def test_missing_scores_are_believed():
    confidence = np.full((50, len(KEYPOINTS), 1), np.nan)
    confidence[:, 0] = 1.0
    assert clean(straight(50, FPS), confidence).measured.all()


def test_infinite_coordinates_are_not_seen():
    position = straight(50, FPS)
    position[10, 0, NOSE] = np.inf
    found = clean(position)
    assert not found.measured.values[10, NOSE, 0]
    assert np.isfinite(found.position.values).all()


def test_smoothing_keeps_parabolas_and_halves_noise():
    kernel = quadratic_kernel(0.15, 60)
    assert kernel is not None
    assert len(kernel) == 9
    t = np.arange(100.0)
    assert smooth(t**2, kernel)[10:-10] == pytest.approx((t**2)[10:-10])
    noise = np.random.default_rng(0).normal(size=5000)
    assert smooth(noise, kernel).std() < 0.6
    assert quadratic_kernel(0.15, 20) is None
    assert gaussian_kernel(0.0, 50) is None


def test_smoothing_does_not_spread_holes():
    values = np.ones((50, 2))
    values[20:30, 0] = np.nan
    found = smooth(values, gaussian_kernel(0.1, 50))
    assert np.isnan(found).sum() == 10
    assert found[~np.isnan(found)] == pytest.approx(1.0)


def test_hold_takes_the_nearest():
    nan = np.nan
    assert hold(np.asarray([nan, 1.0, nan, nan, nan, 5.0, nan])).tolist() == [1, 1, 1, 1, 5, 5, 5]


def test_rate_uses_the_side_that_is_known():
    nan = np.nan
    found = rate(np.asarray([0.0, 1.0, nan, 5.0, 7.0]), np.arange(5.0))
    assert found[[0, 1, 3, 4]].tolist() == [1, 1, 2, 2]
    assert np.isnan(found[2])
    assert np.isnan(rate(np.asarray([1.0]), np.asarray([0.0]))).all()


def noisy(position, deviation):
    return position + np.random.default_rng(0).normal(0, deviation, position.shape)


def test_the_noisier_the_keypoints_the_more_they_are_smoothed():
    # Of white noise of 0.2 cm a window of 0.15 s would leave 4 cm/s along each axis.
    for deviation, most in ((0.01, 0.4), (0.2, 1.5)):
        found = clean(noisy(still(600), deviation))
        speed = found.keypoint_speed.values[20:-20]
        assert np.sqrt(np.mean(np.square(speed))) < most


def test_noise_on_a_grid_is_as_large_as_the_grid_is_coarse():
    path = straight(600, FPS, speed=4.0)
    poses = poses_of(np.round(path / 0.3) * 0.3, FPS)
    noise = prepare_scene(poses, SKELETON).keypoint_noise_cm
    assert min(noise.values()) >= 0.3 / np.sqrt(12) - 1e-6
    free = prepare_scene(poses_of(path, FPS), SKELETON).keypoint_noise_cm
    assert max(free.values()) < 0.01


def test_a_small_jump_of_a_quiet_keypoint_is_dropped_but_strokes_are_kept():
    position = noisy(still(400), 0.01)
    position[200, 0, NOSE] += 0.5
    assert not clean(position).measured.values[200, NOSE, 0]
    strokes = noisy(still(400), 0.01)
    strokes[:, 0, NOSE, 0] += 0.4 * np.sin(2 * np.pi * 10 * np.arange(400) / FPS)
    assert clean(strokes).measured.values.all()


@pytest.mark.parametrize("lasts", [1, 5, 20])
def test_left_and_right_that_change_places_are_put_back(lasts):
    position = straight(300, FPS)
    swapped = position.copy()
    left, right = KEYPOINTS.index("ear_left"), KEYPOINTS.index("ear_right")
    swapped[100 : 100 + lasts, :, [left, right]] = position[100 : 100 + lasts, :, [right, left]]
    found = clean(swapped)
    assert found.position.values == pytest.approx(clean(position).position.values, abs=1e-4)
    assert found.measured.all()


def test_sides_that_stay_exchanged_are_left_as_they_are():
    position = straight(300, FPS)
    left, right = KEYPOINTS.index("ear_left"), KEYPOINTS.index("ear_right")
    position[100:200, :, [left, right]] = position[100:200, :, [right, left]]
    found = clean(position, max_speed=1e4, spike=100)
    assert found.unsmoothed.values == pytest.approx(position, abs=1e-4)


def test_paws_that_pass_each_other_are_not_exchanged():
    position = still(300)
    beat = np.sin(2 * np.pi * 5 * np.arange(300) / FPS)
    for name, sign in (("fl", 1.0), ("fr", -1.0)):
        position[:, 0, KEYPOINTS.index(name), 0] += sign * 0.8 * beat
    assert clean(position).unsmoothed.values == pytest.approx(position, abs=1e-4)
