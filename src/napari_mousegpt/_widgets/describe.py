"""The dock Describe: clips put into words, by movement or a model; read, corrected, judged."""

from __future__ import annotations

from qtpy.QtWidgets import QTabWidget, QVBoxLayout

from napari_mousegpt._widgets.asking import Asking
from napari_mousegpt._widgets.judged import Judged
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.sentence import Sentence
from napari_mousegpt._widgets.style import MARGIN, Dock, named
from napari_mousegpt.session import Session


class Describe(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self.asking = Asking(session, runner)
        self.sentence = Sentence(session)
        self.judged = Judged(session, runner)
        self.tabs = named(QTabWidget(), "Describe, sentence, judged", "Ask; correct; see how good")
        for tab, words, tip in (
            (self.asking, "Describe", "Who describes, what it sees and takes, and the run"),
            (self.sentence, "Sentence", "What is said of the clip at the slider; correct it here"),
            (self.judged, "Judged", "What speaks against the descriptions; best and worst"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(tab, words), tip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, MARGIN, 0, 0)
        layout.addWidget(self.tabs)
