"""Animals found in another lab's pictures, against places that people marked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mousegpt_core.io import read_poses
from mousegpt_core.pipeline import Work, run_recordings, study_for_file
from mousegpt_core.pose import learn_background, poses_from_silhouettes, silhouettes_in_blocks
from mousegpt_core.study import Study
from mousegpt_core.synthetic import SessionSettings, write_session
from mousegpt_core.video import open_film


@pytest.mark.slow
def test_an_open_field_without_poses(test_data: Callable[[str], Path]) -> None:
    (folder,) = test_data("dlc-openfield").glob("*/labeled-data/m4s1")
    marked = read_poses(folder / "CollectedData_Pranav.csv")["position"].isel(individual=0)
    # Single pictures: nothing is known from one to the next.
    with open_film(folder, fps=1.0) as pictures:
        background = learn_background(pictures)
        blocks = silhouettes_in_blocks(pictures, background)
        found = poses_from_silhouettes(xr.concat(blocks, "time"))["position"].isel(individual=0)
    assert found.sizes["time"] == marked.sizes["time"] == 116
    nose, tail = (_place(marked, name) for name in ("snout", "tailbase"))
    length = np.nanmedian(np.linalg.norm(nose - tail, axis=1))
    away = np.linalg.norm(_place(found, "centre") - (nose + tail) / 2, axis=1) / length
    end = _place(found, "nose")
    right = np.linalg.norm(end - nose, axis=1) < np.linalg.norm(end - tail, axis=1)
    assert np.isfinite(away).all()
    assert np.median(away) < 0.09
    assert np.quantile(away, 0.9) < 0.2
    assert right.mean() > 0.93


@pytest.mark.slow
def test_quiet_work_seen_from_the_side_is_no_freezing(tmp_path: Path) -> None:
    settings = SessionSettings(cameras="side", seconds=30.0, fps=30.0, seed=3)
    write_session(tmp_path, settings)
    (tmp_path / "alone").mkdir()
    film = (tmp_path / "side.mp4").rename(tmp_path / "alone" / "film.mp4")
    study = Study.open(study_for_file(film, seen_from="side").folder)
    run_recordings(Work(study), "descriptions")
    (recording,) = study.recordings.values()
    ethogram = recording.store.read_dataset("ethogram")
    named = ethogram["activity"].values[ethogram["activity_index"].values[:, 0]]
    true = pd.read_csv(tmp_path / "mouse.truth.csv")["label"].to_numpy()
    busy = np.isin(true, ["grooming", "sniffing"])
    assert busy.sum() > 100
    assert (named[busy] == "freezing").mean() < 0.03
    assert np.isin(named[true == "walking"], ["walking", "running", "turning"]).mean() > 0.85


def _place(positions: xr.DataArray, name: str) -> np.ndarray:
    return positions.sel(keypoint=name).transpose("time", "space").values
