"""movement's netCDF, classic and in HDF5."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.io.pose_files import write_movement_hdf5
from core.io.pose_strategies import poses_datasets
from mousegpt_core.errors import FormatError
from mousegpt_core.io import read_poses, recognise_format, write_poses
from mousegpt_core.poses import make_poses

VALUES = np.array([[1.5, 2.5, 0.9, 11.5, 12.5, 0.8], [3.5, 4.5, 0.7, 13.5, 14.5, 0.0]])


def small(**options):
    position = np.arange(24, dtype=np.float32).reshape(3, 2, 2, 2) + 1
    return make_poses(
        position, np.full((3, 2, 2), 0.5), keypoints=["nose", "tail"], individuals=["a", "b"],
        **{"fps": 20, **options},
    )  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(poses=poses_datasets(), unit=st.sampled_from(["px", "mm", "cm", "m"]))
def test_what_is_written_reads_the_same(poses, unit, tmp_path):
    poses["position"].attrs["units"] = unit
    path = write_poses(poses, tmp_path / "poses.nc")
    assert recognise_format(path) == "movement"
    back = read_poses(path)
    xr.testing.assert_identical(back.assign_attrs(source_file=""), poses.assign_attrs(timed=1))


def test_it_opens_as_any_netcdf(tmp_path):
    poses = small(source_software="Nüsse", frames=[5, 7, 2**40])
    with xr.open_dataset(write_poses(poses, tmp_path / "a.nc")) as opened:
        xr.testing.assert_equal(opened.astype(poses.dtypes), poses)
        assert opened.attrs["source_software"] == "Nüsse"
        assert opened.attrs["fps"] == 20
        assert opened["position"].attrs["units"] == "px"
    assert read_poses(tmp_path / "a.nc")["frame"].values[-1] == 2**40


@pytest.mark.parametrize("dims", [("keypoint", "individual"), ("keypoints", "individuals")])
def test_netcdf4_of_all_versions(tmp_path, dims):
    path = write_movement_hdf5(tmp_path / "a.nc", VALUES, dims=("time", "space", *dims))
    poses = read_poses(path, fps=10)
    np.testing.assert_array_equal(poses["position"][:, 0, 0, 0], [1.5, 3.5])
    np.testing.assert_array_equal(poses["position"][:, 1, 1, 0], [12.5, np.nan])
    np.testing.assert_allclose(poses["time"], [0, 0.1])
    assert list(poses["keypoint"].values) == ["nose", "ear l"]
    assert poses.attrs["source_software"] == "DeepLabCut"


def test_times_in_seconds_and_their_frames(tmp_path):
    path = write_movement_hdf5(
        tmp_path / "a.nc", VALUES, time=[10.0, 10.1], fps=30.0, time_unit="seconds"
    )
    poses = read_poses(path)
    np.testing.assert_array_equal(poses["frame"], [300, 303])
    assert poses.attrs["fps"] == 30
    path = write_movement_hdf5(tmp_path / "a.nc", VALUES, time=[10.0, 10.11], time_unit="seconds")
    np.testing.assert_array_equal(read_poses(path)["frame"], [0, 1])


def test_dimensions_in_any_order_or_missing(tmp_path):
    poses = small()
    turned = poses.transpose("individual", "keypoint", "space", "time")
    turned.isel(space=[1, 0]).to_netcdf(tmp_path / "a.nc", engine="scipy")
    xr.testing.assert_equal(read_poses(tmp_path / "a.nc"), poses)
    poses.isel(individual=1, keypoint=0).to_netcdf(tmp_path / "b.nc", engine="scipy")
    alone = read_poses(tmp_path / "b.nc")
    assert (alone["individual"].item(), alone["keypoint"].item()) == ("b", "nose")
    np.testing.assert_array_equal(
        alone["position"][..., 0, 0], poses["position"].sel(individual="b", keypoint="nose")
    )


def test_one_confidence_for_the_whole_animal(tmp_path):
    poses = small()
    poses["confidence"] = (("time", "individual"), np.arange(6).reshape(3, 2) / 10 + 0.1)
    poses.to_netcdf(tmp_path / "a.nc", engine="scipy")
    read = read_poses(tmp_path / "a.nc")["confidence"]
    np.testing.assert_allclose(read[:, 0], np.arange(6).reshape(3, 2) / 10 + 0.1)
    np.testing.assert_array_equal(read[:, 0], read[:, 1])


def test_a_file_with_several_views(tmp_path):
    views = xr.concat([small(), small() + 100], "view").assign_coords(view=["top", "side"])
    views.to_netcdf(tmp_path / "a.nc", engine="scipy")
    with pytest.raises(FormatError, match="top, side"):
        read_poses(tmp_path / "a.nc", fps=20)
    with pytest.raises(FormatError, match="'back'"):
        read_poses(tmp_path / "a.nc", fps=20, view="back")
    side = read_poses(tmp_path / "a.nc", fps=20, view="side")
    np.testing.assert_array_equal(side["position"], small()["position"] + 100)
    write_poses(small(), tmp_path / "b.nc")
    xr.testing.assert_equal(read_poses(tmp_path / "b.nc", view="top"), small())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.assign_attrs(ds_type="bboxes"), "boxes"),
        (lambda d: d.rename(position="centre"), "position"),
        (lambda d: d.expand_dims(trial=2), "trial"),
        (lambda d: d.assign_coords(space=["rho", "phi"]), "Cartesian"),
        (lambda d: d.assign(confidence=("time", [1.0, 2, 3])), "confidence"),
        (lambda d: d.assign(position=d["position"].astype(str)), "not numbers"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, change, said):
    change(small()).to_netcdf(tmp_path / "a.nc", engine="scipy")
    with pytest.raises(FormatError, match=said):
        read_poses(tmp_path / "a.nc", fps=20, format="movement")


def test_a_clock_that_does_not_fit(tmp_path):
    path = write_movement_hdf5(tmp_path / "a.nc", VALUES)
    with h5py.File(path, "r+") as file:
        file["frame"] = np.arange(5)
    with pytest.raises(FormatError, match=r"'frame'.*2 numbers"):
        read_poses(path, fps=10, format="movement")


def test_arrays_that_claim_to_be_enormous(tmp_path):
    path = write_movement_hdf5(tmp_path / "a.nc", VALUES)
    with h5py.File(path, "r+") as file:
        del file["confidence"]
        file.create_dataset("confidence", (10**9, 2, 1), chunks=(1000, 2, 1), dtype="f4")
    with pytest.raises(FormatError, match="too large"):
        read_poses(path, fps=10)
    path = write_poses(small(), tmp_path / "b.nc")
    whole = path.read_bytes()
    for name in (b"time", b"keypoint", b"space"):
        at = whole.index(name) + len(name) + -len(name) % 4
        path.write_bytes(whole[:at] + b"\x7f\xff\xff\xff" + whole[at + 4 :])
        with pytest.raises(FormatError):
            read_poses(path, fps=10)
