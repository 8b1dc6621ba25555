"""What we write opens in the tools' own libraries, and what they write we read.

The libraries conflict with nothing but are many: see the session ``formats`` of the noxfile.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.io import read_poses, write_poses
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
