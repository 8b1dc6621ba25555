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
from hypothesis.extra import numpy as hnp

from mousegpt_core.io import read_poses, write_poses
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
@given(
    position=hnp.arrays(
        np.float32,
        st.tuples(st.integers(2, 6), st.integers(2, 3), st.integers(1, 3), st.integers(1, 2)),
        elements=st.floats(0.125, 1e6, width=32) | st.just(np.nan),
    ),
    trust=st.floats(0.125, 1, width=32) | st.none(),
    first=st.integers(0, 10**6),
)
def test_what_is_written_reads_the_same(position, trust, first, tmp_path):
    position[0] = 3.25
    missing = np.isnan(position).any(axis=1)
    position[np.broadcast_to(missing[:, None], position.shape)] = np.nan
    n_time, _, n_points, n_animals = position.shape
    confidence = None if trust is None else np.full((n_time, n_points, n_animals), trust)
    poses = make_poses(
        position, confidence, keypoints=[f"a b_{i}" for i in range(n_points)],
        individuals=["mouse", "m2"][:n_animals], fps=59.94, frames=np.arange(n_time) + first,
        unit="cm",
    )  # fmt: skip
    path = write_poses(poses, tmp_path / "poses.csv", format="wide-csv")
    back = read_poses(path, unit="cm")
    xr.testing.assert_equal(back, poses)
    assert back.attrs["fps"] == pytest.approx(59.94, rel=1e-4)
    assert os.listdir(tmp_path) == [path.name]


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
