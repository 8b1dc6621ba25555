"""The dock Views, by mouse and keys."""

from __future__ import annotations

import gc
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np
import pytest

pytest.importorskip("pytestqt")

from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QPushButton

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.study import Recording, Study
from napari_mousegpt import saving
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.views import Views
from napari_mousegpt.session import Session, session_of

NEST = np.array([[10.0, 5.0], [10.0, 45.0], [50.0, 45.0], [50.0, 5.0]])


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def views(qtbot: Any, viewer: ViewerModel, own_study: Study) -> Any:
    session, runner = session_of(viewer), Runner()
    widget = Views(session, runner)
    qtbot.addWidget(widget)
    session.open_study(own_study.folder)
    yield widget
    runner.close()


def press(qtbot: Any, widget: Any, text: str) -> None:
    """Click the button that begins so."""
    (found,) = (b for b in widget.findChildren(QPushButton) if b.text().startswith(text))
    assert found.isEnabled()
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def test_one_view_needs_no_layout(views: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert views._list.isVisibleTo(views)
    monkeypatch.setattr(Session, "views", views._session.views[:1])
    views.refresh()
    assert "one view" in views._note.text()
    assert not views._list.isVisibleTo(views)
    assert not views._layout.isVisibleTo(views)


def test_views_are_hidden_and_shown_alone(qtbot: Any, viewer: ViewerModel, views: Any) -> None:
    items = [views._list.item(row) for row in range(views._list.count())]
    assert [item.text() for item in items] == ["top (main)", "side"]
    items[1].setCheckState(Qt.CheckState.Unchecked)
    assert not viewer.layers["side"].visible
    views._list.item(1).setCheckState(Qt.CheckState.Checked)
    assert viewer.layers["side"].visible
    views._layout.setCurrentIndex(views._layout.findData("one"))
    views._layout.activated.emit(views._layout.currentIndex())
    assert not viewer.layers["side"].visible
    views._list.setCurrentRow(1)
    assert viewer.layers["side"].visible
    assert not viewer.layers["top"].visible


def test_what_else_is_shown_is_chosen(viewer: ViewerModel, views: Any) -> None:
    boxes, seconds = views.findChildren(QCheckBox)
    boxes.click()
    assert viewer.layers["boxes"].visible
    viewer.layers["boxes"].visible = False
    assert not boxes.isChecked()
    seconds.click()
    assert viewer.dims.axis_labels[0] == "time"
    (colours,) = (
        each for each in views.findChildren(QComboBox) if each.accessibleName().startswith("Colour")
    )
    colours.setCurrentIndex(2)
    colours.activated.emit(2)
    assert len(np.unique(viewer.layers["keypoints"].face_color, axis=0)) == 1


def test_a_view_is_nudged_saved_and_taken_back(
    qtbot: Any, viewer: ViewerModel, views: Any, own_study: Study
) -> None:
    def saved() -> float:
        return own_study.recording("flat").info.view("side").offset_s

    assert not views._offset._seconds.isEnabled()  # the main view's clock is the recording's
    views._list.setCurrentRow(1)
    first = np.asarray(viewer.layers["side"].data[10])
    press(qtbot, views, "frame")
    press(qtbot, views, "frame")
    press(qtbot, views, "◀")
    assert np.array_equal(np.asarray(viewer.layers["side"].data[9]), first)
    assert "+9 frames" in views._offset._words.text()
    qtbot.waitUntil(lambda: saved() == pytest.approx(0.36), timeout=60_000)
    assert "Saved: offset of side" in views._said.text()
    assert np.array_equal(np.asarray(viewer.layers["side"].data[9]), first)
    press(qtbot, views, "Undo")
    assert saved() == pytest.approx(0.4)
    assert views._offset._seconds.value() == pytest.approx(0.4)
    # Whole frames, however often, though the field shows four digits.
    views._offset._view = replace(views._offset._view, period=1 / 30)
    views._offset._seconds.setValue(0.0)
    for _ in range(30):
        press(qtbot, views, "frame ▶")
    assert views._offset._seconds.value() == pytest.approx(-1.0, abs=1e-9)


def test_what_was_nudged_is_saved_of_the_recording_it_was_nudged_in(
    views: Any, own_study: Study
) -> None:
    views._list.setCurrentRow(1)
    views._offset._seconds.setValue(0.2)
    views._session.open_recording("space")
    assert own_study.recording("flat").info.view("side").offset_s == pytest.approx(0.2)


def test_what_is_not_saved_yet_is_saved_where_it_was_made(
    viewer: ViewerModel, views: Any, own_study: Study, tmp_path: Path
) -> None:
    other = Study.open(shutil.copytree(own_study.folder, tmp_path / "other"))
    views._list.setCurrentRow(1)
    views._offset._seconds.setValue(0.2)
    views._ground.draw("zone")
    viewer.layers.selection.active.add_rectangles(NEST)
    views._session.open_study(other.folder)  # its recordings have the same names
    infos = [study.recording("flat").info for study in (own_study, other)]
    assert [info.view("side").offset_s for info in infos] == pytest.approx([0.2, 0.4])
    assert [len(info.zones) for info in infos] == [1, 0]


def test_what_is_not_saved_yet_is_saved_as_the_dock_is_closed(
    viewer: ViewerModel, views: Any, own_study: Study
) -> None:
    views.show()
    views._list.setCurrentRow(1)
    views._offset._seconds.setValue(0.2)
    views._ground.draw("zone")
    viewer.layers.selection.active.add_rectangles(NEST)
    views.hide()
    info = own_study.recording("flat").info
    assert info.view("side").offset_s == pytest.approx(0.2)
    assert len(info.zones) == 1


def test_zones_are_drawn_named_deleted(
    qtbot: Any, viewer: ViewerModel, views: Any, own_study: Study
) -> None:
    def zones() -> list[str]:
        return [zone.name for zone in own_study.recording("flat").info.zones]

    press(qtbot, views, "Draw a zone")
    layer = viewer.layers.selection.active
    assert str(layer.mode) == "add_rectangle"
    layer.add_rectangles(NEST)
    qtbot.waitUntil(lambda: zones() == ["zone 1"], timeout=60_000)
    (zone,) = own_study.recording("flat").info.zones
    assert zone.view == "top"
    assert set(zone.corners) == {(5, 10), (45, 10), (45, 50), (5, 50)}
    names = views._ground._names
    names.item(0).setText("nest")
    qtbot.waitUntil(lambda: zones() == ["nest"], timeout=60_000)
    # It is there when the recording is opened again, and goes on being watched.
    views._session.reopen()
    layer = viewer.layers["top zones"]
    layer.add_polygons(NEST[:3] + 3)
    qtbot.waitUntil(lambda: zones() == ["nest", "zone 1"], timeout=60_000)
    names.setCurrentRow(0)
    press(qtbot, views, "Delete")
    qtbot.waitUntil(lambda: zones() == ["zone 1"], timeout=60_000)
    for expected in (["nest", "zone 1"], ["nest"], ["zone 1"], []):
        press(qtbot, views, "Undo")
        assert zones() == expected
        assert list(viewer.layers["top zones"].features["name"]) == expected


def test_zones_whose_layer_was_taken_away_are_there_again(
    qtbot: Any, viewer: ViewerModel, views: Any, own_study: Study
) -> None:
    def zones() -> dict[str, set[Any]]:
        return {zone.name: set(zone.corners) for zone in own_study.recording("flat").info.zones}

    press(qtbot, views, "Draw a zone")
    viewer.layers.selection.active.add_rectangles(NEST)
    qtbot.waitUntil(lambda: len(zones()) == 1, timeout=60_000)
    before = zones()
    viewer.layers.remove("top zones")
    press(qtbot, views, "Draw a zone")
    layer = viewer.layers["top zones"]
    assert list(layer.features["name"]) == ["zone 1"]
    # While it is drawn it is neither saved nor touched.
    layer._is_creating = True
    layer.add_rectangles(NEST / 2)
    held = [np.array(each) for each in layer.data]
    qtbot.wait(800)
    assert zones() == before
    assert all(map(np.array_equal, layer.data, held))
    layer._is_creating = False
    qtbot.waitUntil(lambda: len(zones()) == 2, timeout=60_000)
    assert zones().items() > before.items()
    viewer.layers.remove("top zones")
    views._ground._names.setCurrentRow(1)
    press(qtbot, views, "Delete")
    qtbot.waitUntil(lambda: zones() == before, timeout=60_000)


def test_zones_of_what_is_no_longer_shown_are_let_go_while_the_dock_stays(
    qtbot: Any, viewer: ViewerModel, views: Any
) -> None:
    press(qtbot, views, "Draw a zone")
    layer = ref(viewer.layers["top zones"])
    views._session.open_recording("space")
    viewer.layers.selection.active = viewer.layers[0]  # napari keeps the last
    gc.collect()
    assert layer() is None
    assert views.isEnabled()


def test_zones_that_cannot_be_saved_stay_until_they_are(
    qtbot: Any, viewer: ViewerModel, own_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise MouseGPTError("the disk is full", hint="make room")

    def zones() -> list[str]:
        return [zone.name for zone in own_study.recording("flat").info.zones]

    monkeypatch.setattr(saving, "_PATIENCE_S", 0.1)
    session, runner = session_of(viewer), Runner()
    views = Views(session, runner)
    qtbot.addWidget(views)
    session.open_study(own_study.folder)
    notification_manager.records.clear()
    press(qtbot, views, "Draw a zone")
    layer = viewer.layers.selection.active
    with monkeypatch.context() as patch:
        patch.setattr(Recording, "update", full)
        layer.add_rectangles(NEST)
        qtbot.waitUntil(lambda: bool(notification_manager.records), timeout=60_000)
        session.refresh()
        assert len(layer.data) == 1
        layer.add_polygons(NEST[:3] + 3)
        qtbot.wait(500)
        assert zones() == []
    qtbot.waitUntil(lambda: zones() == ["zone 1", "zone 2"], timeout=60_000)
    assert len(layer.data) == 2
    runner.close()


def test_zones_of_two_windows_are_both_kept(
    qtbot: Any, viewer: ViewerModel, views: Any, own_study: Study
) -> None:
    def zones() -> list[str]:
        return [zone.name for zone in own_study.recording("flat").info.zones]

    press(qtbot, views, "Draw a zone")
    theirs = {"name": "theirs", "view": "top", "corners": [(1, 1), (9, 1), (9, 9)]}
    side = {**theirs, "view": "side"}
    own_study.recording("flat").change(zones=[theirs, side])
    layer = viewer.layers.selection.active
    layer.add_rectangles(NEST)
    qtbot.waitUntil(lambda: zones() == ["zone 1", "theirs", "theirs"], timeout=60_000)
    assert list(layer.features["name"]) == ["zone 1", "theirs"]
    press(qtbot, views, "Undo")
    assert zones() == ["theirs", "theirs"]


def test_scale_by_a_line(qtbot: Any, viewer: ViewerModel, views: Any, own_study: Study) -> None:
    press(qtbot, views, "Set scale")
    assert "length" in str(notification_manager.records[-1].message)
    press(qtbot, views, "Draw a length")
    layer = viewer.layers.selection.active
    assert str(layer.mode) == "add_line"
    layer.add_lines(np.array([[10.0, 10.0], [10.0, 50.0]]))
    views._ground._cm.setValue(8.0)
    press(qtbot, views, "Set scale")
    assert layer not in viewer.layers
    assert own_study.recording("flat").info.space.scale == pytest.approx(0.2)
    assert "5 px per cm" in views._ground._scale.text()
    assert "Movement" in views._said.text()
    press(qtbot, views, "Undo")
    assert own_study.recording("flat").info.space.scale == pytest.approx(1 / 3)


def test_walls_are_drawn_and_fitted(
    qtbot: Any, viewer: ViewerModel, views: Any, own_study: Study
) -> None:
    press(qtbot, views, "Draw walls")
    viewer.layers.selection.active.add_rectangles(NEST)
    qtbot.waitUntil(
        lambda: own_study.recording("flat").info.arena.shape == "polygon", timeout=60_000
    )
    assert "as drawn" in views._ground._arena.text()
    press(qtbot, views, "Fit")
    assert own_study.recording("flat").info.arena.shape == "none"


def test_in_3d_the_ground_is_that_of_the_poses(views: Any) -> None:
    views._session.open_recording("space")
    enabled = [b.text() for b in views._ground.findChildren(QPushButton) if b.isEnabled()]
    assert enabled == []
    assert "3D" in views._ground._words.text()


def test_a_zone_that_is_not_measured_is_told_at_once(
    qtbot: Any, viewer: ViewerModel, views: Any
) -> None:
    views._list.setCurrentRow(1)
    press(qtbot, views, "Draw a zone")
    viewer.layers.selection.active.add_rectangles(NEST)
    qtbot.waitUntil(lambda: "is not measured" in views._ground._words.text(), timeout=60_000)
