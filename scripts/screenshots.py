"""A newcomer's walk through napari, by mouse and keys, and the pictures of the documentation.

Usage: xvfb-run -s "-screen 0 1920x1200x24" python scripts/screenshots.py [STUDY]

Without STUDY the sample is made by its button, which takes a few minutes; STUDY is then one of
`mousegpt demo`. The script fails where a step of docs/napari.md does not work.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QPointF, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QListWidget,
    QMenu,
)

from mousegpt_core.io import read_poses, write_poses
from napari_mousegpt._widgets.style import Dock
from napari_mousegpt.session import Session, session_of

OUT = Path(__file__).resolve().parents[1] / "docs" / "pictures"
WIDTH, COLOURS = 1300, 256
LEFT = Qt.MouseButton.LeftButton
DOCKS = ("Study", "Views", "Keypoints", "Describe", "Behaviours", "Search")


class Newcomer:
    """Somebody who sees the window for the first time."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer()
        self.viewer.theme = "dark"
        self.viewer.window.resize(1500, 1000)
        self.window = self.viewer.window._qt_window
        settle()

    # -- what one does ------------------------------------------------------------------------

    def choose(self, *words: str) -> None:
        """Choose an entry of the menu bar."""
        actions = self.window.menuBar().actions()
        for word in words:
            named = (each for each in actions if each.text().replace("&", "").startswith(word))
            action = next(named)
            menu = action.menu()
            if isinstance(menu, QMenu):
                menu.aboutToShow.emit()
                actions = menu.actions()
        action.trigger()
        settle()

    def dock(self, name: str) -> Any:
        """The widget of an open dock, in front of the others."""
        holder = next(
            each for each in self.window.findChildren(QDockWidget) if each.windowTitle() == name
        )
        holder.show()
        holder.raise_()
        settle()
        return holder

    def inner(self, name: str) -> Any:
        """What a dock holds."""
        return next(one for one in self.dock(name).findChildren(Dock) if type(one).__name__ == name)

    @property
    def canvas(self) -> Any:
        """Where the layers are drawn."""
        return self.viewer.window._qt_viewer.canvas.native

    def press(self, dock: Any, text: str) -> None:
        """Press a button."""
        found = [each for each in dock.findChildren(QAbstractButton) if each.text() == text]
        wait(lambda: any(each.isVisible() and each.isEnabled() for each in found), 30.0, text)
        wanted = next(each for each in found if each.isVisible() and each.isEnabled())
        QTest.mouseClick(wanted, LEFT)
        settle()

    def choose_in(self, dock: Any, name: str, text: str) -> None:
        """Choose an entry of a list that opens, by its name for screen readers."""
        box = next(one for one in dock.findChildren(QComboBox) if one.accessibleName() == name)
        box.setFocus()
        box.setCurrentIndex(box.findText(text))
        box.activated.emit(box.currentIndex())
        settle()

    def type_in(self, dock: Any, name: str, text: str) -> None:
        """Type words into a field, by its name for screen readers, and Enter."""
        field = next(one for one in dock.findChildren(QLineEdit) if one.accessibleName() == name)
        QTest.mouseClick(field, LEFT)
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
        settle()

    # -- what one sees ------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """What the docks follow."""
        return session_of(self.viewer)

    @property
    def sees_recording(self) -> bool:
        """Whether all of a recording is shown."""
        return bool(self.session.recording) and not self.session.coming

    def keep(self, name: str) -> None:
        """Keep a small picture of the window."""
        settle(1.0)
        shown = self.viewer.screenshot(canvas_only=False, flash=False)
        shot = Image.fromarray(np.asarray(shown)[..., :3])
        size = (WIDTH, round(shot.height * WIDTH / shot.width))
        stream = BytesIO()
        small = shot.resize(size, Image.Resampling.LANCZOS)
        small.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(stream, "png", optimize=True)
        OUT.mkdir(exist_ok=True)
        (OUT / f"{name}.png").write_bytes(stream.getvalue())


