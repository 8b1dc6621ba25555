"""The dock Ethogram: all animals over time; a click goes to the moment."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.plots.style import readable_name
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import Dock, button, column, note
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.ethograms import Bars, EthogramData, ethogram_of, schemes_of
from napari_mousegpt.session import Session

_EMPTY = "There is no ethogram yet: open a study and go on, in the dock Home."
_HINT = "Time in seconds. Click: go there; wheel: zoom; drag: move; right click: more."
#: A row is so high, of 1; the rest is room to the next.
_HEIGHT = 0.82
#: Height of the key; where there are more behaviours it scrolls.
_KEY_PX = 76
_CURSOR, _CURRENT = "#ff4d4d", "#ffffff22"


class Ethogram(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session = session
        self._data: EthogramData | None = None
        self._note, self._key = note(_EMPTY), QLabel()
        self._key.setWordWrap(True)
        self._schemes = QComboBox()
        self._schemes.setAccessibleName("Labelling that is shown")
        self._schemes.activated.connect(lambda _: self._draw())
        self._plot = pg.PlotWidget(background=None)
        self._plot.setMouseEnabled(x=True, y=False)
        self._plot.setMinimumHeight(180)
        self._plot.hideButtons()
        self._plot.getViewBox().invertY(True)
        self._plot.scene().sigMouseClicked.connect(self._clicked)
        self._plot.scene().sigMouseMoved.connect(self._moved)
        self._cursor = pg.InfiniteLine(0, pen=pg.mkPen(_CURSOR, width=2))
        self._span = pg.LinearRegionItem((0, 1), movable=False, brush=_CURRENT)
        top = QHBoxLayout()
        top.addWidget(QLabel("Labels"))
        top.addWidget(self._schemes, 1)
        top.addWidget(button("All", "Show the whole time of all animals", self.show_all))
        layout = column(self)
        layout.addLayout(top)
        layout.addWidget(self._plot, 1)
        self._keys = QScrollArea()
        self._keys.setWidget(self._key)
        self._keys.setWidgetResizable(True)
        self._keys.setFrameShape(QFrame.Shape.NoFrame)
        self._keys.setFixedHeight(_KEY_PX)
        layout.addWidget(self._keys)
        layout.addWidget(self._note)
        self.follow(session.study_changed, self.refresh)
        self.follow(session.recording_changed, self._mark_row)
        self.follow(session.individual_changed, self._mark_row)
        self.follow(session.moment_changed, self._move_cursor)
        self.follow(session.span_changed, self._mark_span)
        self.refresh()

    def refresh(self) -> None:
        """Show the study as it is on disk."""
        study, shown = self._session.study, self._schemes.currentData()
        self._schemes.clear()
        with errors_told():
            for name in schemes_of(study) if study is not None else []:
                self._schemes.addItem(readable_name(name), name)
        self._schemes.setCurrentIndex(max(self._schemes.findData(shown), 0))
        self._draw()

    def show_all(self) -> None:
        """Zoom out."""
        if self._data is not None:
            bouts = self._data.bouts
            self._plot.setXRange(0, float(bouts["stop_s"].max()), padding=0.01)
            self._plot.setYRange(-0.6, len(self._data.rows) - 0.4, padding=0)

    def _draw(self) -> None:
        self._plot.clear()
        self._data, scheme = None, self._schemes.currentData()
        if self._session.study is not None and scheme:
            try:
                self._data = ethogram_of(self._session.study, scheme)
            except MouseGPTError as error:
                self._note.setText(f"{error.message}; {error.hint}")
        there = self._data is not None
        self._plot.setVisible(there)
        self._keys.setVisible(there)
        if self._data is None:
            return
        self._note.setText(_HINT)
        self._mark = pg.LinearRegionItem((0, 1), "horizontal", brush=_CURRENT, movable=False)
        for line in self._mark.lines:
            line.setPen(pg.mkPen(None))
        self._plot.addItem(self._mark)
        for bars in self._data.bars:
            self._plot.addItem(
                pg.BarGraphItem(
                    x0=bars.start_s, x1=bars.stop_s, y=bars.row, height=_HEIGHT,
                    brush=bars.colour, pen=None,
                )
            )  # fmt: skip
        self._plot.addItem(self._cursor)
        self._plot.addItem(self._span)
        self._plot.getAxis("left").setTicks([[(i, r.label) for i, r in enumerate(self._data.rows)]])
        self._key.setText("&nbsp; ".join(map(_key, self._data.bars)))
        self.show_all()
        self._mark_row()
        self._mark_span()
        self._move_cursor(self._session.moment)

    def _mark_span(self) -> None:
        """Show the stretch that is selected."""
        span = self._session.span
        self._span.setVisible(span is not None)
        if span is not None:
            self._span.setRegion(span)

    def _mark_row(self) -> None:
        if self._data is None:
            return
        here = (self._session.recording, self._session.individual)
        rows = [n for n, r in enumerate(self._data.rows) if (r.recording, r.individual) == here]
        self._mark.setVisible(bool(rows))
        if rows:
            self._mark.setRegion((rows[0] - 0.5, rows[0] + 0.5))

    def _move_cursor(self, moment: float) -> None:
        self._cursor.setValue(moment)

    def _place(self, position: Any) -> tuple[int, float] | None:
        """Row and moment under the pointer."""
        if self._data is None or not self._plot.sceneBoundingRect().contains(position):
            return None
        point = self._plot.getViewBox().mapSceneToView(position)
        row = round(point.y())
        return (row, point.x()) if 0 <= row < len(self._data.rows) and point.x() >= 0 else None

    def _clicked(self, event: Any) -> None:
        place = self._place(event.scenePos())
        if (
            place is not None
            and self._data is not None
            and event.button() == Qt.MouseButton.LeftButton
        ):
            row = self._data.rows[place[0]]
            with errors_told():
                self._session.go_to(place[1], recording=row.recording, individual=row.individual)
                self._session.select(self._data.span(*place))

    def _moved(self, position: Any) -> None:
        place = self._place(position)
        if place is None or self._data is None:
            return
        label, name = self._data.rows[place[0]].label, self._data.at(*place)
        self._plot.setToolTip(f"{label}, {place[1]:.1f} s: {name or 'nothing'}")


def _key(bars: Bars) -> str:
    """A behaviour and its colour, never torn apart."""
    name = bars.name.replace(" ", "&nbsp;")
    return f'<span style="color:{bars.colour}">■</span>&nbsp;{name}'
