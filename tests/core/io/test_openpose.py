"""OpenPose's folders: frames by their names, people, views, and what is refused."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from core.io.damage import damaged
from mousegpt_core.errors import FormatError, MouseGPTError
from mousegpt_core.io import read_poses, recognise_format

POINTS = [1, 2, 0.5, 0, 0, 0]


def write_frame(folder, number, *people, ids=()):
    folder.mkdir(exist_ok=True, parents=True)
    content = {"version": 1.3, "people": [{"pose_keypoints_2d": points} for points in people]}
    for person, name in zip(content["people"], ids, strict=False):
        person["person_id"] = [name]
    path = folder / f"film_{number:012d}_keypoints.json"
    path.write_text(json.dumps(content))
    return path


def test_a_folder_is_read(tmp_path):
    for number, people in ((2, [POINTS]), (0, []), (1, [POINTS])):
        write_frame(tmp_path / "out", number, *people)
    assert recognise_format(tmp_path / "out") == "openpose"
    poses = read_poses(tmp_path / "out", fps=10, keypoints=["nose", "hip"])
    assert dict(poses.sizes) == {"time": 3, "space": 2, "keypoint": 2, "individual": 1}
    assert np.isnan(poses["position"].values[0]).all()
    assert poses["position"].values[2, :, 0, 0].tolist() == [1, 2]
    assert np.isnan(poses["position"].values[2, :, 1, 0]).all()
    assert poses["confidence"].values[1, 0, 0] == 0.5


@pytest.mark.parametrize(("model", "eighth"), [("BODY_25", "MidHip"), ("body_25b", "RElbow")])
def test_the_users_word_tells_models_of_as_many_keypoints_apart(tmp_path, model, eighth):
    write_frame(tmp_path / "out", 0, [1, 2, 0.5] * 25)
    poses = read_poses(tmp_path / "out", fps=10, keypoints=[model])
    assert len(set(poses["keypoint"].values)) == 25
    assert poses["keypoint"].values[8] == eighth
    with pytest.raises(FormatError, match="--keypoints BODY_25B"):
        read_poses(tmp_path / "out", fps=10, keypoints=["nose", "hip"])


def test_folders_in_a_folder_are_views(tmp_path):
    for view in ("top", "side"):
        write_frame(tmp_path / view, 0, POINTS, POINTS)
    with pytest.raises(FormatError, match="side, top"):
        read_poses(tmp_path, fps=10)
    poses = read_poses(tmp_path, fps=10, view="top")
    assert list(poses["individual"].values) == ["person_0", "person_1"]
    assert list(poses["keypoint"].values) == ["keypoint_0", "keypoint_1"]


@pytest.mark.parametrize(("ids", "names", "first"), [
    ((4, 2), ["person_2", "person_4"], [np.nan, 1]),
    ((-1, -1), ["person_0", "person_1"], [1, np.nan]),
    ((4, 4), ["person_0", "person_1"], [1, np.nan]),
])  # fmt: skip
def test_people_who_were_followed_keep_their_number(tmp_path, ids, names, first):
    write_frame(tmp_path / "out", 0, POINTS, ids=ids)
    write_frame(tmp_path / "out", 1, POINTS, [8, 9, 0.5, 8, 9, 0.5], ids=ids)
    poses = read_poses(tmp_path / "out", fps=10)
    assert list(poses["individual"].values) == names
    np.testing.assert_equal(poses["position"].values[0, 0, 0], first)


def test_a_crowd_is_refused(tmp_path):
    write_frame(tmp_path / "out", 0, *[POINTS] * 101)
    with pytest.raises(FormatError, match="list of people"):
        read_poses(tmp_path / "out", fps=10)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ('{"people": 3}', "list of people"),
        ('{"people": [{"pose_keypoints_2d": "x"}]}', "numbers"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}', "different"),
    ],
)
def test_damaged_frames_are_refused(tmp_path, content, says):
    write_frame(tmp_path / "out", 0, POINTS)
    write_frame(tmp_path / "out", 1, POINTS).write_text(content)
    with pytest.raises(FormatError, match=says):
        read_poses(tmp_path / "out", fps=10)


def test_names_must_be_as_many(tmp_path):
    write_frame(tmp_path / "out", 0, POINTS)
    with pytest.raises(FormatError, match="2 keypoints"):
        read_poses(tmp_path / "out", fps=10, keypoints=["a", "b", "c"])


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(FormatError, match="a folder without poses") as caught:
        recognise_format(tmp_path)
    assert "name the file" in str(caught.value)


def test_a_frame_damaged_anyhow_is_read_or_named(tmp_path):
    for number in range(3):
        last = write_frame(tmp_path / "out", number, POINTS, [8, 9, 0.5, 8, 9, 0.5], ids=(1, 2))
    whole = last.read_bytes()
    for seed in range(300):
        last.write_bytes(damaged(whole, random.Random(seed), text=True))
        said, frames = "", 3
        try:
            frames = read_poses(tmp_path / "out", fps=10).sizes["time"]
        except MouseGPTError as error:
            said = str(error)
        assert frames == 3
        assert not said or "out" in said
