"""NWB with ndx-pose, as other programs have written it."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest

from core.io.pose_files import nwb_container, write_nwb
from mousegpt_core.errors import FormatError, MissingDependencyError
from mousegpt_core.io import read_poses, recognise_format, write_poses
from mousegpt_core.poses import make_poses

VALUES = np.array([[1.5, 2.5, 0.9, 11.5, 12.5, 0.8], [3.5, 4.5, 0.7, 13.5, 14.5, 0.0]])


def test_one_animal(tmp_path):
    path = write_nwb(tmp_path / "a.nwb", VALUES)
    assert recognise_format(path) == "nwb"
    poses = read_poses(path)
    assert poses.attrs["fps"] == 10
    assert poses.attrs["source_software"] == "DeepLabCut"
    assert poses["position"].attrs["units"] == "px"
    assert list(poses["keypoint"].values) == ["ear l", "nose"]
    nose = poses.sel(keypoint="nose")
    np.testing.assert_array_equal(nose["position"][..., 0], [[1.5, 2.5], [3.5, 4.5]])
    np.testing.assert_allclose(nose["confidence"][:, 0], [0.9, 0.7])
    assert np.isnan(poses["position"].sel(keypoint="ear l")[1]).all()


@pytest.mark.parametrize(
    ("parts", "nodes"),
    [
        (("nose", "ear l"), ("nose", "ear l")),
        (("PoseEstimationSeriesNose", "PoseEstimationSeriesEarL"), ("nose", "ear l")),
        (("no_se", "ear_l"), ("no/se", "ear:l")),
    ],
)
def test_keypoints_are_those_of_the_skeleton_in_its_order(tmp_path, parts, nodes):
    poses = read_poses(write_nwb(tmp_path / "a.nwb", VALUES, parts=parts, nodes=nodes))
    assert list(poses["keypoint"].values) == list(nodes)
    np.testing.assert_array_equal(poses["position"][0, 0, :, 0], [1.5, 11.5])


def test_timestamps_are_seconds_unless_they_count(tmp_path):
    values = np.vstack([VALUES, VALUES])
    path = write_nwb(tmp_path / "a.nwb", values, times=[7.0, 7.05, 7.15, 7.2])
    poses = read_poses(path)
    assert poses.attrs["fps"] == 20
    np.testing.assert_array_equal(poses["frame"], [0, 1, 3, 4])
    np.testing.assert_allclose(poses["time"], [7.0, 7.05, 7.15, 7.2])
    counted = read_poses(write_nwb(tmp_path / "a.nwb", values, times=[5, 6, 7, 8]), fps=50)
    np.testing.assert_array_equal(counted["frame"], [5, 6, 7, 8])
    np.testing.assert_allclose(counted["time"], [0.1, 0.12, 0.14, 0.16])


def test_stored_values_are_converted_to_their_unit(tmp_path):
    path = write_nwb(tmp_path / "a.nwb", VALUES, unit="meters")
    with h5py.File(path, "r+") as file:
        for part in ("nose", "ear l"):
            data = file[f"processing/behavior/PoseEstimation/{part}/data"]
            data.attrs.update({"conversion": 0.5, "offset": 1.0})
    poses = read_poses(path)
    assert poses["position"].attrs["units"] == "m"
    np.testing.assert_array_equal(poses["position"].sel(keypoint="nose")[0, :, 0], [1.75, 2.25])


def two_containers(path, *, films=("a.mp4", "a.mp4"), shift=0.0):
    """Two containers, of value 1 and 2, each with the name of its film."""
    write_nwb(path, VALUES)
    with h5py.File(path, "r+") as file:
        module = file["processing/behavior"]
        del module["PoseEstimation"]
        for number, (name, film) in enumerate(zip("ab", films, strict=True)):
            group = nwb_container(module, name)
            if film:
                group["original_videos"] = [film]
            series = nwb_container(group, "nose", "PoseEstimationSeries")
            series["data"] = np.full((3, 2), number + 1.0)
            series["timestamps"] = np.arange(3) / 10 + shift * number
    return path


def test_containers_of_one_film_are_animals(tmp_path):
    poses = read_poses(two_containers(tmp_path / "a.nwb"))
    assert list(poses["individual"].values) == ["a", "b"]
    np.testing.assert_array_equal(poses["position"][0, 0, 0], [1, 2])
    later = read_poses(two_containers(tmp_path / "a.nwb", shift=0.1))
    np.testing.assert_array_equal(later["position"][:, 0, 0, 0], [1, 1, 1, np.nan])
    np.testing.assert_array_equal(later["position"][:, 0, 0, 1], [np.nan, 2, 2, 2])


@pytest.mark.parametrize("films", [("top.mp4", "side.mp4"), ("", "")])
def test_containers_of_several_films_or_of_none_are_views(tmp_path, films):
    path = two_containers(tmp_path / "a.nwb", films=films)
    with pytest.raises(FormatError, match=r"several views.*a, b"):
        read_poses(path)
    assert read_poses(path, view="b")["position"][0, 0, 0, 0] == 2


def test_the_subject_is_the_animal(tmp_path):
    path = write_nwb(tmp_path / "a.nwb", VALUES)
    with h5py.File(path, "r+") as file:
        file["general/subject/subject_id"] = "M7"
    assert list(read_poses(path)["individual"].values) == ["M7"]


def test_what_does_not_fit_is_said(tmp_path):
    path = write_nwb(tmp_path / "a.nwb", VALUES)
    with h5py.File(path, "r+") as file:
        series = file["processing/behavior/PoseEstimation/nose"]
        del series["starting_time"]
    with pytest.raises(FormatError, match="clock"):
        read_poses(path)
    with h5py.File(path, "r+") as file:
        series = file["processing/behavior/PoseEstimation/nose"]
        series["timestamps"] = np.arange(5)
    with pytest.raises(FormatError, match="timestamps that do not fit"):
        read_poses(path)
    with h5py.File(path, "r+") as file:
        del file["processing/behavior"]
    with pytest.raises(FormatError, match="no poses in this NWB"):
        read_poses(path, format="nwb")


def test_writing_needs_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynwb", None)
    poses = make_poses(np.ones((2, 2, 1, 1)), keypoints=["nose"], fps=10)
    with pytest.raises(MissingDependencyError, match=r"napari-mousegpt\[nwb\]"):
        write_poses(poses, tmp_path / "a.nwb")
    assert not list(tmp_path.iterdir())
