"""What each keypoint of a recording is: roles that were guessed from names, to be corrected."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import (
    QComboBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mousegpt_core.skeleton import ROLES
from napari_mousegpt._widgets.style import LIST_HEIGHT, SPACING, note
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.roles import NO_ROLE, role_words, skeleton_of, with_role
from napari_mousegpt.session import Session

_HINT = (
    "Saved in study.toml, for all recordings with these keypoints. Movement, and what rests on it, "
    "is made again by Go on, in Home."
)
_NONE = "Open a recording with poses first: its keypoints are listed here."


class SkeletonBox(QWidget):
    """A table of keypoints and their roles; hidden until it is asked for."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._title, self._note = QLabel(), note(_HINT)
        self._table = QTableWidget(0, 2)
        self._table.setHorizontalHeaderLabels(("Keypoint", "Is"))
        self._table.setAccessibleName("Keypoints and what they are")
        self._table.setToolTip("Which part of the body each keypoint is")
        self._table.setMinimumHeight(LIST_HEIGHT)
        self._table.verticalHeader().hide()
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self._title, self._table, self._note):
            layout.addWidget(widget)
        self.hide()

    def refresh(self) -> None:
        """Show the skeleton of the recording that is open."""
        if self.isHidden():
            return
        session = self._session
        skeleton = None
        if session.study is not None and session.recording:
            with errors_told():
                skeleton = skeleton_of(session.study, session.study.recording(session.recording))
        self._title.setText(_NONE if skeleton is None else f"Skeleton {skeleton.name}")
        self._note.setVisible(skeleton is not None)
        names = skeleton.keypoints if skeleton is not None else ()
        self._table.setRowCount(len(names))
        for row, name in enumerate(names):
            self._table.setItem(row, 0, QTableWidgetItem(name))
            box = QComboBox()
            for role in (NO_ROLE, *ROLES):
                box.addItem(role_words(role), role)
            now = skeleton.role_of(name) if skeleton is not None else None
            box.setCurrentIndex(box.findData(now or NO_ROLE))
            box.setAccessibleName(f"What {name} is")
            box.setToolTip(f"What {name} is")
            box.activated.connect(partial(self._change, name, box))
            self._table.setCellWidget(row, 1, box)

    def _change(self, keypoint: str, box: QComboBox, _: int) -> None:
        study = self._session.study
        if study is not None and self._session.recording:
            with errors_told():
                with_role(
                    study, study.recording(self._session.recording), keypoint, box.currentData()
                )
        self.refresh()
