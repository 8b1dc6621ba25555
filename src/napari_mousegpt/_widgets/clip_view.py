"""The clip at the slider as a model sees it, and what the model says of it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices, QPixmap
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._widgets.style import SPACING, button, framed, named, note
from napari_mousegpt.jobs import Outcome

#: Height of the pictures and of the words (px).
_PICTURE_PX, _TEXT_PX = 170, 150


class ClipView(QWidget):
    """See the module; hidden parts come with what they show."""

    def __init__(self) -> None:
        super().__init__()
        self._page = ""
        self.place, self.answer = note(), QLabel()
        self.answer.setWordWrap(True)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._strip = QWidget()
        row = QHBoxLayout(self._strip)
        row.setContentsMargins(0, 0, 0, 0)
        self.pictures = named(
            QScrollArea(), "Pictures that the model sees", "Exactly as they are sent, in order"
        )
        self.pictures.setWidget(self._strip)
        self.pictures.setWidgetResizable(True)
        self.pictures.setFrameShape(QFrame.Shape.NoFrame)
        self.pictures.setFixedHeight(_PICTURE_PX + 24)
        self.text = named(QPlainTextEdit(), "Words that the model gets", "All that is said to it")
        framed(self.text).setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(_TEXT_PX)
        self.larger = button(
            "Open as a page", "Pictures in full size and all words, in the browser", self._open
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self.place, self.pictures, self.text, self.larger, self.answer):
            layout.addWidget(widget)
        self.clear()

    def clear(self) -> None:
        """Show nothing."""
        for widget in (self.place, self.pictures, self.text, self.larger, self.answer):
            widget.hide()

    def show_preview(self, result: dict[str, Any]) -> None:
        """Show what `mousegpt preview` gave."""
        self.clear()
        self._tell_place(result)
        row: Any = self._strip.layout()
        while row.count():
            row.takeAt(0).widget().deleteLater()
        for number, file in enumerate(result["pictures"], start=1):
            picture = QLabel()
            picture.setPixmap(
                QPixmap(file).scaledToHeight(
                    _PICTURE_PX, Qt.TransformationMode.SmoothTransformation
                )
            )
            named(picture, f"Picture {number}", Path(file).name)
            row.addWidget(picture)
        row.addWidget(QLabel(), 1)
        self.text.setPlainText(result["text"])
        self._page = result["page"]
        self.pictures.setVisible(bool(result["pictures"]))
        self.text.show()
        self.larger.show()

    def show_answer(self, result: dict[str, Any]) -> None:
        """Show what `mousegpt try` gave, below what the model saw."""
        self._tell_place(result)
        parts = [
            f"<b>{html.escape(name)}</b>&nbsp; {html.escape(text)}"
            for name, text in {**result["sections"], "label": result["label"]}.items()
            if text
        ]
        if result["status"] != "described":
            parts = [f"<b>{result['status']}</b>: {html.escape(result['reason'])}"]
            parts += [f"It said: {html.escape(result['raw'])}"] if result["raw"] else []
        when = "answered before" if result["there_already"] else f"in {result['seconds']:.1f} s"
        tokens = f"{result['tokens_in']:,} tokens asked, {result['tokens_out']:,} answered"
        parts.append(f"<i>{html.escape(result['model'])}, {when}; {tokens}</i>")
        self.answer.setText("<br>".join(parts))
        self.answer.show()

    def show_failure(self, outcome: Outcome) -> None:
        """Show why there is no preview, or no answer."""
        if outcome.kind == "failed":
            told = f"<b>{html.escape(outcome.message)}</b><br>→ {html.escape(outcome.hint)}"
            self.answer.setText(told)
        else:
            self.answer.setText("Stopped.")
        self.answer.show()

    def wait(self, words: str) -> None:
        """Say what is waited for."""
        self.place.setText(words)
        self.place.show()
        self.answer.hide()

    def _tell_place(self, result: dict[str, Any]) -> None:
        place = f"{result['clip_id']}: {result['start_s']:.2f} to {result['stop_s']:.2f} s"
        self.place.setText("\n".join([place, *result["notes"]]))
        self.place.show()

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._page))
