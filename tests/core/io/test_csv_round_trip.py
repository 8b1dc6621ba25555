"""Writing and reading back, speed and memory of large tables."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.io.pose_strategies import poses_datasets
from mousegpt_core.io import read_poses, recognise_format, write_poses
from mousegpt_core.io.contract import LABELLED
from mousegpt_core.poses import make_poses
from peak_memory import PEAK, needs_proc

#: Prints how much memory reading took at its peak (MiB), and the number of frames.
LARGE = f"""
import sys
import pyarrow
from mousegpt_core.io import read_poses
{PEAK}
before = peak()
poses = read_poses(sys.argv[1], fps=60)
print(peak() - before, poses.sizes["time"])
"""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(poses=poses_datasets(), format=st.sampled_from(["wide-csv", "long-csv"]))
def test_a_csv_with_times_reads_as_it_was_written(poses, format, tmp_path):
    path = write_poses(poses, tmp_path / "poses.csv", format=format)
    assert recognise_format(path) == format
    back = read_poses(path)
    xr.testing.assert_equal(back, poses)
    assert back.attrs["fps"] == pytest.approx(poses.attrs["fps"], rel=1e-4)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(("format", "suffix"), [("dlc-csv", ".csv"), ("dlc-h5", ".h5")])
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(poses=poses_datasets())
def test_a_deeplabcut_file_reads_as_it_was_written(format, suffix, poses, tmp_path):
    path = write_poses(poses, tmp_path / f"poses{suffix}", format=format)
    assert recognise_format(path) == format
    xr.testing.assert_equal(read_poses(path, fps=poses.attrs["fps"]), poses)


@pytest.mark.parametrize("mark", [";", "\t"])
@pytest.mark.parametrize("format", ["wide-csv", "dlc-csv", "long-csv"])
def test_decimal_commas_whatever_separates_the_cells(format, mark, tmp_path):
    """As spreadsheets save in much of Europe: there may be more commas than separators."""
    chance = np.random.default_rng(0)
    poses = make_poses(
        (chance.random((20, 2, 3, 1)) + 0.5).astype(np.float32), keypoints=["nose", "paw", "tail"],
        individuals=["m"], fps=30,
    )  # fmt: skip
    path = write_poses(poses, tmp_path / "poses.csv", format=format)
    text = path.read_text()
    path.write_text(text.replace(",", mark).replace(".", ","))
    assert recognise_format(path) == format
    back = read_poses(path, fps=30)
    np.testing.assert_array_equal(back["position"].values, poses["position"].values)


@pytest.mark.parametrize(("format", "suffix"), [("dlc-csv", ".csv"), ("dlc-h5", ".h5")])
def test_labelled_pictures_stay_such(format, suffix, tmp_path):
    rng = np.random.default_rng(1)
    poses = make_poses(
        rng.uniform(1, 9, (3, 2, 2, 1)), keypoints=["nose", "tail"], fps=30, frames=[3, 900, 40000],
        source_software=LABELLED, single_pictures=0,
    )  # fmt: skip
    path = write_poses(poses, tmp_path / f"CollectedData{suffix}", format=format)
    back = read_poses(path, fps=30)
    xr.testing.assert_equal(back.drop_vars("picture"), poses)
    assert back.attrs["source_software"] == LABELLED
    assert back["picture"].values[1] == "labeled-data/film/img000900.png"


LABELS_OF_A_PROJECT = """\
scorer,Ann,Ann,Ann,Ann
bodyparts,nose,nose,tail,tail
coords,x,y,x,y
labeled-data/m1/img0007.png,1.5,2.5,3.5,4.5
labeled-data/m1/img0003.png,5.5,6.5,,
"""


@pytest.mark.parametrize(("format", "suffix"), [("dlc-csv", ".csv"), ("dlc-h5", ".h5")])
def test_an_edited_file_of_a_deeplabcut_project_stays_one(format, suffix, tmp_path):
    (tmp_path / "CollectedData_Ann.csv").write_text(LABELS_OF_A_PROJECT)
    poses = read_poses(tmp_path / "CollectedData_Ann.csv", fps=30)
    assert poses.attrs["scorer"] == "Ann"
    poses["position"][0, :, 0, 0] = 9
    poses["confidence"][0, 0, 0] = 1  # of a point that a person moved
    path = write_poses(poses, tmp_path / f"edited{suffix}", format=format)
    back = read_poses(path, fps=30)
    assert back.attrs["scorer"] == "Ann"
    assert list(back["picture"].values) == [
        "labeled-data/m1/img0003.png", "labeled-data/m1/img0007.png",
    ]  # fmt: skip
    np.testing.assert_array_equal(back["position"], poses["position"])
    if suffix == ".csv":
        lines = path.read_text().replace('"', "").splitlines()
        assert lines[2] == "coords,x,y,x,y"
        assert lines[3] == "labeled-data/m1/img0003.png,9,9,,"


WITH_CORNER = """\
scorer,S,S,S,S,S,S,S,S,S
individuals,m1,m1,m1,m2,m2,m2,single,single,single
bodyparts,nose,nose,nose,nose,nose,nose,corner,corner,corner
coords,x,y,likelihood,x,y,likelihood,x,y,likelihood
0,1,2,0.5,3,4,0.25,5,6,0.75
1,1,2,0.5,,,,5,7,1
"""


@pytest.mark.parametrize("through", ["dlc-csv", "dlc-h5", "movement"])
def test_points_of_no_animal_are_written_once(through, tmp_path):
    (tmp_path / "a.csv").write_text(WITH_CORNER)
    poses = read_poses(tmp_path / "a.csv", fps=10)
    suffix = {"dlc-csv": ".csv", "dlc-h5": ".h5", "movement": ".nc"}[through]
    back = read_poses(write_poses(poses, tmp_path / f"b{suffix}", format=through), fps=10)
    text = write_poses(back, tmp_path / "c.csv", format="dlc-csv").read_text()
    assert text.replace('"', "") == WITH_CORNER
    # What was edited for one animal alone is that animal's.
    poses["position"][0, 0, 1, 1] = 9
    again = read_poses(write_poses(poses, tmp_path / f"d{suffix}", format=through), fps=10)
    np.testing.assert_array_equal(again["position"], poses["position"])


def test_a_network_keeps_its_name(tmp_path):
    header = "scorer,DLC_net50,DLC_net50,DLC_net50\nbodyparts,a,a,a\ncoords,x,y,likelihood\n"
    (tmp_path / "a.csv").write_text(header + "0,1,2,.5\n")
    poses = read_poses(tmp_path / "a.csv", fps=30)
    h5 = write_poses(poses, tmp_path / "b.h5", format="dlc-h5")
    again = read_poses(h5, fps=30)
    assert (again.attrs["scorer"], again.attrs["source_software"]) == ("DLC_net50", "DeepLabCut")
    assert "DLC_net50" in write_poses(again, tmp_path / "c.csv", format="dlc-csv").read_text()


@needs_proc
@pytest.mark.parametrize(
    ("n_frames", "limit"), [(20_000, 190), pytest.param(720_000, 650, marks=pytest.mark.slow)]
)
def test_a_large_table_is_read_thriftily(tmp_path, n_frames, limit):
    rng = np.random.default_rng(0)
    position = rng.uniform(0, 1000, (n_frames, 2, 24, 1)).astype(np.float32)
    poses = make_poses(
        position, np.ones((n_frames, 24, 1)), keypoints=[f"k{i}" for i in range(24)], fps=60
    )
    path = write_poses(poses, tmp_path / "poses.csv", format="wide-csv")
    done = subprocess.run(
        [sys.executable, "-c", LARGE, path], capture_output=True, text=True, check=True
    )
    peak, frames = map(float, done.stdout.split())
    assert frames == n_frames
    assert peak < limit, peak
