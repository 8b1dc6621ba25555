"""Who describes: from movement, or a model; its protocol, server and key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLineEdit, QVBoxLayout

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import SPACING, Dock, button, named, note
from napari_mousegpt.jobs import Outcome
from napari_mousegpt.orders import KINEMATIC, SERVER, Order, protocol_words
from napari_mousegpt.preferences import preferences

_WORDS = {
    KINEMATIC: "Movement",
    SERVER: "Model on a server",
    "transformers": "Model in a folder",
    "lmdeploy": "Model in a folder (lmdeploy)",
}
_MOVEMENT = (
    "What each animal does and how it holds itself is said by rules from what was measured. "
    "It needs no server, key or network. The rules: ethogram.toml in the study's folder."
)


class ModelForm(Dock):
    """See the module.

    Attributes
    ----------
    changed : Signal
        Something else is ordered.
    """

    changed = Signal()

    def __init__(self, runner: Runner) -> None:
        super().__init__()
        self._runner = runner
        self._folder: Any = None
        self.describer = named(QComboBox(), "Who describes", "Movement, or a model that sees")
        self.protocol = named(
            QComboBox(), "Protocol", "How clips are cut, shown and asked about; your own are listed"
        )
        self.address = named(
            QLineEdit(), "Server", "Address of any server of the OpenAI kind, up to /v1"
        )
        self.address.setPlaceholderText("http://localhost:11434/v1")
        self.model = named(
            QComboBox(), "Model", "The model's name, as the server calls it; or its folder"
        )
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.model.lineEdit().setPlaceholderText("qwen2.5vl")
        self.key = named(
            QLineEdit(),
            "Key is looked for under",
            "Name of an environment variable, or of an entry of the keyring; never the key itself",
        )
        self.key.setPlaceholderText("OPENAI_API_KEY")
        self.words, self.told = note(_MOVEMENT), note()
        self.test = button(
            "Try the connection", "Is the server there, and does the model answer?", self.look
        )
        self._rows = QFormLayout()
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._put_together()
        for one in (self.describer, self.protocol):
            one.currentIndexChanged.connect(self._change)
        self.model.currentTextChanged.connect(self._change)
        for line in (self.address, self.key):
            line.textChanged.connect(self._change)
        self._change()

    def show_study(self, folder: Any, order: Order) -> None:
        """Show the protocols of a study, and what was ordered of it last."""
        from mousegpt_core.describe.protocol import list_protocols
        from mousegpt_core.registry import list_backends

        self._folder = folder
        self.blockSignals(True)
        self.describer.clear()
        for backend in list_backends("describers"):
            self.describer.addItem(_WORDS.get(backend.name, backend.name), backend.name)
        self.protocol.clear()
        own = folder / "protocols"
        for name, file in list_protocols(folder).items():
            self.protocol.addItem(f"{name} (the study's own)" if file.parent == own else name, name)
        self.describer.setCurrentIndex(max(self.describer.findData(order.describer), 0))
        self.protocol.setCurrentIndex(max(self.protocol.findData(order.protocol), 0))
        self.address.setText(order.base_url or preferences().server)
        self.model.setEditText(order.model)
        self.key.setText(order.key_variable)
        self.blockSignals(False)
        self._change()

    def put_into(self, order: Order) -> Order:
        """An order, with what is said here."""
        return replace(
            order,
            describer=self.describer.currentData() or KINEMATIC,
            protocol=self.protocol.currentData() or order.protocol,
            base_url=self.address.text().strip(),
            model=self.model.currentText().strip(),
            key_variable=self.key.text().strip(),
        )

    def look(self) -> None:
        """Look whether the server is there; what it says is told below."""
        order = self.put_into(Order())
        if not order.base_url:
            self.told.setText("Give the server's address first.")
            return
        self.told.setText("Looking …")
        done, failed = self.while_there(self.take), self.while_there(self.take_failure)
        self._runner.run("Looking for the server", order.server(), done, failed)

    def take(self, result: dict[str, Any]) -> None:
        """Show what a server says, and offer its models."""
        typed = self.model.currentText()
        self.model.blockSignals(True)
        self.model.clear()
        self.model.addItems(result["models"])
        self.model.setEditText(typed or (result["models"] or [""])[0])
        self.model.blockSignals(False)
        said = "The server is there"
        if "answer" in result:
            said += f", and {typed} answered in {result['seconds']:.1f} s"
        place = result["key"]
        key = f"Key: {result['key_variable']}, from the {place}." if place else "No key was sent."
        self.told.setText(f"{said}. {key}\nModels: {', '.join(result['models']) or 'no list'}")
        self._change()

    def take_failure(self, outcome: Outcome) -> None:
        """Show why not."""
        self.told.setText(outcome.words)

    # -- what is shown ------------------------------------------------------------------------

    def _change(self) -> None:
        order = self.put_into(Order())
        server = order.describer == SERVER
        for widget, there in (
            (self.protocol, order.asks),
            (self.address, server),
            (self.model, order.asks),
            (self.key, server),
        ):
            self._rows.setRowVisible(widget, there)
        self.test.setVisible(server)
        self.told.setVisible(order.asks and bool(self.told.text()))
        self.words.setText(self._protocol_words(order.protocol) if order.asks else _MOVEMENT)
        self.changed.emit()

    def _protocol_words(self, name: str) -> str:
        from mousegpt_core.describe.protocol import load_protocol

        try:
            return protocol_words(load_protocol(name, self._folder))
        except MouseGPTError as error:  # of the study's own: names file and line
            return f"This protocol has a mistake. {error.message}\n→ {error.hint}"

    def _put_together(self) -> None:
        self._rows.addRow("Described by", self.describer)
        self._rows.addRow("Protocol", self.protocol)
        self._rows.addRow("Server", self.address)
        self._rows.addRow("Model", self.model)
        self._rows.addRow("Key named", self.key)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(self._rows)
        layout.addWidget(self.words)
        layout.addWidget(self.test)
        layout.addWidget(self.told)
