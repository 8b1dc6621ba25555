"""The pictures of docs/napari.md: napari's real window, on a screen (or under xvfb-run).

Usage: python scripts/screenshots.py STUDY, where STUDY is that of `mousegpt demo`.
"""

from __future__ import annotations

import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication

OUT = Path(__file__).resolve().parents[1] / "docs" / "pictures"
WIDTH, COLOURS = 1200, 256


def settle(seconds: float = 0.5) -> None:
    """Let the window draw itself."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()


def keep(viewer: Any, name: str) -> None:
    """Keep a small picture of the window."""
    settle()
    shot = Image.fromarray(np.asarray(viewer.screenshot(canvas_only=False, flash=False))[..., :3])
    small = shot.resize((WIDTH, round(shot.height * WIDTH / shot.width)), Image.Resampling.LANCZOS)
    stream = BytesIO()
    small.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(stream, "png", optimize=True)
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.png").write_bytes(stream.getvalue())


def show_views(viewer: Any, views: Any) -> None:
    """A zone is drawn, and taken back."""
    views._list.setCurrentRow(1)
    views._ground.draw("zone")
    height, width = views._session.views[1].size
    box = np.array([[0.35, 0.3], [0.35, 0.6], [0.65, 0.6], [0.65, 0.3]]) * (height, width)
    viewer.layers.selection.active.add_rectangles(box)
    settle(1.0)
    keep(viewer, "views")
    views.undo()


def show_labelling(viewer: Any, ethogram: Any) -> None:
    """Labels by hand beside the program's, and their scores; the bouts are taken back."""
    schemes, beside = ethogram._schemes, ethogram._beside
    schemes.setCurrentIndex(schemes.findData("human"))
    beside.setCurrentIndex(beside.findData("activities"))
    schemes.activated.emit(0)
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
    ethogram._plot.setXRange(0, 30)
    ethogram._plot.setYRange(-0.5, 3.5)
    ethogram._score.setChecked(True)
    ethogram._scoring.score()
    while not ethogram._scoring.go.isEnabled():
        settle(0.1)
    keep(viewer, "labels-by-hand")
    for _ in drawn:
        labels.undo()
    labels.flush()
    ethogram._score.setChecked(False)


def show_behaviours(behaviours: Any, viewer: Any) -> None:
    """A behaviour stands out, and its clips are listed."""
    while behaviours._map is None:
        settle(0.1)
    behaviours._table.setCurrentItem(behaviours._table.topLevelItem(3))
    while behaviours._clips._behind.busy:
        settle(0.1)
    keep(viewer, "behaviours")


def show_describe(viewer: Any, dock: Any) -> None:
    """The worst sentence by what was measured, selected and open to be corrected."""
    dock.judged.judge()
    while dock.judged._runner.busy:
        settle(0.1)
    worst = dock.judged._lists["worst"]
    while not worst.count():
        settle(0.1)
    dock.tabs.setCurrentWidget(dock.sentence)
    worst.itemClicked.emit(worst.item(0))
    while dock.sentence._said is None or not dock.sentence._said.against:
        settle(0.1)
    keep(viewer, "describe")


def main(study: Path) -> None:
    """Walk through the docks as a newcomer does."""
    viewer = napari.Viewer()
    viewer.window.resize(1500, 950)
    docks = {
        name: viewer.window.add_plugin_dock_widget("napari-mousegpt", name, tabify=bool(place))
        for place, name in enumerate(("Home", "Study", "Views", "Behaviours", "Describe", "Search"))
    }
    home, search = docks["Home"][1], docks["Search"][1]
    home.open_study(study)
    viewer.dims.set_current_step(0, 150)
    docks["Home"][0].raise_()
    keep(viewer, "home")
    ethogram = viewer.window.add_plugin_dock_widget("napari-mousegpt", "Ethogram")[1]
    docks["Study"][0].raise_()
    keep(viewer, "study-and-ethogram")
    show_labelling(viewer, ethogram)
    docks["Views"][0].raise_()
    show_views(viewer, docks["Views"][1])
    docks["Behaviours"][0].raise_()
    show_behaviours(docks["Behaviours"][1], viewer)
    docks["Describe"][0].raise_()
    show_describe(viewer, docks["Describe"][1])
    docks["Search"][0].raise_()
    search._words.setText("rearing at the wall")
    search.search()
    while search._runner.busy:
        settle(0.1)
    search._hits.setCurrentRow(4)
    search._hits.itemClicked.emit(search._hits.item(4))
    keep(viewer, "search-in-3d")
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
