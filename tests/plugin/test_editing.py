"""Keypoints corrected in a viewer: what a person does becomes acts, at once and for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.errors import DataError, MouseGPTError
from mousegpt_core.pipeline.correcting import pose_edits
from mousegpt_core.pipeline.recording_stages import pose_sources, pose_stage
from mousegpt_core.study import Study
from napari_mousegpt.manners import Manners

pytest.importorskip("napari")


@pytest.fixture
def folder(own_study: Study) -> Path:
    """A copy of the study."""
    return own_study.folder


@pytest.fixture
def edit(folder: Path) -> Iterator[Callable[..., Any]]:
    """Open the study in a viewer of its own and correct it."""
    from napari.components import ViewerModel

    from napari_mousegpt.editable import read_editable
    from napari_mousegpt.editing import Editing
    from napari_mousegpt.session import session_of

    opened: list[tuple[Any, Any]] = []

    def begin(who: str = "me") -> Any:
        viewer = ViewerModel()
        session = session_of(viewer)
        session.open_study(folder)
        editing = Editing(session, read_editable(session)(), who=who)
        opened.append((viewer, editing))
        return editing

    yield begin
    for _, editing in opened:
        editing.close()


def saved(editing: Any, folder: Path) -> list[Any]:
    """Acts on the disk, once all are there."""
    while editing.corrections.unsaved:
        editing.poll()
        time.sleep(0.01)
    return pose_edits(Study.open(folder).recording("flat"))


def points_of(editing: Any) -> Any:
    return editing.session.points


def drag(editing: Any, number: int, y: float, x: float) -> None:
    """As napari's select tool does it: it moves the data, then tells."""
    points = points_of(editing)
    points.selected_data = {number}
    points._set_drag_start({number}, points.data[number])
    points._move({number}, np.array([y, x]))


def test_nothing_is_placed_on_the_picture_of_another_moment(
    edit: Callable[..., Any], folder: Path
) -> None:
    editing = edit()
    told: list[str] = []
    editing.told.connect(told.append)
    late, editing.session.manners = editing.session.manners, Manners(are_late=lambda: True)
    before = points_of(editing).data.copy()
    drag(editing, 1, 12.0, 34.0)
    np.testing.assert_array_equal(points_of(editing).data, before)
    assert "still being read" in told[0]
    editing.session.manners = late
    drag(editing, 1, 12.0, 34.0)
    assert len(saved(editing, folder)) == 1


def test_a_drag_is_kept_at_once_and_only_that(edit: Callable[..., Any], folder: Path) -> None:
    editing = edit()
    editing.session.viewer.dims.set_current_step(0, 10)
    before = points_of(editing).data.copy()
    drag(editing, 1, 12.0, 34.0)
    (act,) = saved(editing, folder)
    assert (act.who, act.view, act.edit.frame) == ("me", "top", 10)
    assert act.edit.points == (("neck", "M1"),)
    assert act.edit.to == ((34.0, 12.0),)
    now = points_of(editing).data
    np.testing.assert_allclose(now[1], [12.0, 34.0])
    np.testing.assert_array_equal(now[[0, 2]], before[[0, 2]])
    editing.session.viewer.dims.set_current_step(0, 11)
    editing.session.viewer.dims.set_current_step(0, 10)
    np.testing.assert_allclose(points_of(editing).data[1], [12.0, 34.0])
    again = edit("you")
    again.session.viewer.dims.set_current_step(0, 10)
    np.testing.assert_allclose(points_of(again).data[1], [12.0, 34.0])


def test_walking_through_the_film_is_no_act(edit: Callable[..., Any], folder: Path) -> None:
    editing = edit()
    for step in (5, 80, 3):
        editing.session.viewer.dims.set_current_step(0, step)
        editing.select([0, 2])
    assert saved(editing, folder) == []


def test_deleted_points_are_placed_again_by_clicks(edit: Callable[..., Any], folder: Path) -> None:
    editing = edit()
    points = points_of(editing)
    editing.select([0, 2])
    points.remove_selected()
    assert len(points.data) == 3
    assert points.shown.tolist() == [False, True, False]
    assert list(points.features["keypoint"]) == ["nose", "neck", "tailbase"]
    points.add([21.0, 22.0])
    points.add([23.0, 24.0])
    assert points.shown.all()
    np.testing.assert_allclose(points.data[[0, 2]], [[21, 22], [23, 24]])
    assert len(points.data) == len(points.features) == 3
    assert [one.edit.kind for one in saved(editing, folder)] == ["delete", "move", "move"]
    points.add([30.0, 30.0])  # nothing is missing any more
    assert len(points.data) == 3
    editing.target = "neck"
    points.add([30.0, 30.0])
    np.testing.assert_allclose(points.data[1], [30, 30])


def test_hidden_points_are_small_and_shown_again(edit: Callable[..., Any], folder: Path) -> None:
    editing = edit()
    points = points_of(editing)
    size = points.size[0]
    editing.select([0])
    editing.hide()
    assert points.size[0] < size == points.size[1]
    editing.select([0])
    editing.hide()
    assert points.size[0] == size
    assert [one.edit.kind for one in saved(editing, folder)] == ["hide", "show"]


