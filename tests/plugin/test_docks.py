"""The docks, by mouse and keys; they need Qt (``nox -s window``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pytestqt")
pytest.importorskip("pyqtgraph")

from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QLabel

from mousegpt_core.study import Study
from napari_mousegpt._widgets.ethogram import Ethogram
from napari_mousegpt._widgets.home import Home
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.search import Search
from napari_mousegpt._widgets.study import StudyTable
from napari_mousegpt.session import session_of

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


@pytest.fixture(params=[Home, StudyTable, Ethogram, Search])
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


def test_files_are_dropped_and_animals_edited(
    qtbot: Any, session: Any, runner: Any, tmp_path: Path
) -> None:
    Study.create(tmp_path / "study")
    session.open_study(tmp_path / "study")
    table = StudyTable(session, runner)
    qtbot.addWidget(table)
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
    with ended(qtbot, runner):
        table.dropEvent(QDropEvent(QPointF(5, 5), copy, data, left, none))
        assert "notes.txt" in told()
    # It does not say its frame rate.
    assert "frame rate" in told() or "fps" in told()
    assert not session.study.recordings
    with ended(qtbot, runner):
        runner.run(
            "Adding",
            ("add", str(tmp_path / "study"), "--id", "m1", "--poses", str(poses), "--fps", "30"),
        )
    session.refresh()
    assert table._table.rowCount() == 1
    table._table.item(0, 2).setText("saline")
    assert session.study.treatment_of("m1") == "saline"
    sheet = tmp_path / "animals.csv"
    sheet.write_text("animal,treatment\nm1,drug\n")
    table.import_animals(sheet)
    assert table._table.item(0, 2).text() == "drug"
    table._open_row(0, 0)
    assert session.recording == "m1"


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
    qtbot.waitUntil(lambda: session.recording == "space", timeout=5000)
    assert session.moment == pytest.approx(4.0, abs=0.2)
    assert ethogram._cursor.value() == pytest.approx(session.moment)
    # The bout that was clicked is selected.
    assert session.span[0] <= 4.0 < session.span[1]
    assert ethogram._span.getRegion() == pytest.approx(session.span)
    ethogram._moved(view.mapViewToScene(QPointF(4.0, row)))
    assert "space" in ethogram._plot.toolTip()
    ethogram._schemes.setCurrentIndex(1)
    ethogram._schemes.activated.emit(1)
    assert ethogram._data is not None


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
    assert session.recording == hit["recording"]
    assert session.moment == pytest.approx(hit["start_s"], abs=0.05)
