"""Cameras that are not in step, of another laboratory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from mousegpt_core.pipeline import NewRecording, Work, add_recording
from mousegpt_core.pipeline.recording_stages import import_poses
from mousegpt_core.study import Study
from mousegpt_core.video import frames_at


def test_two_cameras_of_different_rates(test_data: Callable[[str], Path], tmp_path: Path) -> None:
    """Both cameras' poses on one clock, by the cameras' own timestamps."""
    folder = test_data("eks-ibl-paw-2cam") / "ibl-paw"
    study = Study.create(tmp_path / "study")
    views = ("left", "right")
    new = NewRecording(
        "ibl",
        poses=[(view, next(folder.glob(f"*.{view}.rng=0.csv"))) for view in views],
        timestamps=[(view, next(folder.glob(f"*.timestamps.{view}.npy"))) for view in views],
    )
    recording = add_recording(study, new).recording
    assert [round(view.fps or 0) for view in recording.info.views] == [60, 150]
    work = Work(study)
    for source in recording.info.poses:
        import_poses(work, recording, source)
    left, right = (recording.store.read_dataset(f"poses2d/{view}") for view in views)
    shown = frames_at(left["time"].values, right["time"].values)
    assert (shown >= 0).mean() > 0.95
    # The paw near one camera is the far one of the other: both move together at no lag.
    seen = shown >= 0
    near, far = left.isel(time=seen), right.isel(time=shown[seen])
    speeds = [_speed(near, "paw_l"), _speed(far, "paw_r")]
    lags = range(-5, 6)
    alike = [np.corrcoef(speeds[0][10:-10], np.roll(speeds[1], lag)[10:-10])[0, 1] for lag in lags]
    assert lags[int(np.argmax(alike))] == 0
    assert max(alike) > 0.3


def _speed(poses: xr.Dataset, keypoint: str) -> np.ndarray:
    place = poses["position"].sel(keypoint=keypoint).values[:, :, 0]
    return np.asarray(np.abs(np.diff(place, axis=0)).sum(axis=1))
