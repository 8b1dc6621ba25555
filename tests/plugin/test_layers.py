"""Poses, masks and bouts as layers: coordinates, features, what is not seen; napari takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mousegpt_core.errors import FormatError
from mousegpt_core.poses import make_poses
from napari_mousegpt._readers.poses import get_reader
from napari_mousegpt._sample_data import synthetic_mouse
from napari_mousegpt.layers import (
    LayerTuple,
    beside,
    masks_layer,
    outline_layer,
    points_layer,
    skeleton_layer,
    tracks_layer,
)
from napari_mousegpt.moving import MovingPoses, at_step, live_layers
from napari_mousegpt.timeline import InStep, Timeline


def in_napari(layers: list[LayerTuple]) -> Any:
    """A viewer model with these layers."""
    pytest.importorskip("napari")
    from napari.components import ViewerModel
    from napari.layers import Layer

    viewer = ViewerModel()
    for layer in layers:
        viewer.add_layer(Layer.create(*layer))
    return viewer


def some_poses(**options: Any) -> Any:
    """Two frames of two keypoints, of which each is seen once."""
    position = np.full((2, 2, 2, 1), np.nan)
    position[0, :, 0, 0] = [10, 20]
    position[1, :, 1, 0] = [30, 40]
    return make_poses(position, keypoints=["nose", "tail"], fps=25, **options)


def test_points_are_frame_y_x_and_leave_out_what_is_not_seen() -> None:
    data, options, kind = points_layer(some_poses())
    assert kind == "points"
    np.testing.assert_allclose(data, [[0, 20, 10], [1, 40, 30]])
    assert list(options["features"]["keypoint"]) == ["nose", "tail"]
    assert not options["features"]["edited"].any()
    assert options["metadata"]["fps"] == 25.0
    assert options["metadata"]["unit"] == "px"


def test_individuals_share_a_layer_and_differ_in_colour() -> None:
    poses = make_poses(np.ones((3, 2, 1, 2)), keypoints=["nose"], individuals=["a", "b"], fps=25)
    data, options, _ = points_layer(poses)
    assert len(data) == 6
    assert set(options["features"]["individual"]) == {"a", "b"}
    layer = in_napari([(data, options, "points")]).layers[0]
    assert len(np.unique(layer.face_color, axis=0)) == 2


def test_points_of_another_view_follow_the_steps_of_the_slider() -> None:
    steps = np.array([-1, 0, 0, 1])
    data, options, _ = points_layer(some_poses(), steps=steps)
    np.testing.assert_allclose(data, [[1, 20, 10], [2, 20, 10], [3, 40, 30]])
    assert options["metadata"]["steps"] is steps


def test_skeleton_joins_only_what_is_seen() -> None:
    position = np.zeros((3, 2, 2, 1))
    position[:, :, 1, 0] = [3, 4]
    position[1, :, 1, 0] = np.nan
    poses = make_poses(position, keypoints=["nose", "tail"], fps=25)
    data, _, kind = skeleton_layer(poses, [("nose", "tail"), ("nose", "ear")])
    assert kind == "vectors"
    np.testing.assert_allclose(data[:, 0], [[0, 0, 0], [2, 0, 0]])
    np.testing.assert_allclose(data[:, 1], [[0, 4, 3], [0, 4, 3]])
    assert len(in_napari([(data, {}, "vectors")]).layers[0].data) == 2


def test_trails_have_no_gaps_and_end_at_a_pause() -> None:
    position = np.ones((100, 2, 2, 2))
    position[20:60, :, :, 0] = np.nan
    position[:, :, :, 1] = np.nan
    found = tracks_layer(make_poses(position, keypoints=list("ab"), individuals=list("xy"), fps=25))
    assert found is not None
    data, options, _ = found
    assert np.isfinite(data).all()
    assert list(np.unique(data[:, 0], return_counts=True)[1]) == [20, 40]
    assert set(options["features"]["individual"]) == {0}
    in_napari([found])
    nothing = make_poses(np.full((2, 2, 1, 1), np.nan), keypoints=["a"], fps=25)
    assert tracks_layer(nothing) is None


def test_a_single_frame_is_shown_as_the_whole_is() -> None:
    poses = some_poses()
    here = MovingPoses("top ", poses, edges=[("nose", "tail")])
    there = MovingPoses("side ", poses, steps=np.array([-1, 0]), offset=(5.0, 7.0))
    lines, dots = live_layers([here, there])
    assert lines[0].shape == (0, 2, 2)
    assert list(dots[1]["shown"]) == [True, False, False, False]
    assert list(dots[1]["features"]["view"]) == ["top", "top", "side", "side"]
    np.testing.assert_allclose(dots[0][0], [20, 10])
    seen = at_step([here, there], 1)
    assert list(seen.seen) == [False, True, True, False]
    np.testing.assert_allclose(seen.points[[1, 2]], [[40, 30], [25, 17]])
    assert not here.at(7).seen.any()
    assert [kind for _, _, kind in here.whole()] == ["vectors", "points"]
    viewer = in_napari([lines, dots])
    viewer.layers[1].data = seen.points
    viewer.layers[0].data = seen.vectors
    assert live_layers([]) == []


def test_points_tell_their_confidence_and_whether_a_person_placed_them() -> None:
    poses = some_poses(confidence=np.array([[[0.9], [0.8]], [[0.7], [0.6]]]))
    marked = poses.assign(edited=poses["confidence"] == np.float32(0.6))
    _, options, _ = points_layer(marked)
    assert list(options["features"]["edited"]) == [False, True]
    assert "edited" not in options["metadata"]["poses"]
    seen = at_step([MovingPoses("", marked)], 1)
    np.testing.assert_allclose(seen.confidence, [0.7, 0.6])
    assert list(seen.edited) == [False, True]
    assert np.isnan(at_step([MovingPoses("", marked)], 9).confidence).all()


def test_views_out_of_step() -> None:
    film = np.arange(3 * 2 * 2, dtype=np.uint8).reshape(3, 2, 2)
    shown = InStep(film, np.array([-1, 0, 2, 2]))
    assert shown.shape == (4, 2, 2)
    np.testing.assert_array_equal(shown[2], film[2])
    np.testing.assert_array_equal(shown[0], 0)
    np.testing.assert_array_equal(shown[1:3, 1], film[[0, 2], 1])
    np.testing.assert_array_equal(np.asarray(shown), [np.zeros((2, 2)), *film[[0, 2, 2]]])


def test_the_slider_counts_frames_and_knows_moments() -> None:
    position = np.ones((3, 2, 1, 1))
    poses = make_poses(position, keypoints=["a"], fps=10, frames=[2, 3, 5], times=[0.2, 0.3, 0.5])
    timeline = Timeline.of_poses(poses)
    np.testing.assert_allclose(timeline.times, [0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [timeline.step(moment) for moment in (-1, 0.3, 0.39, 0.4, 9)] == [0, 3, 3, 4, 5]
    assert timeline.moment(99) == pytest.approx(0.5)


def test_masks_lie_over_their_film() -> None:
    masks = InStep(np.ones((2, 3, 4), dtype=np.uint8), np.array([0, 0, 1]))
    layer = masks_layer(masks, np.array([1.0, 5.0, 9.0]), np.array([2.0, 6.0, 10.0, 14.0]))
    shown = in_napari([layer]).layers[0]
    np.testing.assert_allclose(shown.scale, [1, 4, 4])
    np.testing.assert_allclose(shown.translate, [0, 1, 2])


def test_walls_and_views_beside_each_other() -> None:
    outline = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]])
    ((data, options, kind),) = beside([outline_layer(outline)], (0.0, 100.0))
    assert kind == "shapes"
    np.testing.assert_allclose(data[0], outline[:, ::-1])
    assert options["translate"] == (0.0, 100.0)
    in_napari([(data, options, kind), outline_layer(np.zeros((3, 3)), fill=True)])


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


def test_lengths_are_in_the_unit_of_the_file() -> None:
    mouse = np.zeros((2, 3, 2, 1))
    mouse[:, 0, 1] = 120
    sizes = {}
    for unit in ("mm", "cm", "unknown"):
        poses = make_poses(mouse, keypoints=["nose", "tail"], fps=25, unit=unit)
        _, options, _ = points_layer(poses)
        sizes[unit] = options["size"]
        axis = "pixel" if unit == "unknown" else unit
        assert options["units"] == ("pixel", axis, axis, axis)
        in_napari([points_layer(poses), skeleton_layer(poses, [("nose", "tail")])])
    assert sizes["mm"] == sizes["unknown"] == 10 * sizes["cm"]


def test_every_view_of_a_file_has_its_layers(tmp_path: Path) -> None:
    xr = pytest.importorskip("xarray")
    one = make_poses(np.ones((2, 2, 1, 1)), keypoints=["nose"], fps=25)
    both = xr.concat([one, one + 10], dim="view").assign_coords(view=["top", "side"])
    both["confidence"] = both["confidence"].clip(0, 1)
    file = tmp_path / "rig.nc"
    both.rename(keypoint="keypoints", individual="individuals").assign_attrs(
        ds_type="poses", fps=25
    ).to_netcdf(file)
    read = get_reader(str(file))
    assert read is not None
    top, side = read(str(file))
    assert [top[1]["name"], side[1]["name"]] == ["rig top", "rig side"]
    assert top[1]["metadata"]["view"] == "top"
    np.testing.assert_allclose(side[0] - top[0], [[0, 10, 10]] * 2)


def test_keypoints_without_names_are_numbered(tmp_path: Path) -> None:
    file = tmp_path / "mouse.csv"
    file.write_text("1,2,3,4,5,6,7,8,9\n" * 3)
    read = get_reader(str(file))
    assert read is not None
    ((data, options, _),) = read(str(file))
    assert data.shape == (9, 4)
    assert sorted(set(options["features"]["keypoint"])) == ["1", "2", "3"]
    # Pairs or triples: only a person knows.
    file.write_text("1,2,3,4,5,6\n" * 3)
    with pytest.raises(FormatError, match="6 columns without names"):
        read(str(file))


def test_the_sample_opens_in_napari() -> None:
    viewer = in_napari(synthetic_mouse())
    assert {layer.ndim for layer in viewer.layers} == {4}
    assert viewer.dims.nsteps[0] >= 20 * 30
