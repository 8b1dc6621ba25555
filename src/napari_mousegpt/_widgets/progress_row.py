"""What runs, how far it is, and a button to stop it."""

from __future__ import annotations

from qtpy.QtWidgets import QGridLayout, QProgressBar, QWidget

from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import button, note


class ProgressRow(QWidget):
    """Hidden while nothing runs.

    Parameters
    ----------
    runner : Runner
        What runs.
    stop : bool
        Whether it has a button to stop it.
    """

    def __init__(self, runner: Runner, *, stop: bool = True) -> None:
        super().__init__()
        self._runner = runner
        self._bar, self._words = QProgressBar(), note()
        self._bar.setAccessibleName("Progress")
        self._bar.setTextVisible(False)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._words, 0, 0, 1, 2)
        layout.addWidget(self._bar, 1, 0)
        layout.setColumnStretch(0, 1)
        tip = "Stop after this step (pressed again: at once); what is finished is kept"
        if stop:
            layout.addWidget(button("Stop", tip, runner.cancel), 1, 1)
        runner.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.setVisible(self._runner.busy)
        step = self._runner.step
        self._bar.setRange(0, step.total)
        self._bar.setValue(min(step.done, step.total))
        self._words.setText(f"{step.stage} {step.recording}".strip())
        self._bar.setToolTip(step.message)
