"""What is written in a format reads back the same, as far as the format can hold it."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings

from core.io.pose_strategies import poses_datasets
from mousegpt_core.errors import FormatError
from mousegpt_core.io import FORMATS, read_poses, write_poses
from mousegpt_core.io.contract import LABELLED
from mousegpt_core.poses import make_poses

shared = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def same(back: xr.Dataset, poses: xr.Dataset) -> None:
    known = back.drop_vars(["time", "picture"], errors="ignore")
    xr.testing.assert_allclose(known, poses.drop_vars("time"), rtol=0, atol=0)
    np.testing.assert_allclose(back["time"], poses["time"])


def told(n_space=2, **attrs):
    """Poses of which a file told everything beside the points."""
    poses = make_poses(
        np.arange(2 * n_space * 3, dtype=float).reshape(2, n_space, 3, 1) + 5,
        keypoints=["nose", "hip", "tail"], individuals=["Ada"], fps=10, scorer="Ann",
        edges='[["tail", "hip"], ["hip", "nose"]]', film="D:/films/day 1.mp4", **attrs,
    )  # fmt: skip
    return poses.assign_coords(picture=("time", ["m1/img0.png", "m1/img1.png"]))


KEEP = {
    "sleap-slp": {"edges", "film"},
    "sleap-h5": {"edges", "film"},
    "coco": {"edges", "scorer", "picture"},
    "movement": {"edges", "film", "scorer", "picture"},
    "nwb": {"edges", "scorer", "picture"},
    "dlc-csv": {"scorer"},
    "dlc-h5": {"scorer"},
}


@pytest.mark.parametrize("name", KEEP)
def test_what_a_file_told_beside_its_points_is_kept(name, tmp_path):
    if name == "nwb":
        pytest.importorskip("ndx_pose")
    poses = told()
    path = write_poses(poses, tmp_path / f"a{FORMATS[name].suffixes[0]}", format=name)
    back = read_poses(path, format=name, fps=10)
    assert list(back["individual"].values) == ["Ada"]
    for key in KEEP[name] - {"picture"}:
        assert back.attrs[key] == poses.attrs[key], key
    assert ("picture" in back.coords) == ("picture" in KEEP[name])
    if "picture" in KEEP[name]:
        assert list(back["picture"].values) == list(poses["picture"].values)


def test_lines_of_points_that_are_left_out_go_with_them(tmp_path):
    path = write_poses(told(), tmp_path / "a.nc")
    back = read_poses(path, keypoints=["tail", "hip"])
    assert back.attrs["edges"] == '[["tail", "hip"]]'


def test_single_pictures_in_coco_stay_such(tmp_path):
    poses = told(source_software=LABELLED)
    back = read_poses(write_poses(poses, tmp_path / "a.json"), fps=10)
    assert (back.attrs["source_software"], back.attrs["single_pictures"]) == (LABELLED, 1)


def test_a_humans_labels_in_sleap_stay_a_humans(tmp_path):
    rng = np.random.default_rng(0)
    trust = rng.uniform(0.1, 1, (3, 2, 1))
    trust[1] = np.nan
    poses = make_poses(
        rng.uniform(1, 9, (3, 2, 2, 1)), trust, keypoints=["a", "b"], fps=10,
        source_software="SLEAP",
    )  # fmt: skip
    path = write_poses(poses, tmp_path / "a.slp")
    with h5py.File(path) as file:
        assert file["instances"]["instance_type"].tolist() == [1, 0, 1]
        assert (len(file["points"]), len(file["pred_points"])) == (2, 4)
    same(read_poses(path, fps=10), poses)
    other = write_poses(poses.assign_attrs(source_software="DeepLabCut"), tmp_path / "b.slp")
    with h5py.File(other) as file:
        assert file["instances"]["instance_type"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["sleap-slp", "sleap-h5", "coco"])
def test_what_cannot_be_written_is_said_of_the_file_that_was_asked_for(name, tmp_path):
    path = tmp_path / f"asked{FORMATS[name].suffixes[0]}"
    with pytest.raises(FormatError, match="2D") as caught:
        write_poses(told(3), path, format=name)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(("name", "suffix"), [("sleap-slp", "slp"), ("coco", "json")])
@shared
@given(poses=poses_datasets(spaces=(2,), errors=False))
def test_formats_of_2d_poses(name, suffix, tmp_path, poses):
    path = write_poses(poses, tmp_path / f"poses.{suffix}", format=name)
    same(read_poses(path, format=name, fps=poses.attrs["fps"]), poses)


@shared
@given(poses=poses_datasets(spaces=(2,), errors=False))
def test_sleap_analysis_holds_every_frame(tmp_path, poses):
    path = write_poses(poses, tmp_path / "poses.h5", format="sleap-h5")
    back = read_poses(path, fps=poses.attrs["fps"])
    assert back.sizes["time"] == poses["frame"].values[-1] + 1
    same(back.isel(time=poses["frame"].values), poses)


def test_single_frames_would_leave_an_analysis_file_empty(tmp_path):
    poses = make_poses(np.ones((2, 2, 1, 1)), keypoints=["a"], fps=10, frames=[0, 10**9])
    with pytest.raises(Exception, match="of 1000000001"):
        write_poses(poses, tmp_path / "a.h5", format="sleap-h5")