def test_undo_and_redo(edit: Callable[..., Any], folder: Path) -> None:
    editing = edit()
    start = points_of(editing).data.copy()
    drag(editing, 0, 1.0, 2.0)
    drag(editing, 1, 3.0, 4.0)
    editing.undo()
    np.testing.assert_allclose(points_of(editing).data[:2], [[1, 2], start[1]])
    editing.undo()
    np.testing.assert_array_equal(points_of(editing).data, start)
    assert editing.undo() is None
    editing.redo()
    np.testing.assert_allclose(points_of(editing).data[:2], [[1, 2], start[1]])
    drag(editing, 2, 5.0, 6.0)
    assert editing.redo() is None
    assert len(saved(editing, folder)) == 2


def test_a_range_is_interpolated(edit: Callable[..., Any], folder: Path) -> None:
    editing = edit()
    steps = editing.session.viewer.dims
    for step, y in ((10, 0.0), (20, 10.0)):
        steps.set_current_step(0, step)
        drag(editing, 0, y, 5.0)
        editing.mark_range(start=step == 10)
    assert editing.range == (10, 20)
    editing.select([0])
    editing.interpolate()
    steps.set_current_step(0, 14)
    np.testing.assert_allclose(points_of(editing).data[0], [4.0, 5.0])
    assert saved(editing, folder)[-1].edit.frames() == (11, 20)


def test_what_has_no_sides_or_no_other_animal_is_told(edit: Callable[..., Any]) -> None:
    editing = edit()
    with pytest.raises(DataError):
        editing.swap_sides()
    with pytest.raises(DataError):
        editing.swap_identities("M1")


def test_the_keyboard_is_enough(edit: Callable[..., Any], folder: Path) -> None:
    editing = edit()
    editing.select_next()
    assert editing.selected() == [0]
    editing.select_next(-1)
    assert editing.selected() == [2]
    before = points_of(editing).data[2].copy()
    editing.nudge(1.0, -2.0)
    np.testing.assert_allclose(points_of(editing).data[2] - before, (1, -2), atol=1e-4)
    assert editing.selected() == [2]


def test_two_windows_on_one_study(edit: Callable[..., Any], folder: Path) -> None:
    one, two = edit("one"), edit("two")
    drag(one, 0, 1.0, 1.0)
    drag(two, 1, 2.0, 2.0)
    drag(one, 2, 3.0, 3.0)
    drag(two, 2, 4.0, 4.0)
    while one.corrections.unsaved or two.corrections.unsaved:
        time.sleep(0.01)
    for _ in range(1000):
        one.poll()
        two.poll()
        if len(one.corrections.done) == len(two.corrections.done) == 4:
            break
        time.sleep(0.01)
    np.testing.assert_array_equal(points_of(one).data, points_of(two).data)
    assert {act.who for act in one.corrections.done} == {"one", "two"}