def settle(seconds: float = 0.5) -> None:
    """Let the window draw itself."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()


def wait(until: Callable[[], bool], seconds: float = 900.0, what: str = "") -> None:
    """Wait for something, and fail where it does not come."""
    end = time.monotonic() + seconds
    while not until():
        settle(0.1)
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain {what}")


def open_docks(one: Newcomer, study: Path | None) -> None:
    """Home by the menu, the sample by its button, every other dock by Home's."""
    one.choose("Plugins", "MouseGPT", "Home")
    home = one.dock("Home")
    if study is None:
        one.press(home, "Sample")
    else:
        one.viewer.open(str(study), plugin="napari-mousegpt")
    wait(lambda: one.sees_recording, what="for the study")
    for name in DOCKS:
        one.press(home, name)
        one.window.tabifyDockWidget(home, one.dock(name))
        one.dock("Home")
    one.viewer.dims.set_current_step(0, 150)
    one.keep("home")


def look_at_ethogram(one: Newcomer) -> None:
    """The ethogram under the study; a click goes to the moment."""
    one.press(one.dock("Home"), "Ethogram")
    study, ethogram = one.dock("Study"), one.dock("Ethogram")
    before = one.viewer.dims.current_step[0]
    plot = next(each for each in ethogram.findChildren(object) if hasattr(each, "plotItem"))
    place = plot.mapFromScene(plot.plotItem.vb.mapViewToScene(QPointF(11.0, 0.0)))
    QTest.mouseClick(plot.viewport(), LEFT, pos=place)
    settle()
    if one.viewer.dims.current_step[0] == before:
        raise SystemExit("a click on the ethogram went nowhere")
    study.raise_()
    one.keep("study-and-ethogram")
    one.window.tabifyDockWidget(one.dock("Home"), ethogram)


def label_by_hand(one: Newcomer) -> None:
    """Labels by hand above the program's, and their scores; the bouts are taken back."""
    dock = one.dock("Ethogram")
    one.choose_in(dock, "Labelling that is shown", "by hand")
    one.choose_in(dock, "Labelling that is shown below it", "activities")
    ethogram = one.inner("Ethogram")
    labels, session = ethogram._hand, ethogram._session
    owner = (session.recording, session.individual)
    drawn = (
        (0, 0.4, "walking"), (0.6, 7, "rearing"), (9.8, 13.8, "walking"), (13.8, 15.4, "rearing"),
        (16.5, 19.8, "walking"), (25.5, 30.5, "grooming"), (31, labels.end(owner), "na"),
    )  # fmt: skip
    for start, stop, name in drawn:
        labels.draw(owner, start, stop, name, "ada")
    labels.flush()
    ethogram._draw()
    wait(lambda: ethogram._data is not None)
    ethogram._plot.setXRange(0, 30)
    ethogram._plot.setYRange(-0.5, 3.5)
    one.press(dock, "Scores")
    one.press(dock, "Score")
    wait(ethogram._scoring.go.isEnabled)
    one.keep("labels-by-hand")
    for _ in drawn:
        labels.undo()
    labels.flush()
    one.press(dock, "Scores")


def look_at_views(one: Newcomer) -> None:
    """A zone is drawn, and taken back."""
    dock, views = one.dock("Views"), one.inner("Views")
    views._list.setCurrentRow(1)
    one.press(dock, "Draw a zone")
    height, width = views._session.views[1].size
    box = np.array([[0.35, 0.3], [0.35, 0.6], [0.65, 0.6], [0.65, 0.3]]) * (height, width)
    one.viewer.layers.selection.active.add_rectangles(box)
    one.keep("views")
    one.press(dock, "Undo")


