"""How much may be asked and spent now, and what is asked again."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QSpinBox, QWidget

from napari_mousegpt._widgets.style import named
from napari_mousegpt.orders import ASK_AGAIN, Order

_MOST = 1_000_000_000


class Limits(QWidget):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self._clips = _number("Most clips", "Stop after so many clips; none = all of them", 10)
        self._tokens = _number("Most tokens", "Stop before more tokens are spent", 10_000)
        self._cost = named(
            QDoubleSpinBox(),
            "Most US dollars",
            "Stop before more is spent; the model's price must be known",
        )
        self._cost.setRange(0, 1e6)
        self._cost.setSpecialValueText("no limit")
        self._here = named(
            QCheckBox("Only the recording that is shown"), "Only this recording",
            "Leave the study's other recordings out",
        )  # fmt: skip
        self._retry = named(
            QCheckBox(ASK_AGAIN), "Retry failed",
            "Ask again about clips that got no answer, or one that does not fit",
        )  # fmt: skip
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addRow("Most clips", self._clips)
        layout.addRow("Most tokens", self._tokens)
        layout.addRow("Most US $", self._cost)
        layout.addRow(self._here)
        layout.addRow(self._retry)

    def show_order(self, order: Order) -> None:
        """Show what was ordered last; to ask again is ordered anew each time."""
        self._clips.setValue(order.limit)
        self._tokens.setValue(order.max_tokens)
        self._cost.setValue(order.max_cost)
        self._here.setChecked(bool(order.recording))
        self._retry.setChecked(False)

    def put_into(self, order: Order, recording: str) -> Order:
        """An order within these limits."""
        return replace(
            order,
            limit=self._clips.value(),
            max_tokens=self._tokens.value(),
            max_cost=self._cost.value(),
            recording=recording if self._here.isChecked() else "",
            retry=("failed", "invalid") if self._retry.isChecked() else (),
        )

    def show_for(self, order: Order) -> None:
        """Hide what has no meaning for who describes."""
        layout = self.layout()
        for widget in (self._clips, self._tokens, self._cost, self._retry):
            layout.setRowVisible(widget, order.asks)


def _number(name: str, tip: str, step: int) -> QSpinBox:
    made: QSpinBox = named(QSpinBox(), name, tip)
    made.setRange(0, _MOST)
    made.setSingleStep(step)
    made.setGroupSeparatorShown(True)
    made.setSpecialValueText("no limit")
    return made
