"""The map of the clips on the screen: drawn as a picture of what is seen, picked by a tree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QRectF, QSize, Qt, QTimer, Signal
from qtpy.QtWidgets import QGraphicsView

from napari_mousegpt.behaviour_map import ClipMap, dot_colours, dot_pixels, draw_dots

_CURRENT = "#ff4d4d"
#: Pixels around a dot in which a click means it.
_REACH_PX = 12
_ZOOM = 1.4


class LassoBox(pg.ViewBox):
    """Drag moves; with Shift, or while `lasso` is on, it draws a line around dots."""

    drawn = Signal(object)

    def __init__(self) -> None:
        super().__init__(enableMenu=False, lockAspect=True)
        self.lasso = False
        self._line: list[tuple[float, float]] = []
        self._shown = pg.PlotCurveItem(pen=pg.mkPen(_CURRENT, width=2))
        self.addItem(self._shown, ignoreBounds=True)

    def mouseDragEvent(self, event: Any, axis: Any = None) -> None:
        """Draw the line, or move."""
        around = self.lasso or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.button() != Qt.MouseButton.LeftButton or not around:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        if event.isStart():
            self._line = []
            self._add(event.buttonDownScenePos())
        self._add(event.scenePos())
        self._shown.setData(*np.array([*self._line, self._line[0]]).T)
        if event.isFinish():
            self._shown.setData([], [])
            self.drawn.emit(self._line)

    def _add(self, position: Any) -> None:
        point = self.mapSceneToView(position)
        self._line.append((point.x(), point.y()))


class MapView(pg.PlotWidget):
    """See the module.

    Attributes
    ----------
    picked : Signal
        With the row of the clip that was clicked.
    chosen_changed : Signal
        With the rows of the clips that were drawn around; none, where the choice was given up.
    pointed : Signal
        With the row of the clip under the pointer, or -1.
    """

    picked = Signal(int)
    chosen_changed = Signal(object)
    pointed = Signal(int)

    def __init__(self) -> None:
        self.box = LassoBox()
        super().__init__(background=None, viewBox=self.box)
        # What is behind it is the theme's, which can change.
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.setAccessibleName("Map of the clips")
        self.setAccessibleDescription("What is told alike lies together")
        self.setMinimumHeight(220)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hideButtons()
        for side in ("left", "bottom"):
            self.hideAxis(side)
        self._map: ClipMap | None = None
        self._hidden: set[str] = set()
        self._chosen: Any = None
        self._picture = pg.ImageItem(axisOrder="row-major")
        self._ring = pg.ScatterPlotItem(size=18, pen=pg.mkPen(_CURRENT, width=3), brush=None)
        for item in (self._picture, self._ring):
            self.box.addItem(item, ignoreBounds=True)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._draw)
        self.box.sigRangeChanged.connect(lambda *_: self._soon.start(0))
        self.box.sigResized.connect(lambda *_: self._soon.start(0))
        self.box.drawn.connect(self._around)
        self.scene().sigMouseClicked.connect(self._clicked)
        self.scene().sigMouseMoved.connect(self._moved)

    def sizeHint(self) -> QSize:
        """As narrow as a dock."""
        return QSize(280, 320)

    def show_map(self, clips: ClipMap | None, *, all_of_it: bool = True) -> None:
        """Show a map; the part that is seen stays, unless all of it is asked for."""
        self._map = clips
        if clips is not None and self._chosen is not None and len(self._chosen) != len(clips.clips):
            self._chosen = None
        if clips is not None and all_of_it:
            self.show_all()
        self._recolour()

    def show_all(self) -> None:
        """Zoom out."""
        if self._map is not None:
            low, high = self._map.places.min(axis=0) - 1.5, self._map.places.max(axis=0) + 1.5
            self.box.setRange(QRectF(*low, *(high - low)), padding=0.02)

    def hide_groups(self, hidden: set[str]) -> None:
        """Do not show the clips of these groups."""
        self._hidden = hidden
        self._recolour()

    def choose(self, chosen: Any) -> None:
        """Let clips stand out: an array of bool, or None."""
        self._chosen = chosen
        self._recolour()

    def mark(self, row: int | None) -> None:
        """Put the ring around a clip."""
        if row is None or self._map is None:
            self._ring.setData([], [])
        else:
            self._ring.setData(*self._map.places[row][:, None])

    def keyPressEvent(self, event: Any) -> None:
        """Zoom with + and -, all with 0, give the choice up with Escape."""
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.box.scaleBy((1 / _ZOOM, 1 / _ZOOM))
        elif key == Qt.Key.Key_Minus:
            self.box.scaleBy((_ZOOM, _ZOOM))
        elif key == Qt.Key.Key_0:
            self.show_all()
        elif key == Qt.Key.Key_Escape:
            self.chosen_changed.emit(np.zeros(0, dtype=np.intp))
        else:
            super().keyPressEvent(event)

    def _recolour(self) -> None:
        if self._map is not None:
            self._rgba, self._shown = dot_colours(self._map.colouring, self._hidden, self._chosen)
            order = np.arange(len(self._shown))
            if self._chosen is not None:  # these are drawn over the others
                order = np.argsort(self._chosen, kind="stable")
            order = order[self._shown[order]]
            self._places, self._rgba = self._map.places[order], self._rgba[order]
        self._soon.start(0)

    def _draw(self) -> None:
        if self._map is None:
            self._picture.clear()
            return
        seen = self.box.viewRect()
        ratio = self.devicePixelRatioF()
        width, height = (max(1, round(ratio * v)) for v in (self.box.width(), self.box.height()))
        view = (seen.left(), seen.top(), seen.right(), seen.bottom())
        dot = dot_pixels(width / max(seen.width(), 1e-9))
        picture = draw_dots(self._places, self._rgba, view, (width, height), dot)
        self._picture.setImage(picture, autoLevels=False, levels=None)
        self._picture.setRect(seen)

    def _row_at(self, position: Any) -> int | None:
        if self._map is None or not self.box.sceneBoundingRect().contains(position):
            return None
        point = self.box.mapSceneToView(position)
        reach = _REACH_PX * self.box.viewPixelSize()[0]
        return self._map.nearest(point.x(), point.y(), reach, self._shown)

    def _clicked(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            row = self._row_at(event.scenePos())
            if row is not None:
                self.picked.emit(row)

    def _moved(self, position: Any) -> None:
        row = self._row_at(position)
        self.pointed.emit(-1 if row is None else row)

    def _around(self, line: Any) -> None:
        if self._map is not None:
            rows = self._map.inside(line)
            self.chosen_changed.emit(rows[self._shown[rows]])
