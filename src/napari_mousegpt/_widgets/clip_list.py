"""A list of clips with pictures and sentences; a click goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QListWidget, QListWidgetItem

from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.style import LIST_HEIGHT
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.session import Session
from napari_mousegpt.thumbnails import Clip, Thumbnails

_SIZE = QSize(104, 78)
#: One for all lists: what was seen in one is there in the other.
_THUMBNAILS = Thumbnails()


class ClipList(QListWidget):
    """See the module; pictures come one by one, from a thread.

    Parameters
    ----------
    session : Session
        Where a click goes.
    name : str
        For screen readers.
    """

    def __init__(self, session: Session, name: str) -> None:
        super().__init__()
        self._session = session
        self._behind = Behind(self)
        self.setAccessibleName(name)
        self.setToolTip(f"{name}; click, or press Enter, to go there")
        self.setMinimumHeight(LIST_HEIGHT)
        self.setWordWrap(True)
        self.setSpacing(3)
        self.setIconSize(_SIZE)
        self.itemClicked.connect(self._go)
        self.itemActivated.connect(self._go)

    def show_clips(self, clips: Sequence[Clip]) -> None:
        """Show these in place of what was shown."""
        self.clear()
        study = self._session.study
        if study is None:
            return
        folder = study.folder
        for clip in clips:
            item = QListWidgetItem(f"{clip.sentence}\n{clip.place}")
            item.setData(Qt.ItemDataRole.UserRole, clip)
            item.setToolTip(clip.tip or "Click, or Enter: go there")
            _set_picture(item, _THUMBNAILS.known(folder, clip.clip_id))
            self.addItem(item)
        if clips:
            self._behind.each(lambda: _THUMBNAILS.take(folder, clips), self._show_picture)

    def clear(self) -> None:
        """Show nothing."""
        self._behind.stop()
        super().clear()

    def _show_picture(self, taken: tuple[str, bytes | None]) -> None:
        for place in range(self.count()):
            item = self.item(place)
            if item.data(Qt.ItemDataRole.UserRole).clip_id == taken[0]:
                _set_picture(item, taken[1])

    def _go(self, item: Any) -> None:
        clip: Clip = item.data(Qt.ItemDataRole.UserRole)
        with errors_told():
            self._session.go_to(
                clip.start_s,
                recording=clip.recording,
                individual=clip.individual,
                until=clip.stop_s,
            )


def _set_picture(item: Any, jpeg: bytes | None) -> None:
    pixmap = QPixmap()
    if jpeg is not None and pixmap.loadFromData(jpeg):
        item.setIcon(
            QIcon(
                pixmap.scaled(
                    _SIZE,
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
            )
        )
