"""Layers that napari-deeplabcut made are saved here, and are the same afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.errors import DataError
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.poses import make_poses
from napari_mousegpt._writers import write_points


def as_there(file: Path, *, drop: int = -1) -> tuple[Any, dict[str, Any]]:
    """A file of DeepLabCut as a points layer of its plugin: what is seen, in its words."""
    table = pd.read_csv(file, header=None, dtype=str)
    levels = 4 if table.iloc[1, 0] == "individuals" else 3
    columns = [tuple(table.iloc[:levels, column]) for column in range(1, table.shape[1])]
    values = table.iloc[levels:, 1:].astype(float).to_numpy()
    rows = []
    for frame, row in enumerate(values):
        place: dict[tuple[str, str], dict[str, float]] = {}
        for column, value in zip(columns, row, strict=True):
            owner = column[1] if levels == 4 else ""
            place.setdefault((column[-2], owner), {})[column[-1]] = value
        rows += [
            (frame, at["y"], at["x"], label, owner, at.get("likelihood", np.nan))
            for (label, owner), at in place.items()
            if np.isfinite(at["x"])
        ]
    points = pd.DataFrame(rows, columns=["frame", "y", "x", "label", "id", "likelihood"])
    points = points.drop(index=drop) if drop >= 0 else points
    index = list(table.iloc[levels:, 0])
    paths = index if index[0].endswith(".png") else []
    metadata = {"header": SimpleNamespace(columns=columns), "paths": paths, "name": file.stem}
    features = points[["label", "id", "likelihood"]]
    data = points[["frame", "y", "x"]].to_numpy(dtype=float)
    return data, {"name": file.stem, "features": features, "metadata": metadata}


def poses_of(animals: list[str]) -> Any:
    random = np.random.default_rng(3)
    position = random.uniform(0, 400, (5, 2, 3, len(animals)))
    position[2, :, 1, 0] = np.nan
    confidence = random.uniform(0.1, 1, (5, 3, len(animals)))
    return make_poses(
        position, confidence, keypoints=list("abc"), individuals=animals, fps=1, scorer="Jo"
    )


@pytest.mark.parametrize("animals", [["mouse"], ["m1", "m2"]])
@pytest.mark.parametrize("suffix", [".h5", ".csv"])
def test_a_layer_made_there_is_saved_here(tmp_path: Path, animals: list[str], suffix: str) -> None:
    there = write_poses(poses_of(animals), tmp_path / "there.csv", format="dlc-csv")
    (written,) = write_points(str(tmp_path / f"here{suffix}"), *as_there(there))
    before, after = (read_poses(file, fps=1) for file in (there, written))
    np.testing.assert_allclose(after["position"], before["position"], atol=1e-4)
    # Of a point that is not there, a layer cannot tell a likelihood.
    seen = before["position"].notnull().all("space")
    np.testing.assert_allclose(
        after["confidence"].where(seen), before["confidence"].where(seen), atol=1e-4
    )
    assert after.attrs["scorer"] == "Jo"


def test_labelled_pictures_stay_those_of_their_project(
    tmp_path: Path, test_data: Callable[[str], Path]
) -> None:
    (file,) = test_data("dlc-openfield").rglob("CollectedData_*.csv")
    data, options = as_there(file, drop=7)
    (written,) = write_points(str(tmp_path / file.name), data, options)
    before, after = (read_poses(each, assumed_fps=1.0) for each in (file, Path(written)))
    assert list(after["picture"].values) == list(before["picture"].values)
    assert after.attrs["scorer"] == before.attrs["scorer"]
    gone = (before["position"].notnull() & after["position"].isnull()).values
    # The eighth point was deleted: the fourth keypoint of the second picture.
    assert np.argwhere(gone)[:, [0, 2]].tolist() == [[1, 3]] * 2
    np.testing.assert_allclose(after["position"].values[~gone], before["position"].values[~gone])


def test_what_cannot_be_told_is_refused(tmp_path: Path) -> None:
    there = write_poses(poses_of(["mouse"]), tmp_path / "there.csv", format="dlc-csv")
    data, options = as_there(there)
    wrong = options | {"features": options["features"].assign(label="tail")}
    with pytest.raises(DataError, match="no keypoint"):
        write_points(str(tmp_path / "here.csv"), data, wrong)
    columns = [("Jo", "single", "a", "x"), ("Jo", "single", "a", "y")]
    nobody = options | {"metadata": {"header": SimpleNamespace(columns=columns)}}
    with pytest.raises(DataError, match="no animal"):
        write_points(str(tmp_path / "here.csv"), data, nobody)
    assert not (tmp_path / "here.csv").exists()
