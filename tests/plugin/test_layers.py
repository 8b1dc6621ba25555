"""Poses as layers: coordinates, features, what is not seen; in napari's own model of a viewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mousegpt_core.poses import make_poses
from napari_mousegpt._readers.poses import get_reader
from napari_mousegpt._sample_data import synthetic_mouse
from napari_mousegpt.layers import points_layers


def test_points_are_frame_y_x_and_leave_out_what_is_not_seen() -> None:
    position = np.full((2, 2, 2, 1), np.nan)
    position[0, :, 0, 0] = [10, 20]
    position[1, :, 1, 0] = [30, 40]
    poses = make_poses(position, keypoints=["nose", "tail"], fps=25)
    ((data, options, kind),) = points_layers(poses)
    assert kind == "points"
    np.testing.assert_allclose(data, [[0, 20, 10], [1, 40, 30]])
    assert list(options["features"]["keypoint"]) == ["nose", "tail"]
    assert options["metadata"] == {"fps": 25.0, "unit": "px"}


def test_each_individual_has_its_layer() -> None:
    poses = make_poses(np.ones((3, 2, 1, 2)), keypoints=["nose"], individuals=["a", "b"], fps=25)
    assert [options["name"] for _, options, _ in points_layers(poses)] == ["poses a", "poses b"]


def test_the_reader_takes_poses_and_leaves_other_files(tmp_path: Path) -> None:
    poses = tmp_path / "mouse.csv"
    poses.write_text("nose_x,nose_y\n1,2\n3,4\n")
    read = get_reader(str(poses))
    assert read is not None
    ((data, options, _),) = read(str(poses))
    np.testing.assert_allclose(data, [[0, 2, 1], [1, 4, 3]])
    assert options["name"] == "mouse"
    other = tmp_path / "notes.csv"
    other.write_text("a,b\nc,d\n")
    assert get_reader(str(other)) is None
    assert get_reader([str(poses), str(other)]) is None


def test_the_sample_opens_in_napari() -> None:
    pytest.importorskip("napari")
    from napari.components import ViewerModel
    from napari.layers import Layer

    viewer = ViewerModel()
    for layer in synthetic_mouse():
        viewer.add_layer(Layer.create(*layer))
    assert viewer.layers[0].ndim == 4
    assert viewer.dims.nsteps[0] >= 20 * 30
