"""Motion capture's trc: what its header tells, frames and times, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from core.io.made import NAMES, VALUES, write_trc
from mousegpt_core.errors import FormatError
from mousegpt_core.io import read_poses


def test_the_file_tells_all(tmp_path):
    poses = read_poses(write_trc(tmp_path / "a.trc"))
    assert (poses.attrs["fps"], poses["position"].attrs["units"]) == (10, "mm")
    assert list(poses["keypoint"].values) == NAMES
    assert poses["frame"].values.tolist() == list(range(12))
    assert poses["time"].values[0] == 0, "the film's first frame, whatever the file counts from"
    np.testing.assert_allclose(
        poses["position"].values[..., 0].transpose(0, 2, 1).reshape(12, 6), VALUES, rtol=1e-6
    )


def test_empty_cells_are_markers_that_were_not_seen(tmp_path):
    values = VALUES.copy()
    values[3, :3] = np.nan
    seen = np.isfinite(read_poses(write_trc(tmp_path / "a.trc", values))["position"].values)
    assert not seen[3, :, 0].any()
    assert seen.sum() == VALUES.size - 3


@pytest.mark.parametrize("rate", ["10", ""])
def test_uneven_times_and_times_without_a_rate_are_kept(tmp_path, rate):
    times = np.cumsum([0.1, 0.1, 0.25, *[0.1] * 9])
    poses = read_poses(write_trc(tmp_path / "a.trc", times=times, rate=rate))
    np.testing.assert_allclose(poses["time"], times)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("\t2\tmm", "\t3\tmm", "NumMarkers = 3"),
        (NAMES[1], NAMES[0], "different names"),
        ("\n1\t", "\n1.5\t", "whole number"),
        ("\n4\t", "\nfour\t", "row 10, column 1"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, old, new, says):
    path = write_trc(tmp_path / "a.trc")
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(FormatError, match=says) as caught:
        read_poses(path)
    assert "a.trc" in str(caught.value)
