"""What is written in a format reads back the same, as far as the format can hold it."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings

from core.io.pose_strategies import poses_datasets
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.poses import make_poses

shared = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def same(back: xr.Dataset, poses: xr.Dataset) -> None:
    if poses.sizes["individual"] == 1:
        poses = poses.assign_coords(individual=back["individual"].values)
    xr.testing.assert_allclose(back.drop_vars("time"), poses.drop_vars("time"), rtol=0, atol=0)
    np.testing.assert_allclose(back["time"], poses["time"])


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
