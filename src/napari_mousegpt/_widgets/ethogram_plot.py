"""Rows of bouts over time: one or two lanes a row, a cursor, and what the mouse does there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import QEvent, QPointF, QRectF, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QGraphicsRectItem, QGraphicsView

from napari_mousegpt.ethograms import Bars, EthogramData, Row

#: Height of a row's lanes, and where they lie in it: alone, and beside each other.
_LANES = {1: ((0.0, 0.82),), 2: ((-0.21, 0.38), (0.21, 0.38))}
_CURSOR, _CURRENT, _CHOSEN, _SPAN = "#ff4d4d", "#80808033", "#f2b134", "#808080"
#: Least height of the whole, of a row, and of what is around the rows (px).
_LEAST_PX, _ROW_PX, _AROUND_PX = 180, 15, 40
#: How close one can look (s), and how far beyond the ends (of the whole time).
_CLOSEST_S, _BEYOND = 0.2, 0.05
_REPEATED = ("Left", "Right")


@dataclass(frozen=True)
class Place:
    """Where the mouse is: row, lane of it, and moment (s)."""

    row: int
    lane: int
    moment: float


#: Gets the place where a drag began, the moment where it is, and whether it ends there.
#: Tells whether it is something that is drawn; else the picture is moved.
Dragged = Callable[[Place, float, bool], bool]


def _name(event: Any) -> str:
    return str(QKeySequence(event.keyCombination()).toString())


class _MouseBox(pg.ViewBox):
    """Lets others have the left button's drags and the right one's clicks."""

    def __init__(self) -> None:
        super().__init__()
        self.dragged: Callable[[QPointF, QPointF, bool], bool] | None = None
        self.asked: Callable[[QPointF, Any], bool] | None = None

    def mouseDragEvent(self, ev: Any, axis: Any = None) -> None:
        if ev.button() == Qt.MouseButton.LeftButton and self.dragged is not None:
            down, now = (self.mapToView(one) for one in (ev.buttonDownPos(), ev.pos()))
            if self.dragged(down, now, ev.isFinish()):
                ev.accept()
                return
        super().mouseDragEvent(ev, axis)

    def mouseClickEvent(self, ev: Any) -> None:
        asked = self.asked if ev.button() == Qt.MouseButton.RightButton else None
        if asked is not None and asked(self.mapToView(ev.pos()), ev.screenPos()):
            ev.accept()
            return
        super().mouseClickEvent(ev)


class EthogramPlot(pg.PlotWidget):
    """See the module."""

    def __init__(self) -> None:
        self._box, self._written = _MouseBox(), []
        super().__init__(viewBox=self._box, background=None)
        self._written = [self.getAxis(side) for side in ("left", "bottom")]
        # What is behind it is the theme's, which can change.
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.setMouseEnabled(x=True, y=False)
        self.setMinimumHeight(_LEAST_PX)
        self.setAccessibleName("Ethogram: animals in rows, time from left to right")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hideButtons()
        self._box.invertY(True)
        #: What the keys do while the picture has the keyboard, by their names.
        self.keys: dict[str, Callable[[], None]] = {}
        self._rows: Sequence[Row] = ()
        self._lanes: list[EthogramData] = []
        self._bars: list[list[tuple[Bars, Any]]] = []
        self._mark = pg.LinearRegionItem((0, 1), "horizontal", brush=_CURRENT, movable=False)
        for line in self._mark.lines:
            line.setPen(pg.mkPen(None))
        # Lines alone: what lies between keeps the colours of the key.
        pen = pg.mkPen(_SPAN, width=2)
        self.span = pg.LinearRegionItem((0, 1), movable=False, brush=(0, 0, 0, 0), pen=pen)
        self.cursor_line = pg.InfiniteLine(0, pen=pg.mkPen(_CURSOR, width=2))
        self._sketch, self._chosen = QGraphicsRectItem(), QGraphicsRectItem()
        self._chosen.setPen(pg.mkPen(_CHOSEN, width=2))
        self._sketch.setPen(pg.mkPen(None))
        for height, item in enumerate(
            (self._mark, self.span, self._sketch, self._chosen, self.cursor_line)
        ):
            item.setZValue(height - 1 if height == 0 else height + 10)
            self.addItem(item, ignoreBounds=True)
        for item in (self._mark, self.span, self._sketch, self._chosen):
            item.setVisible(False)

    def changeEvent(self, event: Any) -> None:
        """Write in the colour of the theme's words."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._written:
            ink = self.palette().windowText().color()
            for axis in self._written:
                axis.setTextPen(ink)

    # -- what is shown ------------------------------------------------------------------------

    def show_lanes(self, lanes: Sequence[EthogramData]) -> None:
        """Show one or two labellings of the same rows."""
        self._clear()
        self._lanes, self._rows = list(lanes), lanes[0].rows
        self._bars = [[] for _ in lanes]
        self.setMinimumHeight(max(_LEAST_PX, _AROUND_PX + _ROW_PX * len(self._rows)))
        for lane in range(len(lanes)):
            self._add(lane)
        self.getAxis("left").setTicks([[(n, row.label) for n, row in enumerate(self._rows)]])

    def show_lane(self, lane: int, data: EthogramData) -> None:
        """Show other bouts in a lane; behaviours whose bouts are as they were stay."""
        for bars, item in self._bars[lane]:
            if bars not in data.bars:
                self.removeItem(item)
        self._lanes[lane] = data
        self._bars[lane] = [each for each in self._bars[lane] if each[0] in data.bars]
        self._add(lane)

    def show_all(self, end_s: float) -> None:
        """Zoom out, to all rows and the whole time."""
        self.reach(end_s)
        self.setXRange(0, end_s or 1.0, padding=0.01)
        self.setYRange(-0.6, len(self._rows) - 0.4, padding=0)

    def reach(self, end_s: float) -> None:
        """Let it be zoomed and moved within this time."""
        end = end_s or 1.0
        low, high = -_BEYOND * end, (1 + _BEYOND) * end
        self._box.setLimits(xMin=low, xMax=high, minXRange=min(_CLOSEST_S, end))

    def mark_row(self, row: int | None) -> None:
        """Show which animal is looked at."""
        self._mark.setVisible(row is not None)
        if row is not None:
            self._mark.setRegion((row - 0.5, row + 0.5))

    def mark_span(self, span: tuple[float, float] | None) -> None:
        """Show which stretch is selected."""
        self.span.setVisible(span is not None)
        if span is not None:
            self.span.setRegion(span)

    def sketch(self, row: int, lane: int, ends: tuple[float, float], colour: str) -> None:
        """Show a bout that is being drawn."""
        self._sketch.setBrush(pg.mkBrush(colour))
        self._sketch.setRect(self._rectangle(row, lane, ends))
        self._sketch.setVisible(True)

    def end_sketch(self) -> None:
        """Show it no more."""
        self._sketch.setVisible(False)

    def frame(self, row: int, lane: int, ends: tuple[float, float] | None) -> None:
        """Show which bout is chosen; None = none."""
        self._chosen.setVisible(ends is not None)
        if ends is not None:
            self._chosen.setRect(self._rectangle(row, lane, ends))

    # -- the mouse ----------------------------------------------------------------------------

    def on_drag(self, dragged: Dragged) -> None:
        """Have drags of the left button offered to somebody."""

        def offered(down: QPointF, now: QPointF, last: bool) -> bool:
            place = self._place(down)
            return place is not None and dragged(place, now.x(), last)

        self._box.dragged = offered

    def on_menu(self, asked: Callable[[Place, Any], bool]) -> None:
        """Have clicks of the right button offered to somebody, with their place on the screen."""

        def offered(point: QPointF, screen: Any) -> bool:
            place = self._place(point)
            return place is not None and asked(place, screen)

        self._box.asked = offered

    def event(self, event: Any) -> bool:
        """Have the keys before the menus of the window do."""
        if event.type() == QEvent.Type.ShortcutOverride and _name(event) in self.keys:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: Any) -> None:
        """Do what a key stands for; one that is held down steps, and does nothing else again."""
        pressed = self.keys.get(_name(event))
        if pressed is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat() or _name(event) in _REPEATED:
            pressed()

    def place_at(self, position: QPointF) -> Place | None:
        """Where a position of the scene is; None = on no row."""
        if not self.sceneBoundingRect().contains(position):
            return None
        return self._place(self._box.mapSceneToView(position))

    def seconds(self, pixels: float) -> float:
        """How long so many pixels are."""
        return float(self._box.viewPixelSize()[0]) * pixels

    def _place(self, point: QPointF) -> Place | None:
        row = round(point.y())
        if not (0 <= row < len(self._rows) and point.x() >= 0):
            return None
        lane = int(len(self._lanes) == 2 and point.y() > row)
        return Place(row, lane, float(point.x()))

    # -- how it is drawn ----------------------------------------------------------------------

    def _add(self, lane: int) -> None:
        offset, height = _LANES[len(self._lanes)][lane]
        there = [bars for bars, _ in self._bars[lane]]
        for bars in self._lanes[lane].bars:
            if bars in there:
                continue
            item = pg.BarGraphItem(
                x0=bars.start_s, x1=bars.stop_s, y=[row + offset for row in bars.row],
                height=height, brush=bars.colour, pen=None,
            )  # fmt: skip
            self.addItem(item)
            self._bars[lane].append((bars, item))

    def _clear(self) -> None:
        for _, item in (each for lane in self._bars for each in lane):
            self.removeItem(item)
        self._bars, self._lanes, self._rows = [], [], ()

    def _rectangle(self, row: int, lane: int, ends: tuple[float, float]) -> QRectF:
        offset, height = _LANES[len(self._lanes)][lane]
        start, stop = sorted(ends)
        return QRectF(start, row + offset - height / 2, stop - start, height)
