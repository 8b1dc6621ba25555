"""Poses are edited as points and saved: what was not touched stays, nothing is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mousegpt_core.errors import DataError
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.poses import make_poses
from napari_mousegpt._readers.poses import read
from napari_mousegpt._writers import write_points
from napari_mousegpt.layers import points_layer
from napari_mousegpt.points import poses_of_layer


@pytest.fixture
def poses() -> xr.Dataset:
    random = np.random.default_rng(1)
    position = random.uniform(0, 400, (6, 2, 3, 2)).astype(np.float32)
    position[2, :, 1, 0] = np.nan
    confidence = random.uniform(0.5, 1, (6, 3, 2)).astype(np.float32)
    keypoints, individuals = ["nose", "neck", "tail"], ["a", "b"]
    return make_poses(
        position, confidence, keypoints=keypoints, individuals=individuals, fps=30,
        frames=[0, 1, 2, 4, 5, 6],
    )  # fmt: skip


def opened(poses: xr.Dataset, **options: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
    data, layer, _ = points_layer(poses, **options)
    return data, layer


def test_untouched_points_give_the_same_poses(poses: xr.Dataset) -> None:
    xr.testing.assert_identical(poses_of_layer(*opened(poses)), poses)


def test_what_was_dragged_added_and_deleted_is_saved(poses: xr.Dataset) -> None:
    data, options = opened(poses)
    data[0, 1:] = [7, 8]
    added = pd.DataFrame({"keypoint": ["neck"], "individual": ["a"], "confidence": [np.nan]})
    options["features"] = pd.concat([options["features"].iloc[:-1], added], ignore_index=True)
    points = np.vstack([data[:-1], [2, 50, 60]])
    found = poses_of_layer(points, options)
    assert found["position"].values[0, :, 0, 0].tolist() == [8, 7]
    assert found["confidence"].values[0, 0, 0] == 1
    assert found["position"].values[2, :, 1, 0].tolist() == [60, 50]
    assert np.isnan(found["position"].values[5, :, 2, 1]).all()
    same = found["position"].values[1] == poses["position"].values[1]
    assert same.all()


def test_only_frames_that_were_shown_lose_points(poses: xr.Dataset) -> None:
    data, options = opened(poses, steps=np.array([0, 1, 2]))
    found = poses_of_layer(data[:0], {**options, "features": options["features"].iloc[:0]})
    assert np.isnan(found["position"].values[:3]).all()
    np.testing.assert_array_equal(found["position"].values[3:], poses["position"].values[3:])


def test_points_that_cannot_be_placed_are_refused(poses: xr.Dataset) -> None:
    data, options = opened(poses)
    moved = data.copy()
    moved[0, 0] = 3
    with pytest.raises(DataError, match="frames that the file of poses does not have"):
        poses_of_layer(moved, options)
    features = options["features"].astype({"keypoint": object})
    features.loc[0, "keypoint"] = "ear"
    with pytest.raises(DataError, match="no keypoint of this file"):
        poses_of_layer(data, {**options, "features": features})
    features.loc[0, "keypoint"] = "neck"
    with pytest.raises(DataError, match="twice"):
        poses_of_layer(data, {**options, "features": features})
    with pytest.raises(DataError, match="not opened from a file of poses"):
        poses_of_layer(data, {"name": "Points", "features": features})


@pytest.mark.parametrize(
    ("name", "format"), [("a.csv", "dlc-csv"), ("a.csv", "wide-csv"), ("a.nc", "movement")]
)
def test_a_file_is_saved_in_its_own_format(
    poses: xr.Dataset, tmp_path: Path, name: str, format: str
) -> None:
    one = poses.isel(individual=[0])
    file = write_poses(one, tmp_path / name, format=format)
    before = file.read_bytes()
    data, options, _ = read(str(file))[-1]
    data[0, 1:] = [7, 8]
    (saved,) = write_points(str(file), data, options)
    again = read_poses(saved, format=format, fps=30)
    np.testing.assert_allclose(again["position"].values[0, :, 0, 0], [8, 7])
    copy = tmp_path / f"{name}.before-1"
    assert copy.read_bytes() == before
    write_points(str(file), data, options)
    assert (tmp_path / f"{name}.before-2").exists()


def test_other_files_are_never_overwritten(poses: xr.Dataset, tmp_path: Path) -> None:
    notes = tmp_path / "notes.csv"
    notes.write_text("a,b\nc,d\n")
    with pytest.raises(DataError, match="another file"):
        write_points(str(notes), *opened(poses))
    assert notes.read_text() == "a,b\nc,d\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.csv"]


def test_napari_saves_what_it_edited(poses: xr.Dataset, tmp_path: Path) -> None:
    pytest.importorskip("napari")
    from napari.layers import Layer

    layer = Layer.create(*points_layer(poses, format="movement"))
    layer.selected_data = {0}
    layer.remove_selected()
    data, options, _ = layer.as_layer_data_tuple()
    (saved,) = write_points(str(tmp_path / "edited.nc"), data, options)
    again = read_poses(saved)
    assert np.isnan(again["position"].values[0, :, 0, 0]).all()
    assert int(np.isnan(again["position"].values).sum()) == 4
