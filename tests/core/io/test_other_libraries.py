"""What we write opens in the tools' own libraries, and what they write we read.

The libraries conflict with nothing but are many: see the session ``formats`` of the noxfile.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings

from core.io.pose_strategies import poses_datasets
from mousegpt_core.errors import FormatError
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.io.contract import LABELLED
from mousegpt_core.poses import make_poses

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:numpy.ndarray size changed"),  # netCDF4's own
]


def two_mice(n_space=2):
    rng = np.random.default_rng(3)
    position = rng.uniform(1, 500, (20, n_space, 3, 2)).astype(np.float32)
    position[4:7, :, 1, 0] = np.nan
    return make_poses(
        position, rng.uniform(0.2, 1, (20, 3, 2)), keypoints=["nose", "ear l", "tail"],
        individuals=["m1", "m2"], fps=25, unit="px" if n_space == 2 else "mm",
        source_software="DeepLabCut",
    )  # fmt: skip


@pytest.mark.parametrize("n_space", [2, 3])
def test_movement_opens_our_netcdf(tmp_path, n_space):
    datasets = pytest.importorskip(
        "movement.validators.datasets", reason="needs movement", exc_type=ImportError
    )
    if "keypoint" not in datasets.ValidPosesInputs.DIM_NAMES:
        pytest.skip("needs movement 0.17, which needs Python 3.12")
    poses = two_mice(n_space)
    with xr.open_dataset(write_poses(poses, tmp_path / "a.nc")) as opened:
        datasets.ValidPosesInputs.validate(opened)
        assert opened.attrs["fps"] == 25
        assert opened.attrs["time_unit"] == "seconds"
        np.testing.assert_array_equal(opened["position"], poses["position"])


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf", "scipy"])
@pytest.mark.parametrize("fps", [25.0, None])
def test_we_read_movements_netcdf(tmp_path, engine, fps):
    load_poses = pytest.importorskip("movement.io.load_poses", exc_type=ImportError)
    poses = two_mice()
    theirs = load_poses.from_numpy(
        poses["position"].values, poses["confidence"].values, ["m1", "m2"],
        ["nose", "ear l", "tail"], fps=fps, source_software="DeepLabCut",
    )  # fmt: skip
    theirs.attrs = {key: value for key, value in theirs.attrs.items() if value is not None}
    theirs.to_netcdf(tmp_path / "a.nc", engine=engine)
    read = read_poses(tmp_path / "a.nc", fps=25)
    xr.testing.assert_identical(read.drop_attrs(), poses.drop_attrs())


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(poses=poses_datasets())
def test_nwb_that_we_write_we_read(poses, tmp_path):
    pytest.importorskip("ndx_pose")
    read = read_poses(write_poses(poses, tmp_path / "a.nwb"))
    assert list(read["individual"].values) == sorted(poses["individual"].values)
    read = read.sel(individual=poses["individual"])
    fps = read.attrs.pop("fps")
    assert fps == pytest.approx(poses.attrs["fps"], rel=1e-4)
    xr.testing.assert_equal(read, poses)
    assert read["position"].attrs == poses["position"].attrs
    assert read.attrs["source_software"] == poses.attrs["source_software"]


def test_pynwb_reads_our_nwb(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    ndx_pose = pytest.importorskip("ndx_pose")
    poses = two_mice(3)
    path = write_poses(poses, tmp_path / "a.nwb")
    assert not pynwb.validate(path=str(path))
    with pynwb.NWBHDF5IO(str(path), "r") as opened:
        second = opened.read().processing["behavior"]["m2"]
        assert isinstance(second, ndx_pose.PoseEstimation)
        assert list(second.skeleton.nodes[:]) == ["nose", "ear l", "tail"]
        series = second["ear l"]
        assert (series.unit, series.rate) == ("millimeters", 25)
        np.testing.assert_array_equal(
            series.data[:], poses["position"].sel(individual="m2", keypoint="ear l")
        )
    twins = poses.assign_coords(keypoint=["a/b", "a:b", "c"])
    with pytest.raises(FormatError, match="same in NWB"):
        write_poses(twins, tmp_path / "b.nwb")


def test_movement_reads_our_nwb_and_we_read_movements(tmp_path):
    load_poses = pytest.importorskip("movement.io.load_poses", exc_type=ImportError)
    save_poses = pytest.importorskip("movement.io.save_poses", exc_type=ImportError)
    pynwb = pytest.importorskip("pynwb")
    poses = two_mice().isel(individual=[0])
    theirs = load_poses.from_nwb_file(write_poses(poses, tmp_path / "a.nwb"))
    assert theirs.attrs["fps"] == 25
    names = {"keypoint", "keypoints"} & set(theirs.dims)
    turned = theirs["position"].sel({names.pop(): poses["keypoint"].values})
    np.testing.assert_array_equal(turned, poses["position"])
    made = save_poses.to_nwb_file(theirs)
    with pynwb.NWBHDF5IO(str(tmp_path / "b.nwb"), "w") as out:
        out.write(made)
    back = read_poses(tmp_path / "b.nwb").sel(keypoint=poses["keypoint"])
    np.testing.assert_array_equal(back["position"], poses["position"])
    np.testing.assert_allclose(back["confidence"], poses["confidence"])


@pytest.mark.parametrize("n_space", [2, 3])
def test_pandas_opens_our_deeplabcut_h5_and_csv(tmp_path, n_space):
    pytest.importorskip("tables")
    poses = two_mice(n_space)
    frame = pd.read_hdf(write_poses(poses, tmp_path / "a.h5", format="dlc-h5"))
    assert frame.columns.names == ["scorer", "individuals", "bodyparts", "coords"]
    axes = ["x", "y", "z"][:n_space]
    ear = frame["DeepLabCut"]["m2"]["ear l"][axes]
    np.testing.assert_array_equal(ear, poses["position"].sel(individual="m2", keypoint="ear l"))
    np.testing.assert_array_equal(frame.index, poses["frame"])
    text = write_poses(poses, tmp_path / "a.csv", format="dlc-csv")
    from_csv = pd.read_csv(text, header=[0, 1, 2, 3], index_col=0)
    assert list(from_csv.columns) == list(frame.columns)
    np.testing.assert_allclose(from_csv, frame, rtol=1e-6)
    lone = poses.isel(individual=[0]).assign_coords(individual=["mouse"])
    lone.attrs.update(source_software=LABELLED, source_file="film7.csv")
    pictures = pd.read_hdf(write_poses(lone, tmp_path / "CollectedData_x.h5", format="dlc-h5"))
    assert pictures.columns.names == ["scorer", "bodyparts", "coords"]
    assert pictures.index[2] == "labeled-data/film7/img000002.png"
    # As DeepLabCut's own: its tools look for rows without a name.
    assert pictures.index.names == [None]


def test_movement_loads_our_deeplabcut_files(tmp_path):
    load_poses = pytest.importorskip("movement.io.load_poses", exc_type=ImportError)
    poses = two_mice()
    for name, format in (("a.h5", "dlc-h5"), ("a.csv", "dlc-csv")):
        theirs = load_poses.from_dlc_file(write_poses(poses, tmp_path / name, format=format))
        np.testing.assert_allclose(theirs["position"], poses["position"], rtol=1e-6)


@pytest.mark.parametrize("rig", [True, False])
def test_views_of_a_rig_are_chosen(tmp_path, rig):
    pynwb = pytest.importorskip("pynwb")
    ndx_pose = pytest.importorskip("ndx_pose")
    if not hasattr(ndx_pose, "MultiCameraPoseEstimation"):
        pytest.skip("needs ndx-pose 0.4")
    file = _nwb_of_a_rig(pynwb, ndx_pose, rig=rig)
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "w") as out:
        out.write(file)
    names = ["3d", "side", "top"] if rig else ["side", "top"]
    with pytest.raises(FormatError, match=", ".join(names)):
        read_poses(tmp_path / "a.nwb")
    for number, name in enumerate(names):
        view = read_poses(tmp_path / "a.nwb", view=name)
        assert view.sizes["space"] == (3 if name == "3d" else 2)
        assert float(view["position"][0, 0, 0, 0]) == number + 1 + (not rig)


def _nwb_of_a_rig(pynwb, ndx_pose, *, rig):
    """Two views, of value 2 and 3, and 3D points of value 1."""
    from datetime import UTC, datetime

    file = pynwb.NWBFile("a", "b", datetime(2026, 1, 1, tzinfo=UTC))
    skeleton = ndx_pose.Skeleton(name="mouse", nodes=["nose"])
    module = file.create_processing_module("behavior", "c")
    module.add(ndx_pose.Skeletons(skeletons=[skeleton]))

    def series(value, n_space):
        return [
            ndx_pose.PoseEstimationSeries(
                name="nose", data=np.full((4, n_space), float(value)), reference_frame="x",
                rate=20.0, confidence=np.ones(4),
            )
        ]  # fmt: skip

    views = [
        ndx_pose.PoseEstimation(
            name=name, pose_estimation_series=series(value, 2), skeleton=skeleton,
            device=file.create_device(name=f"camera {name}"),
        )
        for name, value in (("side", 2), ("top", 3))
    ]  # fmt: skip
    if not rig:
        for view in views:
            module.add(view)
        return file
    module.add(
        ndx_pose.MultiCameraPoseEstimation(
            pose_estimation_series=series(1, 3), pose_estimations=views, skeleton=skeleton
        )
    )
    return file


@pytest.mark.parametrize(("name", "suffix"), [("sleap-slp", "slp"), ("sleap-h5", "h5")])
def test_sleap_io_opens_our_files(tmp_path, name, suffix):
    sleap_io = pytest.importorskip("sleap_io")
    poses = two_mice()
    path = write_poses(poses, tmp_path / f"a.{suffix}", format=name)
    load = sleap_io.load_slp if suffix == "slp" else sleap_io.load_analysis_h5
    opened = load(str(path))
    assert opened.skeleton.node_names == ["nose", "ear l", "tail"]
    assert [track.name for track in opened.tracks] == ["m1", "m2"]
    theirs = opened.numpy(return_confidence=True)
    expected = poses.transpose("time", "individual", "keypoint", "space")
    np.testing.assert_array_equal(theirs[..., :2], expected["position"])
    seen = np.isfinite(theirs[..., 0])
    trust = expected["confidence"].values
    np.testing.assert_allclose(theirs[..., 2][seen], trust[seen])


def test_we_read_what_sleap_io_writes(tmp_path):
    sleap_io = pytest.importorskip("sleap_io")
    ours = write_poses(two_mice(), tmp_path / "a.slp")
    sleap_io.load_slp(str(ours)).save(str(tmp_path / "b.slp"))
    back = read_poses(tmp_path / "b.slp", fps=25)
    np.testing.assert_array_equal(back["position"], read_poses(ours, fps=25)["position"])
