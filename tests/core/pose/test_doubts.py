"""Errors that were put into poses are found, told by their reason, and shown once."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core.pose.doubts import (
    COLUMNS,
    CONFIDENCE,
    IDENTITY,
    JUMP,
    MISSING,
    SIDES,
    doubtful_frames,
)
from mousegpt_core.poses import make_poses
from mousegpt_core.skeletons import guess_skeleton

KEYPOINTS = ("nose", "ear_left", "ear_right", "neck", "tail_base")
BODY = np.array([[5, 0], [4, 1.5], [4, -1.5], [3, 0], [-4, 0]]).T
FPS = 30.0
SKELETON = guess_skeleton(KEYPOINTS).skeleton


def walking(total: int = 600, animals: int = 2, seed: int = 0) -> xr.Dataset:
    """Animals that walk in circles beside each other, with jitter."""
    chance = np.random.default_rng(seed)
    position = np.empty((total, 2, len(KEYPOINTS), animals))
    turn = np.arange(total) / 100
    for animal in range(animals):
        centre = np.stack([20 * np.cos(turn) + 60 * animal, 20 * np.sin(turn)], axis=1)
        cos, sin = np.cos(turn + np.pi / 2), np.sin(turn + np.pi / 2)
        turned = np.stack([np.outer(cos, BODY[0]) - np.outer(sin, BODY[1]),
                           np.outer(sin, BODY[0]) + np.outer(cos, BODY[1])], axis=1)  # fmt: skip
        position[..., animal] = centre[:, :, None] + turned
    position += chance.normal(scale=0.05, size=position.shape)
    confidence = np.full((total, len(KEYPOINTS), animals), 0.95)
    names = [f"m{number}" for number in range(animals)]
    return make_poses(position, confidence, keypoints=KEYPOINTS, individuals=names, fps=FPS)


def test_good_poses_are_not_doubted() -> None:
    queue = doubtful_frames(walking(), SKELETON)
    assert list(queue.columns) == list(COLUMNS)
    assert queue.empty


@pytest.mark.parametrize("reason", [JUMP, SIDES, IDENTITY, MISSING, CONFIDENCE])
def test_an_error_comes_first_with_its_reason(reason: str) -> None:
    poses = walking()
    position, confidence = poses["position"].values, poses["confidence"].values
    if reason == JUMP:
        position[200, :, 0, 1] += 8
    elif reason == SIDES:
        position[200:220, :, [1, 2], 1] = position[200:220, :, [2, 1], 1]
    elif reason == IDENTITY:
        position[200:220] = position[200:220][..., ::-1]
    elif reason == MISSING:
        position[200:206, :, 0, 1] = np.nan
    else:
        confidence[200:203, 0, 1] = 0.1
    first = doubtful_frames(poses, SKELETON).iloc[0]
    assert first["reason"] == reason
    assert 200 <= first["frame"] <= 220
    if reason in (SIDES, IDENTITY):
        assert (first["start_frame"], first["stop_frame"]) == (200, 220)
    if reason != IDENTITY:
        assert first["individual"] == "m1"
        assert ("ear_left" if reason == SIDES else "nose") in first["keypoints"]


def test_of_several_animals_it_is_told_which_were_exchanged() -> None:
    poses = walking(animals=3)
    position = poses["position"].values
    position[200:220, ..., [1, 2]] = position[200:220, ..., [2, 1]]
    queue = doubtful_frames(poses, SKELETON)
    first = queue.iloc[0]
    assert (first["reason"], first["individual"], first["other"]) == (IDENTITY, "m1", "m2")
    assert (queue["other"] != "").sum() == 1


def test_what_a_person_placed_or_accepted_does_not_come_back() -> None:
    poses = walking()
    poses["position"].values[200, :, 0, 1] += 8
    poses["position"].values[400, :, 0, 1] += 8
    assert set(doubtful_frames(poses, SKELETON)["frame"]) == {200, 400}
    left = doubtful_frames(poses, SKELETON, accepted={"m1": {200}, "m0": {400}})
    assert set(left["frame"]) == {400}
    none = np.zeros(poses["confidence"].shape, dtype=bool)
    nose, all_of_it = none.copy(), none.copy()
    nose[200, 0, 1] = all_of_it[200, :, 1] = True
    for edited, hidden in ((all_of_it, none), (nose, nose)):
        marks = {"edited": edited, "hidden": hidden}
        told = poses.assign({key: (poses["confidence"].dims, one) for key, one in marks.items()})
        assert set(doubtful_frames(told, SKELETON)["frame"]) == {400}


def test_the_queue_shows_different_moments() -> None:
    poses = walking()
    for frame in (200, 203, 206, 400):
        poses["position"].values[frame, :, 0, 1] += 8
    frames = doubtful_frames(poses, SKELETON)["frame"].to_numpy()
    assert len(frames) == 2
    assert len(doubtful_frames(poses, SKELETON, apart_s=0.01)) == 4


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 3), st.data())
def test_any_poses_have_a_queue(total: int, animals: int, data: st.DataObject) -> None:
    poses = walking(total, animals)
    holes = data.draw(st.lists(st.integers(0, poses["position"].size - 1), max_size=20))
    poses["position"].values.reshape(-1)[holes] = np.nan
    scores = doubtful_frames(poses, SKELETON)["score"]
    assert ((scores > 0) & (scores <= 1)).all()
    assert scores.is_monotonic_decreasing


def test_the_unit_does_not_matter() -> None:
    poses = walking()
    poses["position"].values[200, :, 0, 1] += 8
    far = poses.assign(position=poses["position"] * 1000)
    assert doubtful_frames(far, SKELETON)["frame"].tolist() == [200]
