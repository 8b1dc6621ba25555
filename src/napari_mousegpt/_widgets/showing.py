"""What else of the animals is shown, and how; a part of the dock Views."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtWidgets import QCheckBox, QVBoxLayout

from napari_mousegpt._widgets.style import Dock, named
from napari_mousegpt.session import Session


class ShowingBox(Dock):
    """See the module; kept from one recording to the next."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._boxes = QCheckBox("Boxes around animals")
        named(self._boxes, "Boxes", "A box around each animal, with its name (layer boxes)")
        self._boxes.clicked.connect(lambda _=False: self._arrange())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._boxes)
        self.follow(session.arrangement_changed, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is shown."""
        self._boxes.setChecked(self._session.arrangement.boxes)

    def _arrange(self) -> None:
        wanted = replace(self._session.arrangement, boxes=self._boxes.isChecked())
        self._session.arrange(wanted)
