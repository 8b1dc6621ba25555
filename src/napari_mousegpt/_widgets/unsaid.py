"""What files that were dropped do not say themselves: frame rate, unit, names of keypoints."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QWidget

from mousegpt_core.io import UNITS
from mousegpt_core.skeletons import BUILT_IN, SILHOUETTE
from napari_mousegpt._widgets.style import SPACING, named
from napari_mousegpt.sorting import Unsaid

_BY_FILES = "as the files say"


class UnsaidForm(QWidget):
    """Rate and unit; keypoints where files do not name theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.fps = named(
            QDoubleSpinBox(),
            "Frames per second",
            "Frames per second, where neither film nor poses say",
        )
        self.fps.setRange(0.0, 10_000.0)
        self.fps.setSpecialValueText(_BY_FILES)
        self.unit = named(
            QComboBox(), "Unit", "Unit of the coordinates of the poses, where they do not say"
        )
        self.unit.addItems([_BY_FILES, *(unit for unit in UNITS if unit != "unknown")])
        self.keypoints = named(
            QComboBox(),
            "Keypoints",
            "What the keypoints of files without names are: a skeleton, or names in their order, "
            "with commas between them",
        )
        self.keypoints.addItems([_BY_FILES, *(name for name in BUILT_IN if name != SILHOUETTE)])
        self.keypoints.setEditable(True)
        self.keypoints.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.keypoints.lineEdit().setPlaceholderText("nose,neck,tailbase")
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setSpacing(SPACING)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow("Frames/s", self.fps)
        self._form.addRow("Unit", self.unit)
        self._form.addRow("Keypoints", self.keypoints)

    def clear(self) -> None:
        """Say nothing."""
        self.fps.setValue(0.0)
        self.unit.setCurrentText(_BY_FILES)
        self.keypoints.setCurrentText(_BY_FILES)

    def ask_for_names(self, wanted: bool) -> None:
        """Show the field for keypoints, or hide it."""
        for widget in (self._form.labelForField(self.keypoints), self.keypoints):
            widget.setVisible(wanted)
        if wanted:
            self.keypoints.setFocus()

    @property
    def said(self) -> Unsaid:
        """What a person said in their place."""
        unit, names = self.unit.currentText(), self.keypoints.currentText().strip()
        return Unsaid(
            fps=self.fps.value(),
            unit="" if unit == _BY_FILES else unit,
            keypoints="" if names == _BY_FILES else names,
        )
