"""SLEAP's labels: who wins where several instances are of one animal, and what is refused."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from mousegpt_core.errors import FormatError
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.poses import make_poses


def three_frames(n_animals: int = 1) -> object:
    position = np.arange(3 * 2 * 2 * n_animals, dtype=float).reshape(3, 2, 2, n_animals) + 5
    trust = np.full((3, 2, n_animals), 0.5)
    names = ["mouse"] if n_animals == 1 else [f"m{n}" for n in range(n_animals)]
    return make_poses(position, trust, keypoints=["nose", "hip"], individuals=names, fps=10)


def test_a_human_goes_over_a_model(tmp_path):
    path = write_poses(three_frames(), tmp_path / "a.slp")
    with h5py.File(path, "a") as file:
        points = np.zeros(2, dtype=file["points"].dtype)
        points["x"], points["y"], points["visible"] = [100, 200], [101, 201], [True, False]
        made = file["instances"][:]
        human = made[1:2].copy()
        human["instance_type"], human["point_id_start"], human["point_id_end"] = 0, 0, 2
        human["from_predicted"], human["instance_id"] = 1, 3
        frames = file["frames"][:]
        frames["instance_id_start"], frames["instance_id_end"] = [0, 2, 1], [1, 4, 2]
        table = np.concatenate([made[[0]], made[[2]], made[[1]], human])
        human["from_predicted"] = 2
        table[3] = human[0]
        for name, value in (("points", points), ("instances", table), ("frames", frames)):
            del file[name]
            file[name] = value
    poses = read_poses(path, fps=10)
    assert poses["position"].values[1, :, 0, 0].tolist() == [100, 101]
    assert np.isnan(poses["position"].values[1, :, 1, 0]).all()
    assert np.isnan(poses["confidence"].values[1]).all()


@pytest.mark.parametrize("n_animals", [1, 2])
def test_tracks_are_individuals(tmp_path, n_animals):
    poses = read_poses(write_poses(three_frames(n_animals), tmp_path / "a.slp"), fps=10)
    assert list(poses["individual"].values) == (["mouse"] if n_animals == 1 else ["m0", "m1"])


def test_animals_without_tracks_are_refused(tmp_path):
    path = write_poses(three_frames(2), tmp_path / "a.slp")
    with h5py.File(path, "a") as file:
        table = file["instances"][:]
        table["track"] = -1
        file["instances"][:] = table
    with pytest.raises(FormatError, match="track them in SLEAP"):
        read_poses(path, fps=10)


def test_a_film_of_several_is_asked_for(tmp_path):
    path = write_poses(three_frames(), tmp_path / "a.slp")
    with h5py.File(path, "a") as file:
        frames = file["frames"][:]
        frames["video"] = [0, 0, 1]
        file["frames"][:] = frames
        del file["videos_json"]
        films = ({"backend": {"filename": f"C:\\films\\{name}.mp4"}} for name in "ab")
        file["videos_json"] = [json.dumps(film).encode() for film in films]
    with pytest.raises(FormatError, match=r"several views.*a, b"):
        read_poses(path, fps=10)
    assert list(read_poses(path, fps=10, view="b")["frame"].values) == [2]


def test_old_files_count_pixels_from_their_corner(tmp_path):
    path = write_poses(three_frames(), tmp_path / "a.slp")
    with h5py.File(path, "a") as file:
        file["metadata"].attrs["format_id"] = 1.0
    assert read_poses(path, fps=10)["position"].values[0, 0, 0, 0] == 4.5


@pytest.mark.parametrize("table", ["frames", "instances"])
def test_numbers_that_lead_nowhere_are_refused(tmp_path, table):
    path = write_poses(three_frames(), tmp_path / "a.slp")
    column = {"frames": "instance_id_end", "instances": "point_id_start"}[table]
    with h5py.File(path, "a") as file:
        values = file[table][:]
        values[column] = 2**40
        file[table][:] = values
    with pytest.raises(FormatError, match=r"a\.slp"):
        read_poses(path, fps=10)


def test_3d_poses_are_not_labels(tmp_path):
    poses = make_poses(np.ones((2, 3, 1, 1)), keypoints=["nose"], fps=10)
    with pytest.raises(FormatError, match="2D"):
        write_poses(poses, tmp_path / "a.slp")
    assert not list(tmp_path.iterdir())


def test_pictures_in_the_file_itself_are_no_film(tmp_path):
    path = write_poses(three_frames(), tmp_path / "a.slp")
    with h5py.File(path, "a") as file:
        del file["videos_json"]
        film = {"backend": {"filename": ".", "dataset": "video0/video"}}
        file["videos_json"] = [json.dumps(film).encode()]
    assert "film" not in read_poses(path, fps=10).attrs
