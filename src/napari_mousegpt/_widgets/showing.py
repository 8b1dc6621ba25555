"""What else of the animals is shown, and how; a part of the dock Views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout

from napari_mousegpt._widgets.style import Dock, named
from napari_mousegpt.arranging import COLOURS_BY
from napari_mousegpt.session import Session


class ShowingBox(Dock):
    """See the module; kept from one recording to the next."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._colour = QComboBox()
        for key, words in COLOURS_BY.items():
            self._colour.addItem(words, key)
        named(self._colour, "Colours of keypoints", "What tells keypoints apart by their colour")
        self._colour.activated.connect(
            lambda _: self._arrange(colour=str(self._colour.currentData()))
        )
        self._seconds = QCheckBox("Time axis in seconds")
        named(self._seconds, "Seconds", "Layers lie in time by seconds rather than by frames")
        self._seconds.clicked.connect(lambda on: self._arrange(seconds=bool(on)))
        self._boxes = QCheckBox("Boxes around animals")
        named(self._boxes, "Boxes", "A box around each animal, with its name (layer boxes)")
        self._boxes.clicked.connect(lambda on: self._arrange(boxes=bool(on)))
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addRow("Colours", self._colour)
        layout.addRow(self._boxes)
        layout.addRow(self._seconds)
        self.follow(session.arrangement_changed, self.refresh)
        self.in_turn(session, self.refresh)

    def refresh(self) -> None:
        """Show what is shown."""
        wanted = self._session.arrangement
        self._boxes.setChecked(wanted.boxes)
        self._seconds.setChecked(wanted.seconds)
        self._colour.setCurrentIndex(self._colour.findData(wanted.colour))

    def _arrange(self, **wanted: Any) -> None:
        self._session.arrange(replace(self._session.arrangement, **wanted))