def correct_keypoints(one: Newcomer) -> None:
    """Of another study, whose poses are those of a film: the next doubtful moment, by its key."""
    with TemporaryDirectory() as place:
        before = one.session.opened
        one.viewer.open(str(make_flat_study(Path(place))), plugin="napari-mousegpt")
        wait(lambda: one.sees_recording and one.session.opened is not before, what="for the poses")
        dock = one.dock("Keypoints")
        wait(lambda: dock.findChild(QListWidget).count() > 0)
        before = one.viewer.dims.current_step[0]
        one.canvas.setFocus()
        QTest.keyClick(one.canvas, Qt.Key.Key_N)
        settle()
        if one.viewer.dims.current_step[0] == before:
            one.press(dock, "Next (N)")
        one.keep("keypoints")


def make_flat_study(folder: Path) -> Path:
    """A study of one mouse seen from above, whose nose is lost for three frames."""
    session, study = folder / "session", folder / "One mouse"
    mousegpt(f"synth --out {session} --seconds 20 --cameras top --fps 30 --format dlc-csv")
    poses = read_poses(session / "top.poses.csv", fps=30)
    poses["position"][{"time": slice(120, 123), "keypoint": 0}] += 60
    file = write_poses(poses, folder / "top.csv", format="dlc-csv")
    mousegpt(f"new '{study}'")
    mousegpt(f"add '{study}' --id M1 --film top={session}/top.mp4 --poses top={file}")
    mousegpt(f"run '{study}'")
    return study


def mousegpt(words: str) -> None:
    """Run a command, while the window lives on."""
    made = subprocess.Popen([sys.executable, "-m", "mousegpt_core.cli", *shlex.split(words)])
    wait(lambda: made.poll() is not None)
    if made.returncode:
        raise SystemExit(f"failed: mousegpt {words}")


def describe(one: Newcomer) -> None:
    """The worst sentence by what was measured, selected and open to be corrected."""
    dock, inner = one.dock("Describe"), one.inner("Describe")
    inner.tabs.setCurrentWidget(inner.judged)
    settle()
    one.press(dock, "Judge")
    worst = inner.judged._lists["worst"]
    wait(lambda: worst.count() > 0 and not inner.judged._runner.busy)
    QTest.mouseClick(worst.viewport(), LEFT, pos=worst.visualItemRect(worst.item(0)).center())
    inner.tabs.setCurrentWidget(inner.sentence)
    wait(lambda: inner.sentence._said is not None and bool(inner.sentence._said.against))
    one.keep("describe")


def look_at_behaviours(one: Newcomer) -> None:
    """A behaviour stands out on the map, and its clips are listed."""
    dock, behaviours = one.dock("Behaviours"), one.inner("Behaviours")
    if behaviours._make_map.isVisible():
        one.press(dock, "Make the map")
    wait(lambda: behaviours._map is not None)
    behaviours._table.setCurrentItem(behaviours._table.topLevelItem(3))
    settle()
    wait(lambda: not behaviours._clips._behind.busy)
    one.keep("behaviours")


def search(one: Newcomer) -> None:
    """Words are typed, and what is found is clicked."""
    dock = one.dock("Search")
    one.type_in(dock, "What to look for", "rearing at the wall")
    found = one.inner("Search")._hits
    wait(lambda: found.count() > 4)
    item = found.item(4)
    found.scrollToItem(item)
    QTest.mouseClick(found.viewport(), LEFT, pos=found.visualItemRect(item).center())
    session, there = one.inner("Search")._session, item.data(Qt.ItemDataRole.UserRole).recording
    wait(lambda: session.recording == there)
    one.keep("search-in-3d")


def main(study: Path | None) -> None:
    """Walk through the docks."""
    os.environ["LOGNAME"] = "ada"  # whose corrections they are
    one = Newcomer()
    open_docks(one, study)
    look_at_ethogram(one)
    label_by_hand(one)
    look_at_views(one)
    describe(one)
    look_at_behaviours(one)
    search(one)
    correct_keypoints(one)
    one.viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
