"""The docks in napari's real window (``nox -s window``)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mousegpt_core.study import Study
from on_screen import ON_SCREEN

pytest.importorskip("pytestqt")
pytest.importorskip("pyqtgraph")

pytestmark = ON_SCREEN
DOCKS = ("Home", "Study", "Views", "Describe", "Ethogram", "Behaviours", "Search", "Keypoints")


def dock(viewer: Any, name: str) -> Any:
    """The widget of a dock, opened as from the menu."""
    return viewer.window.add_plugin_dock_widget("napari-mousegpt", name)[1]


def test_docks_share_what_is_open(viewer: Any, qtbot: Any, study_folder: Path) -> None:
    widgets = {name: dock(viewer, name) for name in DOCKS}
    widgets["Home"].open_study(study_folder)
    assert widgets["Study"]._table.rowCount() == 2
    assert len(widgets["Ethogram"]._data.rows) == 2
    assert widgets["Search"]._words.isEnabled()
    widgets["Study"]._open_row(1, 0)
    assert widgets["Home"]._recordings.currentData() == "space"
    assert viewer.dims.ndisplay == 3
    viewer.dims.set_current_step(0, 120)
    assert widgets["Ethogram"]._plot.cursor_line.value() > 0
    assert viewer.canvas.overlays.text.visible


def test_docks_that_are_closed_are_gone(viewer: Any, qtbot: Any, study_folder: Path) -> None:
    from qtpy.QtWidgets import QApplication

    def left() -> list[str]:
        kinds = [type(widget).__name__ for widget in QApplication.allWidgets()]
        ours = {"StudyTable", "MapView", "ClipList", *DOCKS[2:]}
        return [kind for kind in kinds if kind in ours]

    home = dock(viewer, "Home")
    home.open_study(study_folder)
    for _ in range(3):
        opened = [
            viewer.window.add_plugin_dock_widget("napari-mousegpt", name) for name in DOCKS[1:]
        ]
        for holder, _ in opened:
            holder.destroyOnClose()
        del opened, holder
        qtbot.waitUntil(lambda: not left(), timeout=60_000)
        # Nobody is left who would listen.
        viewer.dims.set_current_step(0, 10)
        home._session.refresh()
        home._session.go_to(1.0, recording="space")
        home._session.go_to(1.0, recording="flat")


def test_closing_asks_while_work_runs(viewer: Any, qtbot: Any, study_folder: Path) -> None:
    home = dock(viewer, "Home")
    home.open_study(study_folder)
    manager = viewer.window._task_status_manager
    assert not manager.is_busy()
    home.go_on()
    assert manager.is_busy()
    assert "it goes on where it was" in manager.get_status()[0]
    manager.cancel_all()
    assert not home._runner.busy


def test_a_study_that_is_dropped_is_the_one_of_the_docks(
    viewer: Any, qtbot: Any, study_folder: Path
) -> None:
    home = dock(viewer, "Home")
    assert viewer.open(str(study_folder), plugin="napari-mousegpt") == []
    assert home._recordings.currentData() == "flat"
    assert "top" in viewer.layers


def test_poses_are_opened_and_saved_by_napari_itself(
    viewer: Any, study_folder: Path, tmp_path: Path
) -> None:
    file = study_folder.parent / "top.csv"
    layers = viewer.open(str(file), plugin="napari-mousegpt")
    (points,) = (layer for layer in layers if type(layer).__name__ == "Points")
    (saved,) = points.save(str(tmp_path / "top.csv"), plugin="napari-mousegpt")
    rows = Path(saved).read_text().splitlines()
    assert rows[1:] == file.read_text().splitlines()[1:]


def press(viewer: Any, qtbot: Any, key: Any, modifier: Any = None) -> None:
    """A key, pressed in the picture."""
    from qtpy.QtCore import Qt

    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.keyPress(canvas, key, modifier or Qt.KeyboardModifier.NoModifier)
    qtbot.keyRelease(canvas, key, modifier or Qt.KeyboardModifier.NoModifier)


def test_keypoints_are_corrected_by_keys_alone(viewer: Any, qtbot: Any, own_study: Study) -> None:
    from qtpy.QtCore import Qt

    dock(viewer, "Home").open_study(own_study.folder)
    holder, keypoints = viewer.window.add_plugin_dock_widget("napari-mousegpt", "Keypoints")
    points = viewer.layers["keypoints"]
    shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
    before = points.data.copy()
    press(viewer, qtbot, Qt.Key.Key_Period)
    assert points.selected_data == {0}
    press(viewer, qtbot, Qt.Key.Key_Right, shift)
    assert points.data[0, 1] == before[0, 1] + 1
    press(viewer, qtbot, Qt.Key.Key_Down, shift | control)
    assert points.data[0, 0] == before[0, 0] + 10
    press(viewer, qtbot, Qt.Key.Key_Delete)
    assert points.shown.tolist() == [False, True, True]
    press(viewer, qtbot, Qt.Key.Key_Z, control)
    assert points.shown.all()
    press(viewer, qtbot, Qt.Key.Key_Z, control)
    press(viewer, qtbot, Qt.Key.Key_Z, control)
    assert (points.data == before).all()
    press(viewer, qtbot, Qt.Key.Key_Z, control | shift)
    assert points.data[0, 1] == before[0, 1] + 1
    qtbot.waitUntil(lambda: not keypoints.editing.corrections.unsaved, timeout=60_000)
    assert keypoints._acts._list.count() == 1
    holder.destroyOnClose()
    qtbot.waitUntil(lambda: not points.keymap, timeout=60_000)
    press(viewer, qtbot, Qt.Key.Key_Right, shift)
    assert points.data[0, 1] == before[0, 1] + 1


def test_home_opens_the_dock_of_the_menu_and_brings_it_to_the_front(viewer: Any) -> None:
    from napari._app_model import get_app_model

    home = dock(viewer, "Home")
    home._open_dock("Study")
    opened = viewer.window.dock_widgets["Study (MouseGPT)"]
    opened.parent().hide()
    home._open_dock("Study")
    assert viewer.window.dock_widgets["Study (MouseGPT)"] is opened
    assert not opened.parent().isHidden()
    get_app_model().commands.execute_command("napari-mousegpt.study")
    assert sum(name.startswith("Study") for name in viewer.window.dock_widgets) == 1


def test_tabs_of_docks_have_short_names_beside_that_of_home(viewer: Any) -> None:
    home = dock(viewer, "Home")
    for name in ("Study", "Ethogram", "Search"):
        home._open_dock(name)
    window, holder = viewer.window._qt_window, home.parentWidget()
    beside = [one.windowTitle() for one in window.tabifiedDockWidgets(holder)]
    assert holder.windowTitle() == "Home"
    assert sorted(beside) == ["Search", "Study"]


def test_a_window_closes_in_silence_while_keypoints_are_corrected(
    qtbot: Any, own_study: Study
) -> None:
    script = (
        "import sys, napari\n"
        "from qtpy.QtCore import QTimer\n"
        "viewer = napari.Viewer()\n"
        "def work():\n"
        "    for name in ('Home', 'Keypoints'):\n"
        "        holder, dock = viewer.window.add_plugin_dock_widget('napari-mousegpt', name)\n"
        "    viewer.open(sys.argv[1], plugin='napari-mousegpt')\n"
        "    close_once(lambda: dock.editing is not None)\n"
        "def close_once(there):\n"
        "    done = viewer.window._qt_window.close if there() else lambda: close_once(there)\n"
        "    QTimer.singleShot(100, done)\n"
        "QTimer.singleShot(0, work)\n"
        "napari.run()\n"
        "print('ended')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(own_study.folder)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (ran.stdout.strip(), ran.stderr) == ("ended", "")


def test_a_window_that_is_closed_before_its_first_dock_is_there_closes_in_silence() -> None:
    script = (
        "from threading import Event\n"
        "import napari\n"
        "from qtpy.QtCore import QTimer\n"
        "from napari_mousegpt import starting\n"
        "closed, import_all = Event(), starting._import_all\n"
        "def wait_and_import():\n"
        "    assert closed.wait(100)\n"
        "    import_all()\n"
        "starting._import_all = wait_and_import\n"
        "viewer = napari.Viewer()\n"
        "def work():\n"
        "    QTimer.singleShot(0, close)\n"
        "    viewer.window.add_plugin_dock_widget('napari-mousegpt', 'Home')\n"
        "def close():\n"
        "    viewer.window._qt_window.destroyed.connect(closed.set)\n"
        "    viewer.close()\n"
        "QTimer.singleShot(0, work)\n"
        "napari.run()\n"
        "print('ended')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.stdout.strip(), ran.stderr, ran.returncode) == ("ended", "", 0)
