"""Points of a file are saved in it by a command, whatever type napari's own dialog would offer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pytestqt")

from napari.components import ViewerModel
from napari.layers import Layer

from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.poses import make_poses
from napari_mousegpt._readers.poses import read
from napari_mousegpt._widgets.writing_back import write_points_back
from on_screen import on_screen


@pytest.fixture
def file(tmp_path: Path) -> Path:
    position = np.random.default_rng(1).uniform(0, 400, (5, 2, 2, 1)).astype(np.float32)
    poses = make_poses(position, keypoints=["nose", "tail"], individuals=["m1"], fps=30)
    return write_poses(poses, tmp_path / "mouse.csv", format="dlc-csv")


def points_of(viewer: Any, file: Path) -> Any:
    for layer in read(str(file)):
        viewer.add_layer(Layer.create(*layer))
    return viewer.layers[-1]


def test_points_go_back_into_their_file(qtbot: Any, file: Path, told: list[str]) -> None:
    points = points_of(ViewerModel(), file)
    before = file.read_bytes()
    data = np.array(points.data)
    data[0, 1:] = [12, 34]
    points.data = data
    points.name = "another name"
    write_points_back(points)
    saved = read_poses(file, fps=30)
    keypoint = str(points.features["keypoint"].iloc[0])
    where = saved["position"].sel(keypoint=keypoint).isel(time=0, individual=0)
    assert where.values.tolist() == [34, 12]
    kept = file.with_name("mouse.csv.before-1")
    assert kept.read_bytes() == before
    assert told == ["mouse.csv is saved; as it was before: mouse.csv.before-1"]


def test_what_cannot_go_back_says_what_to_do(qtbot: Any, file: Path, told: list[str]) -> None:
    viewer = ViewerModel()
    points = points_of(viewer, file)
    for other in (None, viewer.add_image(np.zeros((4, 4))), viewer.add_points(np.zeros((1, 3)))):
        write_points_back(other)
        assert "no points that were read from a file are chosen" in told[-1]
        assert "click their layer" in told[-1]
    file.unlink()
    write_points_back(points)
    assert "is gone" in told[-1]
    assert not list(file.parent.iterdir())


@on_screen
def test_the_menu_saves_the_layer_that_is_chosen(
    viewer: Any, qtbot: Any, file: Path, told: list[str]
) -> None:
    viewer.open(str(file), plugin="napari-mousegpt")
    points = viewer.layers["mouse"]
    viewer.layers.selection = {points}
    points.selected_data = {0}
    points.remove_selected()
    from napari._app_model import get_app_model

    get_app_model().commands.execute_command("napari-mousegpt.write_back").result()
    qtbot.waitUntil(lambda: bool(told))
    assert "mouse.csv is saved" in told[-1]
    saved = read_poses(file, fps=30)
    gone = np.isnan(saved["position"].values).any(axis=1)
    assert gone.sum() == 1
