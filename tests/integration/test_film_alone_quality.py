"""Animals found in another lab's pictures, against places that people marked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.io import read_poses
from mousegpt_core.pose import learn_background, poses_from_silhouettes, silhouettes_in_blocks
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


def _place(positions: xr.DataArray, name: str) -> np.ndarray:
    return positions.sel(keypoint=name).transpose("time", "space").values
