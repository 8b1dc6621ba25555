"""The docks, by mouse and keys; they need Qt (``nox -s window``)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("pytestqt")
pytest.importorskip("pyqtgraph")

from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QColor, QDropEvent, QMouseEvent, QPalette
from qtpy.QtWidgets import QApplication, QLabel, QLineEdit

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.pipeline import human_labels
from mousegpt_core.pipeline.correcting import add_pose_edit
from mousegpt_core.study import Log, Study
from mousegpt_core.study.pose_edits import HidePoints
from napari_mousegpt._widgets import hand_editor
from napari_mousegpt._widgets.behaviours import Behaviours
from napari_mousegpt._widgets.describe import Describe
from napari_mousegpt._widgets.ethogram import Ethogram
from napari_mousegpt._widgets.ethogram_plot import EthogramPlot, Place
from napari_mousegpt._widgets.home import Home
from napari_mousegpt._widgets.keypoints import Keypoints
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.scoring import HAND
from napari_mousegpt._widgets.search import Search
from napari_mousegpt._widgets.study import StudyTable
from napari_mousegpt._widgets.style import OLD
from napari_mousegpt._widgets.telling import unreadable_told
from napari_mousegpt._widgets.views import Views
from napari_mousegpt.ethograms import ethogram
from napari_mousegpt.pace import AtOnce
from napari_mousegpt.session import session_of
from napari_mousegpt.sorting import Unsaid

#: Far more than any job takes (ms).
LONG = 120_000


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def session(viewer: ViewerModel) -> Any:
    return session_of(viewer)


@pytest.fixture
def runner(qtbot: Any) -> Any:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture(params=[Home, StudyTable, Describe, Ethogram, Behaviours, Search, Keypoints])
def dock(request: Any, qtbot: Any, session: Any, runner: Any) -> Any:
    widget = request.param(session, runner)
    qtbot.addWidget(widget)
    return widget


@contextmanager
def ended(qtbot: Any, runner: Runner) -> Iterator[None]:
    """Waits, at its end, until nothing runs."""
    yield
    qtbot.waitUntil(lambda: not runner.busy, timeout=LONG)


def told() -> str:
    """The newest notification."""
    return str(notification_manager.records[-1].message)


def test_every_dock_says_what_to_do_while_it_is_empty(
    dock: Any, session: Any, study_folder: Path
) -> None:
    words = " ".join(label.text() for label in dock.findChildren(QLabel))
    assert "study" in words
    session.open_study(study_folder)
    session.go_to(1.0)
    session.refresh()


def test_home_shows_what_is_there_and_opens_recordings(
    qtbot: Any, session: Any, runner: Any, study_folder: Path
) -> None:
    home = Home(session, runner)
    qtbot.addWidget(home)
    home.open_study(study_folder)
    assert home._title.text() == "Two mice"
    assert home._recordings.currentData() == "flat"
    home._recordings.setCurrentIndex(1)
    home._recordings.activated.emit(1)
    assert session.recording == "space"
    assert home._space.isChecked()
    home._recordings.setCurrentIndex(0)
    home._recordings.activated.emit(0)
    home._space.click()
    assert "no 3D" in told()
    assert not home._space.isChecked()
    assert session.recording == "flat"


def test_home_makes_a_study_and_tells_errors(
    qtbot: Any, session: Any, runner: Any, tmp_path: Path
) -> None:
    home = Home(session, runner)
    qtbot.addWidget(home)
    home.open_study(tmp_path)
    assert "not a study" in told()
    assert session.study is None
    home.make_study(tmp_path / "mine")
    assert home._go.text() == "Add recordings"
    home.make_study(tmp_path / "mine")
    assert "a study already" in told()


def test_home_tells_what_is_older_than_a_correction(
    qtbot: Any, session: Any, runner: Any, own_study: Study
) -> None:
    home = Home(session, runner)
    qtbot.addWidget(home)
    home.show()
    home.open_study(own_study.folder)
    steps = {labels[1].text(): labels for labels in home._labels}
    qtbot.waitUntil(lambda: not home._looking.busy)
    assert steps["Movement"][2].text() == "2 of 2"
    assert home._go.text() == "Bring all up to date"
    home.hide()
    hidden = HidePoints(frame=3, points=(("nose", "M1"),))
    add_pose_edit(own_study.recording("flat"), "top", hidden)
    home.show()
    qtbot.waitUntil(lambda: "out of date" in steps["Movement"][2].text())
    assert steps["Movement"][2].text() == "2 of 2, 1 out of date"
    assert "flat" in steps["Movement"][2].toolTip()
    assert OLD in steps["Report"][0].text()
    assert home._go.text() == ("Renew: movement, ethogram, descriptions, behaviours, report")
    with ended(qtbot, runner):
        qtbot.mouseClick(home._go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: home._go.text() == "Bring all up to date")
    qtbot.waitUntil(lambda: not home._looking.busy)
    assert steps["Movement"][2].text() == "2 of 2"


def test_go_on_runs_the_study_and_can_be_stopped(
    qtbot: Any, session: Any, runner: Any, study_folder: Path
) -> None:
    home = Home(session, runner)
    qtbot.addWidget(home)
    home.open_study(study_folder)
    with ended(qtbot, runner):
        qtbot.mouseClick(home._go, Qt.MouseButton.LeftButton)
        assert runner.busy
        assert not home._go.isEnabled()
    assert home._go.isEnabled()
    with ended(qtbot, runner):
        home.go_on()
        runner.cancel()
        runner.cancel()
    assert "stopped" in told()


def test_a_job_that_fails_is_told_with_its_hint(qtbot: Any, runner: Any, tmp_path: Path) -> None:
    with ended(qtbot, runner):
        runner.run("Analysing", ("run", str(tmp_path / "none")))
    assert "→" in told()
    ((name, action),) = notification_manager.records[-1].actions
    assert name == "Copy details"
    action(None)


def study_dock(qtbot: Any, session: Any, runner: Any, folder: Path) -> StudyTable:
    """The dock of a study without recordings."""
    session.open_study(Study.create(folder, name="New").folder)
    table = StudyTable(session, runner)
    qtbot.addWidget(table)
    return table


def test_keypoints_without_names_are_named_where_they_are_added(
    qtbot: Any, session: Any, runner: Any, tmp_path: Path
) -> None:
    table = study_dock(qtbot, session, runner, tmp_path / "study")
    table.show()
    bare = tmp_path / "bare.csv"
    bare.write_text("".join(f"{n % 40},{n % 30},{n % 40 + 5},{n % 30}\n" for n in range(90)))
    table.add_files([bare])
    dropped, form = table._dropped, table._dropped._unsaid
    qtbot.waitUntil(dropped.isVisible, timeout=LONG)
    assert form.keypoints.isVisible()
    assert "bare.csv does not name its keypoints" in dropped._note.text()
    form.fps.setValue(30)
    qtbot.mouseClick(dropped._go, Qt.MouseButton.LeftButton)
    assert not runner.busy
    assert dropped.isVisible()
    assert form.keypoints.isVisible()
    form.keypoints.setFocus()
    form.keypoints.lineEdit().selectAll()
    qtbot.keyClicks(form.keypoints, "nose, tailbase")
    form.unit.setCurrentText("cm")
    with ended(qtbot, runner):
        qtbot.mouseClick(dropped._go, Qt.MouseButton.LeftButton)
    (source,) = session.study.recording("bare").info.poses
    assert (source.keypoints, source.unit) == (("nose", "tailbase"), "cm")
    assert dropped.isHidden()
    # Where files name theirs, there is nothing to say.
    named = tmp_path / "named.csv"
    named.write_text("nose_x,nose_y\n1,2\n3,4\n")
    table.add_files([named])
    qtbot.waitUntil(dropped.isVisible, timeout=LONG)
    assert not form.keypoints.isVisible()
    assert "does not name" not in dropped._note.text()
    # What was said of the others is not said of these.
    assert form.said == Unsaid()


def test_files_are_dropped_and_animals_edited(
    qtbot: Any, session: Any, runner: Any, tmp_path: Path
) -> None:
    table = study_dock(qtbot, session, runner, tmp_path / "study")
    poses = tmp_path / "m1.csv"
    rows = "".join(f"{n % 40},{n % 30},{n % 40 + 5},{n % 30}\n" for n in range(90))
    poses.write_text("nose_x,nose_y,tailbase_x,tailbase_y\n" + rows)
    (tmp_path / "notes.txt").write_text("nothing")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("m1.csv", "notes.txt")])
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    dropped = table._dropped
    table.dropEvent(QDropEvent(QPointF(5, 5), copy, data, left, none))
    qtbot.waitUntil(lambda: not dropped.isHidden(), timeout=LONG)
    # Nothing is done before a person has seen what it would be.
    assert [(one.path.name, one.role) for one in dropped.items] == [
        ("m1.csv", "poses"),
        ("notes.txt", "nothing"),
    ]
    assert not runner.busy
    with ended(qtbot, runner):
        qtbot.mouseClick(dropped._go, Qt.MouseButton.LeftButton)
    # It does not say its frame rate.
    assert "frame rate" in told() or "fps" in told()
    assert not session.study.recordings
    # What could not be added is there again, and that can be said now.
    assert not dropped.isHidden()
    assert [one.path.name for one in dropped.items] == ["m1.csv"]
    dropped._table.item(0, 2).setText("mine")
    dropped._unsaid.fps.setValue(30)
    with ended(qtbot, runner):
        qtbot.mouseClick(dropped._go, Qt.MouseButton.LeftButton)
    assert list(session.study.recordings) == ["mine"]
    assert table._table.rowCount() == 1
    table._table.item(0, 2).setText("saline")
    assert session.study.treatment_of("mine") == "saline"
    sheet = tmp_path / "animals.csv"
    sheet.write_text("animal,treatment\nmine,drug\n")
    table.add_files([sheet])
    qtbot.waitUntil(lambda: not dropped.isHidden(), timeout=LONG)
    assert dropped.items[0].role == "treatments"
    qtbot.mouseClick(dropped._go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: table._table.item(0, 2).text() == "drug", timeout=LONG)
    table._open_row(0, 0)
    assert session.recording == "mine"
    layers = [layer.name for layer in session.viewer.layers]
    session.viewer.layers.clear()
    table._open_row(0, 0)
    assert [layer.name for layer in session.viewer.layers] == layers
    assert session.points in session.viewer.layers


def test_what_is_being_typed_outlives_the_end_of_a_job(
    qtbot: Any, session: Any, runner: Any, own_study: Study
) -> None:
    session.open_study(own_study.folder)
    table = StudyTable(session, runner)
    qtbot.addWidget(table)
    table.show()
    cell = table._table.item(0, 2)
    table._table.setCurrentItem(cell)
    table._table.editItem(cell)
    editor = table._table.viewport().findChild(QLineEdit)
    editor.setText("drug")
    session.refresh()  # as a job ends
    assert editor.isVisible()
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.study.treatment_of("M1") == "drug", timeout=LONG)
    qtbot.waitUntil(lambda: table._table.item(0, 2).text() == "drug", timeout=LONG)
    session.study.set_animal("M1", treatment="none")
    session.refresh()
    assert table._table.item(0, 2).text() == "none"


def test_keypoints_get_the_roles_that_a_person_gives(
    qtbot: Any, session: Any, runner: Any, own_study: Study
) -> None:
    session.open_study(own_study.folder)
    table = StudyTable(session, runner)
    qtbot.addWidget(table)
    (mapping,) = (one for one in table._actions if one.text() == "Keypoints…")
    qtbot.mouseClick(mapping, Qt.MouseButton.LeftButton)
    rows = table._skeleton._table
    assert [rows.item(row, 0).text() for row in range(rows.rowCount())] == [
        "nose", "neck", "tailbase",
    ]  # fmt: skip
    box = rows.cellWidget(1, 1)
    assert box.currentText() == "neck"
    box.setCurrentIndex(box.findText("head"))
    box.activated.emit(box.currentIndex())
    info = session.study.recording("flat").info
    assert session.study.skeleton(info.skeleton).keypoint("head") == "neck"
    qtbot.mouseClick(mapping, Qt.MouseButton.LeftButton)
    assert table._skeleton.isHidden()


def test_a_click_on_the_ethogram_goes_there(
    qtbot: Any, session: Any, runner: Any, study_folder: Path
) -> None:
    session.open_study(study_folder)
    ethogram = Ethogram(session, runner)
    qtbot.addWidget(ethogram)
    ethogram.resize(600, 400)
    ethogram.show()
    qtbot.waitExposed(ethogram)
    (row,) = (n for n, one in enumerate(ethogram._data.rows) if one.recording == "space")
    view = ethogram._plot.getViewBox()
    where = ethogram._plot.mapFromScene(view.mapViewToScene(QPointF(4.0, row)))
    qtbot.mouseClick(ethogram._plot.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.waitUntil(lambda: session.recording == "space", timeout=60_000)
    assert session.moment == pytest.approx(4.0, abs=0.2)
    assert ethogram._plot.cursor_line.value() == pytest.approx(session.moment)
    # The bout that was clicked is selected.
    assert session.span[0] <= 4.0 < session.span[1]
    assert ethogram._plot.span.getRegion() == pytest.approx(session.span)
    ethogram._moved(view.mapViewToScene(QPointF(4.0, row)))
    assert "space" in ethogram._plot.toolTip()
    ethogram._schemes.setCurrentIndex(1)
    ethogram._schemes.activated.emit(1)
    assert ethogram._data is not None


def test_behaviours_that_are_as_they_were_are_not_drawn_anew(qtbot: Any, own_study: Study) -> None:
    columns = ["recording", "individual", "start_s", "stop_s", "behaviour_id"]
    rows = [("flat", "M1", n, n + 1.0, "ab"[n % 2]) for n in range(8)]
    before = ethogram(own_study, "human", pd.DataFrame(rows, columns=columns))
    after = ethogram(own_study, "human", pd.DataFrame(rows[:-1], columns=columns))
    plot = EthogramPlot()
    qtbot.addWidget(plot)
    plot.show_lanes([before])
    first = {bars.name: item for bars, item in plot._bars[0]}
    plot.show_lane(0, after)
    then = {bars.name: item for bars, item in plot._bars[0]}
    assert then["a"] is first["a"]
    assert then["b"] is not first["b"]
    assert first["b"] not in plot.getPlotItem().items
    assert len(then["b"].opts["x0"]) == 3
    plot.show_lanes([before])
    assert len([one for one in plot.getPlotItem().items if one in first.values()]) == 0


def test_the_ethogram_is_zoomed_within_its_time(qtbot: Any) -> None:
    plot = EthogramPlot()
    qtbot.addWidget(plot)
    plot.show_all(60.0)
    for _ in range(200):
        plot.getViewBox().scaleBy(x=2.0)
    (start, stop), _ = plot.viewRange()
    assert -60 < start <= 0
    assert 60 <= stop < 120
    for _ in range(200):
        plot.getViewBox().scaleBy(x=0.5)
    (start, stop), _ = plot.viewRange()
    assert stop - start == pytest.approx(0.2)
    # Another recording may be longer.
    plot.reach(300.0)
    plot.setXRange(0.0, 300.0, padding=0)
    assert plot.viewRange()[0] == pytest.approx([0.0, 300.0])


def test_what_is_selected_keeps_the_colours_of_the_key(qtbot: Any, own_study: Study) -> None:
    bouts = [("flat", "M1", 0.0, 3.0, "a")]
    columns = ["recording", "individual", "start_s", "stop_s", "behaviour_id"]
    data = ethogram(own_study, "human", pd.DataFrame(bouts, columns=columns))
    plot = EthogramPlot()
    qtbot.addWidget(plot)
    plot.resize(600, 300)
    plot.show()
    plot.show_lanes([data])
    plot.show_all(3.0)
    plot.mark_span((1.0, 2.0))
    row = next(n for n, one in enumerate(data.rows) if one.recording == "flat")
    place = plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(1.5, row)))
    qtbot.waitUntil(
        lambda: plot.grab().toImage().pixelColor(place) == QColor(data.bars[0].colour), timeout=LONG
    )


def test_the_ethogram_is_written_in_the_colour_of_the_theme(qtbot: Any) -> None:
    plot = EthogramPlot()
    qtbot.addWidget(plot)
    palette = plot.palette()
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#123456"))
    plot.setPalette(palette)
    assert plot.getAxis("left").textPen().color().name() == "#123456"


def test_words_find_moments(qtbot: Any, session: Any, runner: Any, study_folder: Path) -> None:
    search = Search(session, runner)
    qtbot.addWidget(search)
    session.open_study(study_folder)
    qtbot.keyClicks(search._words, "walking")
    with ended(qtbot, runner):
        qtbot.keyClick(search._words, Qt.Key.Key_Return)
    assert search._hits.count() > 1
    item = search._hits.item(1)
    search._hits.itemClicked.emit(item)
    hit = item.data(Qt.ItemDataRole.UserRole)
    assert session.recording == hit.recording
    assert session.moment == pytest.approx(hit.start_s, abs=0.05)
    session.refresh()  # as after a job; what was found stays
    assert search._hits.count() > 1


def test_a_search_waits_for_what_runs(
    qtbot: Any, session: Any, runner: Any, own_study: Study
) -> None:
    search = Search(session, runner)
    qtbot.addWidget(search)
    session.open_study(own_study.folder)
    with ended(qtbot, runner):
        runner.run("Drawing", ("report", str(own_study.folder)))
        qtbot.keyClicks(search._words, "walking")
        qtbot.keyClick(search._words, Qt.Key.Key_Return)
        qtbot.keyClick(search._words, Qt.Key.Key_Return)
        assert "once what runs now has ended" in search._note.text()
        assert not search._start.isEnabled()
    assert "the nearest first" in search._note.text()
    assert search._start.isEnabled()
    with ended(qtbot, runner):
        runner.run("Drawing", ("report", str(own_study.folder)))
        search.search()
        runner.cancel()
        assert search._note.text() == "Stopped."
        assert search._start.isEnabled()
    # What was found before is gone where nothing is found.
    search._words.setText("xqzw")
    with ended(qtbot, runner):
        search.search()
    assert "none of the words" in search._note.text()
    assert search._hits.count() == 0


def test_what_is_not_described_yet_is_not_searched(
    qtbot: Any, session: Any, runner: Any, tmp_path: Path, study_folder: Path
) -> None:
    search = Search(session, runner)
    qtbot.addWidget(search)
    session.open_study(Study.create(tmp_path / "new", name="New").folder)
    assert "Go on, in the dock Home" in search._note.text()
    assert not search._words.isEnabled()
    assert not search._start.isEnabled()
    session.open_study(study_folder)
    assert "Say what you look for" in search._note.text()
    assert search._words.isEnabled()
    assert search._start.isEnabled()


def test_a_search_that_fails_or_comes_too_late_says_so(
    qtbot: Any, session: Any, runner: Any, own_study: Study, study_folder: Path
) -> None:
    search = Search(session, runner)
    qtbot.addWidget(search)
    session.open_study(own_study.folder)
    search._words.setText("walking")
    with ended(qtbot, runner):
        search.search()
        session.open_study(study_folder)
    assert search._hits.count() == 0
    with ended(qtbot, runner):
        search.search()
        runner.cancel()
    assert search._note.text() == "Stopped."


@pytest.mark.parametrize("kind", [Search, Ethogram, Views])
def test_a_job_ends_well_though_its_dock_is_closed(
    qtbot: Any, kind: Any, session: Any, runner: Any, own_study: Study
) -> None:
    session.open_study(own_study.folder, recording="space")
    dock = kind(session, runner)
    file = own_study.folder / "seen.csv"
    file.write_text("start_s,stop_s,label\n0,3,walking\n")
    with ended(qtbot, runner):
        if isinstance(dock, Search):
            dock._words.setText("walking")
            dock.search()
        elif isinstance(dock, Ethogram):
            dock.import_labels(file)
        else:
            dock.make_again()
        with qtbot.waitSignal(dock.destroyed):
            dock.deleteLater()


@pytest.fixture
def own(session: Any, study_folder: Path, tmp_path: Path) -> Path:
    """A copy of the study, opened, to be written to."""
    shutil.copytree(study_folder, tmp_path / "own")
    session.open_study(tmp_path / "own", recording="space")
    return tmp_path / "own"


def by_hand(qtbot: Any, session: Any, runner: Any) -> Ethogram:
    """The dock with bouts by hand, on the screen."""
    ethogram = Ethogram(session, runner)
    qtbot.addWidget(ethogram)
    ethogram.resize(900, 700)
    ethogram.show()
    qtbot.waitExposed(ethogram)
    ethogram._schemes.setCurrentIndex(ethogram._schemes.findData("human"))
    ethogram._schemes.activated.emit(0)
    ethogram._plot.setXRange(0, 10, padding=0)
    qtbot.wait(200)  # the axis finds its width
    return ethogram


def test_an_ethogram_is_read_beside_its_window_with_what_is_drawn_meanwhile(
    qtbot: Any, session: Any, runner: Any, own: Path
) -> None:
    session.take_turns(AtOnce)
    ethogram = Ethogram(session, runner)
    qtbot.addWidget(ethogram)
    assert not ethogram._lanes
    qtbot.waitUntil(lambda: bool(ethogram._lanes), timeout=LONG)
    ethogram._schemes.setCurrentIndex(ethogram._schemes.findData("human"))
    ethogram._schemes.activated.emit(0)
    assert not ethogram._lanes
    qtbot.waitUntil(lambda: bool(ethogram._lanes), timeout=LONG)
    row = ethogram._lanes[0].rows[0]
    ethogram.refresh()
    assert not ethogram._lanes
    ethogram._hand.draw((row.recording, row.individual), 0.0, 1.0, "walking", "ann")
    ethogram._bar.editor.changed.emit()
    qtbot.waitUntil(lambda: bool(ethogram._lanes), timeout=LONG)
    assert [bars.name for bars in ethogram._lanes[0].bars] == ["walking"]


def drag(qtbot: Any, ethogram: Ethogram, row: int, start: float, stop: float) -> None:
    """Drag from one moment to another in a row, as a hand does."""
    plot, view = ethogram._plot, ethogram._plot.getViewBox()
    steps = [
        plot.mapFromScene(view.mapViewToScene(QPointF(start + (stop - start) * n / 8, row - 0.1)))
        for n in range(9)
    ]
    left = Qt.MouseButton.LeftButton
    qtbot.mouseMove(plot.viewport(), steps[0])
    qtbot.mousePress(plot.viewport(), left, pos=steps[0])
    for step in steps[1:]:
        event = QMouseEvent(
            QMouseEvent.Type.MouseMove, QPointF(step), QPointF(step), left, left,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(plot.viewport(), event)
        qtbot.wait(15)
    qtbot.mouseRelease(plot.viewport(), left, pos=steps[-1])
    qtbot.wait(15)


def test_keys_stay_what_they_are_while_one_scores(
    qtbot: Any, session: Any, runner: Any, own: Path
) -> None:
    ethogram = by_hand(qtbot, session, runner)
    editor, animal, plot = ethogram._bar.editor, session.individual, ethogram._plot
    before = ethogram._bar.keys()
    for number, name in enumerate(["wall <5 cm", "scratch", "aaa"]):
        editor.labels.draw(("space", animal), 2.0 * number, 2.0 * number + 1, name, "ann")
        editor.changed.emit()
        now = ethogram._bar.keys()
        assert now.items() >= before.items()
        assert name in now
        assert plot.keys[now[name].upper()].args == (name,)
        before = now
    assert "wall&nbsp;&lt;5&nbsp;cm" in ethogram._key.text()


def test_a_double_click_shows_all(qtbot: Any, session: Any, runner: Any, own: Path) -> None:
    ethogram = by_hand(qtbot, session, runner)
    plot, view = ethogram._plot, ethogram._plot.getViewBox()
    ethogram.show_all()
    whole = plot.viewRange()[0]
    plot.setXRange(2.0, 3.0, padding=0)
    row = ethogram._data.row_of(session.recording, session.individual)
    place = plot.mapFromScene(view.mapViewToScene(QPointF(2.5, row)))
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind in ("ButtonPress", "ButtonRelease", "ButtonDblClick", "ButtonRelease"):
        event = QMouseEvent(
            getattr(QMouseEvent.Type, f"Mouse{kind}"), QPointF(place), QPointF(place), left, left,
            none,
        )  # fmt: skip
        QApplication.sendEvent(plot.viewport(), event)
    assert plot.viewRange()[0] == pytest.approx(whole)


def test_a_drag_that_began_with_shift_draws_to_its_end(
    qtbot: Any, session: Any, runner: Any, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ethogram = by_hand(qtbot, session, runner)
    editor, animal = ethogram._bar.editor, session.individual
    row = ethogram._data.row_of("space", animal)
    editor.labels.draw(("space", animal), 2.0, 6.0, "walking", "ann")
    editor.changed.emit()
    ethogram._bar.behaviour.setCurrentText("rearing")
    shift = Qt.KeyboardModifier.ShiftModifier
    held = [shift, shift, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.NoModifier]
    place = Place(row, 0, 3.0)
    for number, modifier in enumerate(held):
        monkeypatch.setattr(QApplication, "keyboardModifiers", lambda modifier=modifier: modifier)
        editor._drag(place, 3.5 + 0.5 * number, number == len(held) - 1)
    spans = [
        (round(b.start_s, 1), round(b.stop_s, 1), b.label)
        for b in editor.labels.bouts(("space", animal))
    ]
    assert (3.0, 5.0, "rearing") in spans
    assert spans[0] == (2.0, 3.0, "walking")
    # The next one, without, takes hold of what is there.
    editor._drag(Place(row, 0, 4.0), 4.5, False)
    assert editor._grip is not None
    editor._drag(Place(row, 0, 4.0), 4.0, True)


def test_bouts_are_drawn_dragged_and_keyed(
    qtbot: Any, session: Any, runner: Any, own: Path
) -> None:
    ethogram = by_hand(qtbot, session, runner)
    animal = session.individual
    row = ethogram._data.row_of("space", animal)
    ethogram._bar.behaviour.setCurrentText("rearing")
    ethogram._bar.who.setText("ann")
    editor = ethogram._bar.editor

    def spans() -> list[tuple[float, float, str]]:
        bouts = editor.labels.bouts(("space", animal))
        return [(round(b.start_s, 1), round(b.stop_s, 1), b.label) for b in bouts]

    drag(qtbot, ethogram, row, 2.0, 4.0)
    assert spans() == [(2.0, 4.0, "rearing")]
    assert session.moment == pytest.approx(4.0, abs=0.4)
    drag(qtbot, ethogram, row, 4.0, 5.0)
    assert spans() == [(2.0, 5.0, "rearing")]
    drag(qtbot, ethogram, row, 3.5, 4.5)
    assert spans() == [(3.0, 6.0, "rearing")]
    editor.rename("grooming")
    assert spans() == [(3.0, 6.0, "grooming")]
    plot = ethogram._plot
    plot.setFocus()
    keys = ethogram._bar.keys()
    session.go_to(6.5)
    qtbot.keyClicks(plot, keys["grooming"])
    assert "grooming since 6.5" in ethogram._bar.state.text()
    session.go_to(7.5)
    qtbot.keyClicks(plot, keys["grooming"])
    assert spans() == [(3.0, 6.0, "grooming"), (6.5, 7.5, "grooming")]
    qtbot.keyClick(plot, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert spans() == [(3.0, 6.0, "grooming")]
    ethogram._bar._redo.click()
    assert len(spans()) == 2
    view = plot.getViewBox()
    where = plot.mapFromScene(view.mapViewToScene(QPointF(7.0, row)))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.waitUntil(lambda: editor.chosen is not None, timeout=60_000)
    qtbot.keyClick(plot, Qt.Key.Key_Delete)
    assert spans() == [(3.0, 6.0, "grooming")]
    session.go_to(8.0)
    ethogram._bar._rest.click()
    assert spans()[-1][2] == "na"
    qtbot.waitUntil(lambda: editor.labels.saved, timeout=60_000)
    text = (own / "labels" / "human" / "space.csv").read_text()
    assert "grooming,ann" in text


def test_a_behaviour_that_goes_on_is_kept_up_to_where_one_was(
    qtbot: Any, session: Any, runner: Any, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ethogram = by_hand(qtbot, session, runner)
    monkeypatch.setattr(hand_editor, "_KEPT_S", 0.0)
    editor, animal = ethogram._bar.editor, session.individual
    recording = session.study.recording("space")

    def spans() -> list[tuple[float, float, str]]:
        bouts = editor.labels.bouts(("space", animal))
        return [(round(b.start_s, 1), round(b.stop_s, 1), b.label) for b in bouts]

    def on_disk() -> list[str]:
        return [bout.label for bout in human_labels.read_human(session.study, recording, animal)]

    editor.labels.draw(("space", animal), 2.5, 4.0, "walking", "ann")
    session.go_to(1.0)
    editor.key("grooming")
    session.go_to(3.0)  # nobody stops it; napari may end
    qtbot.waitUntil(lambda: on_disk() == ["grooming", "walking"], timeout=LONG)
    assert spans() == [(1.0, 3.0, "grooming"), (3.0, 4.0, "walking")]
    session.go_to(2.0)
    editor.key("grooming")
    assert spans() == [(1.0, 2.0, "grooming"), (2.5, 4.0, "walking")]
    editor.undo()
    assert spans() == [(2.5, 4.0, "walking")]
    editor.key("rearing")
    session.go_to(3.0)
    qtbot.waitUntil(lambda: (2.0, 3.0, "rearing") in spans(), timeout=LONG)
    editor.forget()
    assert spans() == [(2.5, 4.0, "walking")]
    qtbot.waitUntil(lambda: editor.labels.saved, timeout=LONG)
    assert on_disk() == ["walking"]


def test_a_bout_that_cannot_be_saved_outlives_the_dock(
    qtbot: Any, session: Any, runner: Any, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MouseGPTError("the disk is full", hint="make room")

    ethogram = by_hand(qtbot, session, runner)
    labels = ethogram._bar.editor.labels
    notification_manager.records.clear()
    with monkeypatch.context() as patch:
        patch.setattr(human_labels, "write_atomic", full)
        labels.draw(("space", session.individual), 0.0, 1.0, "walking", "ann")
        ethogram.hide()
    assert "full" in str(notification_manager.records[0].message)
    file = own / "labels" / "human" / "space.csv"
    qtbot.waitUntil(file.exists, timeout=LONG)
    assert "walking,ann" in file.read_text()


def test_napari_asks_before_it_closes_on_what_docks_cannot_save(
    qtbot: Any,
    session: Any,
    runner: Any,
    own: Path,
    study_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for film in study_folder.parent.glob("*.mp4"):
        shutil.copy(film, own.parent)

    def full(*_: object, **__: object) -> str:
        raise MouseGPTError("the disk is full", hint="make room")

    ethogram = by_hand(qtbot, session, runner)
    session.open_recording("flat")
    keypoints = Keypoints(session, runner)
    qtbot.addWidget(keypoints)
    labels, acts = ethogram._bar.editor.labels, keypoints.editing.corrections
    notification_manager.records.clear()
    # It asks while something waits here.
    saver = saver_of(session)
    with monkeypatch.context() as patch:
        patch.setattr(human_labels, "write_atomic", full)
        patch.setattr(Log, "add_edit", full)
        labels.draw(("flat", session.individual), 0.0, 1.0, "walking", "ann")
        keypoints.act("select_next")
        keypoints.act("nudge", 1.0, 1.0)
        qtbot.waitUntil(lambda: saver.waits(own) and saver.waits(acts.path), timeout=LONG)
        qtbot.waitUntil(lambda: len(notification_manager.records) >= 2, timeout=LONG)
    assert "not saved yet" in notification_manager.records[0].message
    qtbot.waitUntil(lambda: not saver.waiting, timeout=LONG)
    assert labels.saved
    assert not acts.unsaved


def test_labellings_are_scored_and_exchanged(
    qtbot: Any, session: Any, runner: Any, own: Path
) -> None:
    ethogram = by_hand(qtbot, session, runner)
    assert ethogram._beside.findData("activities") > 0
    ethogram._beside.setCurrentIndex(ethogram._beside.findData("activities"))
    ethogram._beside.activated.emit(0)
    assert len(ethogram._lanes) == 2
    file = own.parent / "seen.csv"
    file.write_text("start_s,stop_s,label\n0,3,walking\n3,10,rearing\n")
    with ended(qtbot, runner):
        ethogram.import_labels(file)
    assert "space: 2 bouts" in told()
    scoring = ethogram._scoring
    # Offered before there was anything else to score, as where the dock is opened first.
    scoring.offer([])
    scoring.offer(["activities"])
    offered = (scoring.reference.currentData(), scoring.compared.currentData())
    assert offered == (HAND, "activities")
    scoring.compared.setCurrentIndex(scoring.compared.findData(HAND))
    scoring.score()
    assert "with itself" in scoring.told.text()
    scoring.compared.setCurrentIndex(scoring.compared.findData("activities"))
    scoring.score()
    qtbot.waitUntil(lambda: scoring.go.isEnabled(), timeout=LONG)
    assert "macro-F1" in scoring.told.text()
    assert scoring.scores.rowCount() == 2
    assert scoring.differences.rowCount() > 0
    scoring.differences.cellClicked.emit(0, 0)
    assert session.span is not None
    with ended(qtbot, runner):
        ethogram.export_boris(own.parent / "boris")
    assert (own.parent / "boris" / "bouts-human.boris").exists()
    scoring.reference.setCurrentIndex(scoring.reference.findData("activities"))
    scoring.compared.setCurrentIndex(scoring.compared.findData("profile"))
    scoring.score()
    qtbot.waitUntil(lambda: scoring.go.isEnabled(), timeout=LONG)


def test_only_a_second_press_writes_into_a_persons_files(
    qtbot: Any, session: Any, runner: Any, study_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Runner, "run", lambda self, title, words, done: asked.append(words))
    session.open_study(study_folder)
    keypoints = Keypoints(session, runner)
    qtbot.addWidget(keypoints)
    files = keypoints._files
    files._into.click()
    assert not asked
    files._into.click()
    assert asked[-1][-3:] == ("--recording", "flat", "--into-files")
    files._copies.click()
    assert "--into-files" not in asked[-1]


def test_the_dock_lists_what_was_done_and_where_to_look(
    qtbot: Any, session: Any, runner: Any, study_folder: Path
) -> None:
    session.open_study(study_folder)
    keypoints = Keypoints(session, runner)
    qtbot.addWidget(keypoints)
    qtbot.waitUntil(lambda: "moment" in keypoints._doubts._note.text(), timeout=LONG)
    keypoints.act("select_next")
    keypoints.act("nudge", 1.0, 1.0)
    assert keypoints._acts._list.item(0).text().startswith("nose of M1 placed")
    keypoints.act("undo")
    assert keypoints._acts._list.count() == 0
    keypoints.act("swap_sides")
    assert "left and right" in told()
    keypoints.accept()
    keypoints.act("undo")
    # What a doubt misses is the next to be placed; what it doubts is selected.
    doubt = {"view": "top", "individual": "M1", "keypoints": "neck", "other": ""}
    doubt |= {"step": 3, "start_step": 3, "stop_step": 4}
    session.go_to(3 / 25)
    session.points.shown = [True, False, True]
    keypoints.look_at(doubt)
    assert keypoints.editing.target == "neck"
    session.points.shown = True
    keypoints.look_at(doubt)
    assert keypoints.editing.selected() == [1]
    assert keypoints.editing.target == ""
    session.open_recording("space")
    assert keypoints.editing is None
    assert "3D" in keypoints._note.text()


def test_doubts_of_another_recording_are_not_listed(
    qtbot: Any, session: Any, runner: Any, study_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mousegpt.editing import Editing

    go_on, looked = Event(), []

    def doubts(editing: Editing) -> str:
        looked.append(editing)
        go_on.wait(LONG / 1000)
        return "old" if editing is looked[0] else "new"

    monkeypatch.setattr(Editing, "doubts", doubts)
    session.open_study(study_folder)
    dock = Keypoints(session, runner)
    qtbot.addWidget(dock)
    shown: list[str] = []
    monkeypatch.setattr(dock._doubts, "show_doubts", shown.append)
    qtbot.waitUntil(lambda: len(looked) == 1, timeout=LONG)
    session.open_recording("flat")
    qtbot.waitUntil(lambda: len(looked) == 2, timeout=LONG)
    go_on.set()
    qtbot.waitUntil(lambda: bool(shown), timeout=LONG)
    assert shown == ["new"]


def test_docks_go_on_where_one_recording_cannot_be_read(
    qtbot: Any, session: Any, runner: Any, own_study: Study
) -> None:
    toml = own_study.recording("flat").toml_path
    whole = toml.read_bytes()
    toml.write_text("id = ")
    tell = unreadable_told(session)
    session.study_changed.connect(tell)
    home, table = Home(session, runner), StudyTable(session, runner)
    for dock in (home, table):
        qtbot.addWidget(dock)
    notification_manager.records.clear()
    home.open_study(own_study.folder)
    session.refresh()
    assert session.recording == "space"
    assert [home._recordings.itemText(n) for n in range(home._recordings.count())] == ["space"]
    assert len(notification_manager.records) == 1
    assert told().startswith("flat is left out: recording.toml: not valid TOML")
    assert "mend that line" in told()
    row = table._table.rowCount() - 1
    assert table._table.item(row, 0).text() == "flat"
    assert table._table.item(row, 5).text() == "cannot be read"
    assert "mend that line" in table._table.item(row, 5).toolTip()
    table._open_row(row, 0)
    assert "not valid TOML" in told()
    toml.write_bytes(whole)
    session.refresh()
    assert home._recordings.count() == 2


def test_a_dock_that_cannot_read_the_study_tells_it_and_stops_no_other(
    qtbot: Any, session: Any, own: Path
) -> None:
    from mousegpt_core.errors import DataError
    from napari_mousegpt._widgets.style import Dock

    def fail() -> None:
        raise DataError("it cannot be read", hint="mend it")

    called: list[float] = []
    dock = Dock()
    qtbot.addWidget(dock)
    dock.follow(session.study_changed, fail)
    dock.follow(session.study_changed, lambda: called.append(0.0))
    dock.follow(session.moment_changed, called.append)
    notification_manager.records.clear()
    session.study_changed.emit()
    session.moment_changed.emit(2.0)
    assert called == [0.0, 2.0]
    assert "mend it" in str(notification_manager.records[-1].message)
