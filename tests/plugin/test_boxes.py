"""Boxes around animals: where they are, whose, and that they rest while nobody looks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.poses import make_poses
from napari_mousegpt.boxes import Boxes, boxes_at, boxes_layer, draw_boxes, outline_boxes
from napari_mousegpt.moving import MovingPoses


def two_mice(**options: Any) -> MovingPoses:
    """Three frames of four keypoints; b is seen in the second only, a's tail is doubtful."""
    position = np.full((3, 2, 4, 2), np.nan)
    position[:, :, :, 0] = np.array([[100, 200, 150, 900], [50, 60, 80, 700]])
    position[1, :, :, 1] = np.array([[10, 30, 20, 20], [10, 10, 10, 10]])
    confidence = np.ones((3, 4, 2))
    confidence[:, 3, 0] = 0.1
    poses = make_poses(
        position,
        keypoints=["nose", "tailbase", "neck", "tail"],
        individuals=["a", "b"],
        fps=25,
        confidence=confidence,
    )
    return MovingPoses("top ", poses, **options)


def test_a_box_holds_the_keypoints_that_are_not_doubtful_with_some_room() -> None:
    found = boxes_at([two_mice()], 0)
    assert found.animals == ("a",)
    np.testing.assert_allclose(found.corners[0, 0], [50 - 12, 100 - 12])
    np.testing.assert_allclose(found.corners[0, 2], [80 + 12, 200 + 12])


def test_every_animal_and_view_has_its_own() -> None:
    side = two_mice(offset=(0.0, 1000.0))
    found = boxes_at([two_mice(), side], 1)
    assert found.animals == ("a", "b", "a", "b")
    np.testing.assert_allclose(found.corners[2] - found.corners[0], [[0, 1000]] * 4)
    # All of b's keypoints are in a row: the box has some height, all the same.
    assert np.ptp(found.corners[1, :, 0]) > 4
    assert boxes_at([two_mice(hidden=True), side], 0).animals == ("a",)
    assert boxes_at([side], 99).animals == ()


def test_a_single_point_has_a_box() -> None:
    poses = make_poses(np.ones((1, 2, 1, 1)), keypoints=["nose"], fps=25)
    (corners,) = boxes_at([MovingPoses("", poses)], 0).corners
    assert np.ptp(corners, axis=0).tolist() == [12.0, 12.0]


def test_outlines_say_it_better_and_stay_until_the_next_look() -> None:
    edges = np.array([[[90, 40, 210, 90]], [[95, 45, 215, 95]]], dtype=np.float32)
    silhouettes = xr.Dataset(
        {"box": (("time", "individual", "edge"), edges)},
        coords={"frame": ("time", [1, 3]), "individual": ["a"]},
    )
    found = outline_boxes(silhouettes, 5)
    assert found.shape == (5, 1, 2, 2)
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[2, 0], [[39.5, 89.5], [89.5, 209.5]])
    poses = make_poses(np.ones((5, 2, 1, 1)), keypoints=["nose"], individuals=["a"], fps=25)
    steps = np.array([-1, 0, 1, 3])
    here = MovingPoses("", poses, steps=steps, boxes=found, offset=(1.0, 2.0))
    assert [len(boxes_at([here], step).animals) for step in range(4)] == [0, 0, 1, 1]
    np.testing.assert_allclose(boxes_at([here], 3).corners[0, 0], [45.5, 96.5])


def test_in_space_there_are_none() -> None:
    poses = make_poses(np.ones((1, 3, 1, 1)), keypoints=["nose"], fps=25)
    assert boxes_layer([MovingPoses("", poses)]) is None
    assert boxes_layer([]) is None


def test_the_layer_shows_whose_each_is_in_the_colour_of_their_points() -> None:
    pytest.importorskip("napari")
    from napari.layers import Layer

    from napari_mousegpt.moving import live_layers

    both = two_mice()
    layer = Layer.create(*boxes_layer([both]))
    points = Layer.create(*live_layers([both])[1])
    of_animal = dict(zip(points.features["individual"], points.face_color, strict=True))
    for step in (0, 1, 2):
        boxes = boxes_at([both], step)
        draw_boxes(layer, boxes)
        assert tuple(layer.features["individual"]) == boxes.animals
        assert list(layer.text.values) == list(boxes.animals)
        for animal, colour in zip(boxes.animals, layer.edge_color, strict=True):
            np.testing.assert_allclose(colour, of_animal[animal], atol=1e-6)
        assert set(layer.shape_type) <= {"rectangle"}
    draw_boxes(layer, Boxes(np.empty((0, 4, 2), dtype=np.float32), ()))
    assert len(layer.data) == 0


def test_boxes_rest_until_they_are_looked_at(study_folder: Path) -> None:
    pytest.importorskip("napari")
    from napari.components import ViewerModel

    from napari_mousegpt.session import session_of

    viewer = ViewerModel()
    session = session_of(viewer)
    session.open_study(study_folder)
    assert "boxes" not in viewer.layers
    viewer.dims.set_current_step(0, 20)
    session.arrange(replace(session.arrangement, boxes=True))
    boxes = viewer.layers["boxes"]
    assert viewer.layers.index(boxes) == len(viewer.layers) - 2  # the keypoints stay above them
    boxes.visible = False
    assert not session.arrangement.boxes
    drawn = boxes.data[0].copy()
    viewer.dims.set_current_step(0, 30)
    np.testing.assert_array_equal(boxes.data[0], drawn)
    viewer.dims.set_current_step(0, 20)
    changes: list[bool] = []
    session.arrangement_changed.connect(lambda: changes.append(session.arrangement.boxes))
    boxes.visible = True
    assert changes == [True]
    assert list(boxes.features["individual"]) == ["M1"]
    before = boxes.data[0].copy()
    viewer.dims.set_current_step(0, 40)
    assert (boxes.data[0] - before)[:, 1] == pytest.approx(20 * 40 / 89, rel=1e-2)
    # They stay as a person wants them, from one recording to the next.
    session.open_recording("space")
    assert "boxes" not in viewer.layers
    session.open_recording("flat")
    assert viewer.layers["boxes"].visible
