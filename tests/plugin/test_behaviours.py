"""The dock Behaviours by mouse and keys; it needs Qt (``nox -s window``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pytestqt")
pytest.importorskip("pyqtgraph")

from napari.components import ViewerModel
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QLineEdit

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.pipeline.behaviours import profiled
from mousegpt_core.study import Log, Study
from napari_mousegpt import saving
from napari_mousegpt._widgets.behaviours import Behaviours
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.search import Search
from napari_mousegpt.places import user_name
from napari_mousegpt.session import session_of

#: Far more than anything takes (ms).
LONG = 120_000


@pytest.fixture
def session() -> Any:
    viewer = ViewerModel()
    yield session_of(viewer)
    del viewer


@pytest.fixture
def runner(qtbot: Any) -> Any:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture
def study(own_study: Study) -> Study:
    """One that may be changed."""
    return own_study


@pytest.fixture
def dock(qtbot: Any, session: Any, runner: Any, study: Study) -> Behaviours:
    widget = Behaviours(session, runner)
    qtbot.addWidget(widget)
    widget.resize(500, 900)
    widget.show()
    qtbot.waitExposed(widget)
    session.open_study(study.folder, recording="space")
    _ready(qtbot, widget)
    return widget


def _ready(qtbot: Any, dock: Behaviours) -> None:
    qtbot.waitUntil(lambda: not (dock._reading.busy or dock._busy), timeout=LONG)
    qtbot.waitUntil(lambda: dock._map is not None, timeout=LONG)


def _pixel(dock: Behaviours, place: Any) -> Any:
    return dock._view.mapFromScene(dock._view.box.mapViewToScene(QPointF(*place)))


def _select(dock: Behaviours, *rows: int) -> list[str]:
    dock._table.clearSelection()
    for row in rows:
        dock._table.topLevelItem(row).setSelected(True)
    dock._table.setCurrentItem(
        dock._table.topLevelItem(rows[0]), 0, dock._table.selectionModel().SelectionFlag.NoUpdate
    )
    return dock._table.selected


def test_a_click_goes_to_the_clip_and_the_slider_moves_the_ring(
    qtbot: Any, dock: Behaviours, session: Any
) -> None:
    clips = dock._map.clips
    row = int(np.flatnonzero(clips["recording"] == "space")[20])
    qtbot.mouseClick(
        dock._view.viewport(), Qt.MouseButton.LeftButton, pos=_pixel(dock, dock._map.places[row])
    )
    qtbot.waitUntil(lambda: dock._current() == row, timeout=60_000)
    assert session.moment == pytest.approx(clips["start_s"][row], abs=0.05)
    x, y = dock._view._ring.getData()
    assert (x[0], y[0]) == pytest.approx(tuple(dock._map.places[row]))
    assert clips["overall"][row] in dock._under.text()
    session.go_to(0.1, recording="flat")
    other = dock._current()
    assert clips["recording"][other] == "flat"
    assert dock._view._ring.getData()[0][0] == pytest.approx(dock._map.places[other][0])


def test_clips_that_are_drawn_around_are_listed_and_made_a_behaviour(
    qtbot: Any, dock: Behaviours, session: Any, study: Study
) -> None:
    view = dock._view.viewport()
    low, high = dock._map.places.min(axis=0) - 1, dock._map.places.max(axis=0) + 1
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    steps = [_pixel(dock, corner) for corner in corners]
    left, shift = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
    qtbot.mousePress(view, left, shift, pos=steps[0])
    for step in [*steps[1:], steps[3]]:
        event = QMouseEvent(
            QMouseEvent.Type.MouseMove, QPointF(step), QPointF(view.mapToGlobal(step)),
            Qt.MouseButton.NoButton, left, shift,
        )  # fmt: skip
        QApplication.sendEvent(view, event)
        qtbot.wait(30)  # pyqtgraph looks at no more than a hundred moves a second
    qtbot.mouseRelease(view, left, shift, pos=steps[3])
    assert dock._chosen is not None
    count = int(dock._chosen.sum())
    assert count == len(dock._map.clips)
    assert dock._clips.count() == 60
    assert "60 of them" in dock._chosen_note.text()
    dock._clips.itemActivated.emit(dock._clips.item(30))
    assert session.moment > 0
    qtbot.keyClicks(dock._name, "everything")
    qtbot.keyClick(dock._name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(profiled(study).behaviours) == 1, timeout=LONG)
    _ready(qtbot, dock)
    qtbot.waitUntil(lambda: dock._table.topLevelItemCount() == 1, timeout=LONG)
    assert dock._table.topLevelItem(0).text(0) == "everything"
    dock._view.setFocus()
    qtbot.keyClick(dock._view, Qt.Key.Key_Escape)
    assert dock._chosen is None


def test_a_name_that_is_being_typed_outlives_the_end_of_a_job(
    qtbot: Any, dock: Behaviours, session: Any
) -> None:
    _select(dock, 0)
    qtbot.keyClick(dock._table, Qt.Key.Key_F2)
    editor = dock._table.viewport().findChild(QLineEdit)
    editor.setText("going about")
    session.refresh()  # as a job ends
    _ready(qtbot, dock)
    assert editor.isVisible()
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    _ready(qtbot, dock)
    qtbot.waitUntil(lambda: dock._table.topLevelItem(0).text(0) == "going about", timeout=LONG)


def test_behaviours_are_renamed_merged_split_and_taken_back(
    qtbot: Any, dock: Behaviours, study: Study
) -> None:
    before = [group.name for group in dock._map.colouring.groups]
    assert sorted(before) == sorted(profiled(study).behaviours["name"])

    def names() -> list[str]:
        _ready(qtbot, dock)
        rows = range(dock._table.topLevelItemCount())
        return [dock._table.topLevelItem(row).text(0) for row in rows]

    assert names() == before
    assert not dock._acts["Undo"].isEnabled()
    profiled_before = set(profiled(study).behaviours["behaviour_id"])
    _select(dock, 0)
    dock._table.topLevelItem(0).setText(0, "going about")  # as its editor does
    qtbot.waitUntil(lambda: "going about" in names(), timeout=LONG)
    _select(dock, 0, 1)
    assert dock._acts["Merge"].isEnabled()
    dock._acts["Merge"].click()
    qtbot.waitUntil(lambda: len(names()) == len(before) - 1, timeout=LONG)
    _select(dock, 0)
    dock._acts["Split"].click()
    assert "Saving" in dock._under.text()
    qtbot.waitUntil(lambda: len(names()) == len(before), timeout=LONG)
    # The new part is chosen.
    (part,) = dock._table.selected
    assert part not in profiled_before
    assert set(study.log.edits("behaviour")["who"]) == {user_name()}
    assert sorted(profiled(study).behaviours["name"]) == sorted(names())
    for left in (len(before) - 1, len(before)):
        dock._acts["Undo"].click()
        qtbot.waitUntil(lambda left=left: len(names()) == left, timeout=LONG)
    dock._acts["Undo"].click()
    qtbot.waitUntil(lambda: names() == before, timeout=LONG)
    assert not dock._acts["Undo"].isEnabled()


def test_a_name_that_is_taken_is_refused_and_told(
    qtbot: Any, dock: Behaviours, study: Study
) -> None:
    from napari.utils.notifications import notification_manager

    before = [group.name for group in dock._map.colouring.groups]
    notification_manager.records.clear()
    _select(dock, 0)
    dock._table.topLevelItem(0).setText(0, before[1])
    qtbot.waitUntil(lambda: bool(notification_manager.records), timeout=LONG)
    assert "another behaviour" in str(notification_manager.records[-1].message)
    assert dock._table.topLevelItem(0).text(0) == before[0]
    qtbot.waitUntil(dock._acts["Rename"].isEnabled, timeout=LONG)
    assert not dock._acts["Undo"].isEnabled()


def test_a_name_that_cannot_be_saved_stays_until_it_is(
    qtbot: Any, dock: Behaviours, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> str:
        raise MouseGPTError("the disk is full", hint="make room")

    monkeypatch.setattr(saving, "_PATIENCE_S", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(Log, "add_edit", full)
        dock._table.topLevelItem(0).setText(0, "going about")
        qtbot.wait(200)
        assert dock._busy
        assert dock._table.topLevelItem(0).text(0) == "going about"
        assert not dock._acts["Undo"].isEnabled()
    qtbot.waitUntil(lambda: not dock._busy, timeout=LONG)
    assert "going about" in set(profiled(study).behaviours["name"])
    qtbot.waitUntil(dock._acts["Undo"].isEnabled, timeout=LONG)


def test_selected_behaviours_stand_out_and_others_can_be_hidden(
    qtbot: Any, dock: Behaviours
) -> None:
    _select(dock, 1)
    assert int(dock._chosen.sum()) == dock._map.colouring.groups[1].clips
    dock._table.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert dock._table.hidden == {dock._map.colouring.groups[0].id}
    assert int((~dock._view._shown).sum()) == dock._map.colouring.groups[0].clips
    # Of treatments nothing can be renamed.
    dock._colours.setCurrentIndex(1)
    dock._colours.activated.emit(1)
    _ready(qtbot, dock)
    item = dock._table.topLevelItem(0)
    assert not item.flags() & Qt.ItemFlag.ItemIsEditable
    assert not dock._acts["Merge"].isEnabled()


def test_keys_zoom_the_map(qtbot: Any, dock: Behaviours) -> None:
    def width() -> float:
        return float(dock._view.box.viewRect().width())

    whole = width()
    dock._view.setFocus()
    qtbot.keyClick(dock._view, Qt.Key.Key_Plus)
    assert width() < whole
    qtbot.keyClick(dock._view, Qt.Key.Key_Minus)
    qtbot.keyClick(dock._view, Qt.Key.Key_Minus)
    assert width() > whole
    qtbot.keyClick(dock._view, Qt.Key.Key_0)
    assert width() == pytest.approx(whole, rel=0.05)


def test_a_study_without_a_map_offers_one(
    qtbot: Any, session: Any, runner: Any, study: Study
) -> None:
    (study.folder / "manifest.json").unlink()
    widget = Behaviours(session, runner)
    qtbot.addWidget(widget)
    assert "Open a study" in widget._note.text()
    assert widget._make_map.isHidden()
    session.open_study(study.folder, recording="space")
    assert "no map" in widget._note.text()
    assert not widget._make_map.isHidden()
    widget._make_map.click()
    qtbot.waitUntil(lambda: not runner.busy, timeout=LONG)
    _ready(qtbot, widget)
    assert widget._make_map.isHidden()


def test_the_like_of_a_frame_is_found_with_pictures(
    qtbot: Any, session: Any, runner: Any, study: Study
) -> None:
    search = Search(session, runner)
    qtbot.addWidget(search)
    assert not search._like.isEnabled()
    session.open_study(study.folder, recording="flat")
    session.go_to(1.0)
    search._like.click()
    qtbot.waitUntil(lambda: not runner.busy, timeout=LONG)
    hits = [search._hits.item(place) for place in range(search._hits.count())]
    assert hits
    found = {item.data(Qt.ItemDataRole.UserRole).recording: item for item in hits}
    assert "flat" in found
    qtbot.waitUntil(lambda: not found["flat"].icon().isNull(), timeout=LONG)
