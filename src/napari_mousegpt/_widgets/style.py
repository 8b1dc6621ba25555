"""One look for all docks; colours are napari's own but for the one button that goes on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDockWidget,
    QFrame,
    QGraphicsOpacityEffect,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._widgets.hearing import TURNS
from napari_mousegpt._widgets.tabs import join_tabs
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.gone import when_gone
from napari_mousegpt.session import Session

#: Room around and between things, and the least width of a dock (px).
MARGIN, SPACING, WIDTH = 10, 8, 300
#: Lists and tables are never lower (px).
LIST_HEIGHT = 120
#: Of a colour beside a name (px).
SWATCH = QSize(14, 14)
#: A number with its unit is never narrower (px).
NUMBER_WIDTH = 122
#: Of a list that opens, beside the names in it (px).
_ARROW = 42
#: A dock that is lower scrolls (px).
_LEAST_HEIGHT = 220
#: Of the theme's colour of words, what is left in notes.
_QUIET = 0.75
#: Of what is done.
DONE = "#72c48a"
#: Of what is done, and older than what it stands on.
OLD = "#e0a83c"
ACCENT = "#2f7fc1"
_PRIMARY = f"""
QPushButton {{ background-color: {ACCENT}; color: white; font-weight: bold; padding: 7px 12px; }}
QPushButton:hover {{ background-color: #4a93d0; }}
QPushButton:disabled {{ background-color: rgba(128, 128, 128, 70); color: gray; }}
"""


def column(widget: QWidget) -> QVBoxLayout:
    """The layout of a dock, which scrolls where the dock is too low for what it holds."""
    outer, inner = QVBoxLayout(widget), _Held()
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addWidget(_Scrolled(inner))
    layout = QVBoxLayout(inner)
    layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
    layout.setSpacing(SPACING)
    return layout


def reveal(widget: QWidget) -> None:
    """Scroll a dock to what has just come up in it."""
    dock = widget.parentWidget()
    while dock is not None and not isinstance(dock, _Scrolled):
        dock = dock.parentWidget()
    if dock is not None:
        dock.reveal(widget)


def button(text: str, tip: str, clicked: Any, *, primary: bool = False) -> QPushButton:
    """A button with a tooltip, which screen readers read too."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setAccessibleDescription(tip)
    made.clicked.connect(lambda _=False: clicked())
    if primary:
        made.setStyleSheet(_PRIMARY)
    return made


def named(widget: Any, name: str, tip: str) -> Any:
    """A widget with a name, for screen readers, and a tooltip."""
    widget.setAccessibleName(name)
    widget.setAccessibleDescription(tip)
    widget.setToolTip(tip)
    return widget


def note(text: str = "") -> QLabel:
    """Words that may be long: quiet in every theme, and broken into lines."""
    made, paler = QLabel(text), QGraphicsOpacityEffect()
    paler.setOpacity(_QUIET)
    made.setGraphicsEffect(paler)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def title(text: str) -> QLabel:
    """The heading of a dock."""
    made = QLabel(text)
    made.setStyleSheet("QLabel { font-size: 15px; font-weight: bold; }")
    return made


def framed(widget: Any) -> Any:
    """A field for longer texts, which is seen to be one in every theme."""
    kind = type(widget).__name__
    widget.setStyleSheet(f"{kind} {{ border: 1px solid rgba(128, 128, 128, 130); }}")
    return widget


def swatch(colour: str) -> QIcon:
    """A colour, beside the name of what it stands for."""
    pixmap = QPixmap(SWATCH)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)


def make_room(combo: QComboBox) -> None:
    """Have the names that are offered be read beside the arrow, which napari's looks forget."""
    metrics = combo.fontMetrics()
    names = [combo.itemText(row) for row in range(combo.count())]
    widest = max(map(metrics.horizontalAdvance, names), default=0)
    combo.setMinimumWidth(min(widest + _ARROW, NUMBER_WIDTH))


class _Held(QWidget):
    """What a dock holds: it is made as low as it can be before it scrolls."""

    def heightForWidth(self, width: int) -> int:
        """The least height, where Qt would take the one that is best."""
        return int(self.layout().minimumHeightForWidth(width))


def is_typed_in(cells: QAbstractItemView) -> bool:
    """Whether a person is typing in a cell of a table: it is not to be filled anew meanwhile."""
    return cells.indexWidget(cells.currentIndex()) is not None


def once_typed(cells: QAbstractItemView, then: Callable[[], None]) -> None:
    """Call something each time a person has typed in a cell of a table, or has given it up."""
    cells.itemDelegate().closeEditor.connect(lambda *_: then())


class _Scrolled(QScrollArea):
    """Scrolls up and down only: it is never narrower than what it holds."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inner)
        self.setAccessibleName(f"{type(inner).__name__}, scrolled")
        self._wanted: QWidget = inner
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(lambda: self.ensureWidgetVisible(self._wanted))

    def reveal(self, widget: QWidget) -> None:
        """Scroll to a part, once all have their places."""
        self._wanted = widget
        self._soon.start()

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """What it holds may want more room than before."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def minimumSizeHint(self) -> QSize:
        """As wide as what it holds and the bar; a few lines high."""
        inner = self.widget().minimumSizeHint()
        width = inner.width() + self.verticalScrollBar().sizeHint().width()
        return QSize(max(width, WIDTH), min(inner.height(), _LEAST_HEIGHT))

    def sizeHint(self) -> QSize:
        """As high as what it holds."""
        return self.widget().sizeHint().expandedTo(self.minimumSizeHint())


class Dock(QWidget):
    """Base of the docks: one that is closed is deleted, and listens no more."""

    #: Whether it lies in front of others; else it is seen together with them.
    IS_TAB = True

    def follow(self, signal: Any, slot: Any, *, at_once: bool = False) -> None:
        """Connect a signal of the session for as long as the dock is there; errors are told.

        Parameters
        ----------
        signal : SignalInstance
            Of the session.
        slot : callable
            Gets its values; in a window in a turn of its own, unless it is to be `at_once`.
        """
        session = signal.instance

        @wraps(slot)  # by which the signal knows how many values it takes
        def told(*values: Any) -> None:
            if at_once:
                with errors_told():
                    slot(*values)
            else:
                self.in_turn(session, slot, *values)

        signal.connect(told)
        when_gone(self, lambda: signal.disconnect(told, missing_ok=True))

    def in_turn(self, session: Session, slot: Any, *values: Any) -> None:
        """Call something in a turn of its own where the session works in turns, else at once."""
        if session.in_turns:
            TURNS.tell(self, slot, *values)
        else:
            with errors_told():
                slot(*values)

    def while_there(self, then: Any) -> Any:
        """A callback of a job, which is passed over once the dock is gone."""
        gone: list[bool] = []
        when_gone(self, lambda: gone.append(True))
        return lambda result: None if gone else then(result)

    def event(self, event: Any) -> bool:
        """napari takes a dock that is closed out of its window, and leaves it at that."""
        if event.type() == QEvent.Type.ParentChange:
            holder = self.parentWidget()
            if holder is None:
                self.deleteLater()
            elif isinstance(holder, QDockWidget):
                # On its tab; beside others there is no room for the plugin's name.
                holder.setWindowTitle(holder.windowTitle().partition(" (")[0])
                if self.IS_TAB:
                    join_tabs(holder, _is_tab)
        return bool(super().event(event))


def _is_tab(widget: Any) -> bool:
    return isinstance(widget, Dock) and widget.IS_TAB