def test_an_act_that_cannot_be_saved_is_told_and_saved_later(
    edit: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mousegpt_core.study import Log

    editing = edit()
    write = Log.add_edit

    def full(*_: Any, **__: Any) -> str:
        raise MouseGPTError("the disk is full", hint="make room")

    monkeypatch.setattr(Log, "add_edit", full)
    drag(editing, 0, 1.0, 1.0)
    drag(editing, 1, 2.0, 2.0)
    with pytest.raises(MouseGPTError, match="full"):
        saved(editing, folder)
    np.testing.assert_allclose(points_of(editing).data[0], [1, 1])
    monkeypatch.setattr(Log, "add_edit", write)
    assert [act.edit.points[0][0] for act in saved(editing, folder)] == ["nose", "neck"]


def test_an_act_that_cannot_be_saved_as_one_leaves_is_saved_later(
    edit: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mousegpt_core.study import Log

    def full(*_: Any, **__: Any) -> str:
        raise MouseGPTError("the disk is full", hint="make room")

    editing = edit()
    with monkeypatch.context() as patch:
        patch.setattr(Log, "add_edit", full)
        drag(editing, 0, 1.0, 1.0)
        with pytest.raises(MouseGPTError, match="full"):
            editing.corrections.close()
    editing.corrections.close()
    assert len(pose_edits(Study.open(folder).recording("flat"))) == 1


def test_doubtful_moments_are_gone_to(edit: Callable[..., Any]) -> None:
    editing = edit()
    editing.session.viewer.dims.set_current_step(0, 40)
    drag(editing, 0, 300.0, 300.0)
    # What a person placed is not doubted; the same in the file is.
    assert 40 not in editing.doubts()["step"].tolist()
    editing.corrections._read["top"]["position"].values[60, :, 0, 0] += 30
    queue = editing.doubts()
    worst = queue.iloc[0]
    assert worst["step"] == 60
    editing.go_to(worst)
    assert editing.step == 60
    assert editing.selected() == [0]
    editing.accept()
    assert editing.doubts().empty


def test_what_was_corrected_before_can_be_taken_back(
    edit: Callable[..., Any], folder: Path
) -> None:
    """Poses are shown as they were corrected, yet as they were read is known."""
    first = edit()
    drag(first, 0, 33.0, 44.0)
    (act,) = saved(first, folder)
    first.close()
    editing = edit()
    np.testing.assert_allclose(points_of(editing).data[0, -2:], (33, 44), atol=1e-3)
    recording = Study.open(folder).recording("flat")
    source = pose_sources(recording)[0]
    on_disk = recording.store.read_dataset(pose_stage(source)).load()
    xr.testing.assert_identical(editing.corrections.as_read(source.view), on_disk)
    editing.corrections.take_back(act)
    (edited,) = editing.corrections.states.values()
    there = on_disk["position"].transpose("time", "keypoint", "individual", "space")
    np.testing.assert_array_equal(edited.position, there)
    xr.testing.assert_identical(editing.corrections.as_read(source.view), on_disk)


def test_what_is_shown_in_space_cannot_be_corrected(folder: Path) -> None:
    from napari.components import ViewerModel

    from napari_mousegpt.editable import read_editable
    from napari_mousegpt.session import session_of

    viewer = ViewerModel()
    session = session_of(viewer)
    session.open_study(folder, recording="space")
    with pytest.raises(DataError) as caught:
        read_editable(session)
    assert caught.value.hint


def test_a_range_counts_only_while_it_is_looked_at(edit: Callable[..., Any], folder: Path) -> None:
    editing = edit()
    steps = editing.session.viewer.dims
    steps.set_current_step(0, 10)
    editing.mark_range(start=True)
    steps.set_current_step(0, 20)
    editing.mark_range(start=False)
    assert "10-20" in editing.range_words()
    steps.set_current_step(0, 50)
    assert "outside" in editing.range_words()
    editing.select([0])
    editing.interpolate()
    assert saved(editing, folder)[-1].edit.frames() == (50, 51)
    steps.set_current_step(0, 5)
    editing.mark_range(start=False)
    assert editing.range == (5, 5)


def test_missing_points_are_filled_between_their_neighbours(
    edit: Callable[..., Any], folder: Path
) -> None:
    editing = edit()
    editing.session.viewer.dims.set_current_step(0, 30)
    before = points_of(editing).data.copy()
    editing.select([0, 1])
    editing.delete()
    assert points_of(editing).shown.tolist() == [False, False, True]
    editing.fill_missing()
    np.testing.assert_allclose(points_of(editing).data, before, atol=1e-3)
    editing.fill_missing()
    assert len(saved(editing, folder)) == 2


def test_looking_closely_and_back(edit: Callable[..., Any]) -> None:
    editing = edit()
    camera = editing.session.viewer.scene.camera
    zoom, size = camera.zoom, points_of(editing).size[0]
    editing.select([0])
    editing.look_closely()
    assert camera.zoom > zoom
    np.testing.assert_allclose(camera.center[-2:], points_of(editing).data[0])
    assert points_of(editing).size[0] < size
    editing.look_closely()
    assert (camera.zoom, points_of(editing).size[0]) == (zoom, size)


def test_views_that_are_arranged_anew_keep_corrections(edit: Callable[..., Any]) -> None:
    from dataclasses import replace

    editing = edit()
    drag(editing, 0, 5.0, 6.0)
    (moving,) = editing.session.opened.moving
    editing.session.opened.moving[0] = replace(moving, offset=(100.0, 0.0))
    editing.session.redraw()
    np.testing.assert_allclose(points_of(editing).data[0], [105.0, 6.0])
    drag(editing, 0, 110.0, 7.0)
    assert editing.corrections.done[-1].edit.to == ((7.0, 10.0),)


def test_what_was_corrected_stays_when_the_dock_is_closed(edit: Callable[..., Any]) -> None:
    editing = edit()
    drag(editing, 0, 5.0, 6.0)
    editing.select([1])
    editing.hide()
    editing.close()
    points = points_of(editing)
    np.testing.assert_allclose(points.data[0], [5, 6])
    assert points.shown.tolist() == [True, False, True]
    assert not points.border_width.any()


def test_trails_go_where_corrections_are(edit: Callable[..., Any]) -> None:
    editing = edit()
    trails = editing.session.viewer.layers["top trails"]
    before = trails.data.copy()
    editing.session.viewer.dims.set_current_step(0, 10)
    drag(editing, 1, 60.0, 34.0)
    editing.retrace()
    (changed,) = np.flatnonzero((trails.data != before).any(axis=1))
    assert trails.data[changed, 1] == 10
    shown = editing.session.points.data
    np.testing.assert_allclose(trails.data[changed, 2:], shown.mean(axis=0), rtol=1e-5)
    assert trails.color_by == "individual"
    editing.undo()
    editing.retrace()
    np.testing.assert_array_equal(trails.data, before)
