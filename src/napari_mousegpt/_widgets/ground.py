"""The ground: scale by a known length, walls, zones; drawn in the viewer, saved at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet, ref

import numpy as np
import pandas as pd
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from mousegpt_core.study import Recording
from mousegpt_core.study.recording import RecordingInfo
from mousegpt_core.study.surroundings import Zone
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.style import NUMBER_WIDTH, SPACING, button, note
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt._widgets.turns import InTurns
from napari_mousegpt.gone import when_gone
from napari_mousegpt.grounds import (
    LENGTH,
    WALL,
    Ground,
    corners_of,
    drawing_options,
    ground_of,
    ground_view,
    known_length,
    line_width,
    merged_zones,
    zones_layer,
    zones_of,
)
from napari_mousegpt.pace import AtOnce, Pace, Turns
from napari_mousegpt.session import Session

_TOOLS = {"Rectangle": "add_rectangle", "Ellipse": "add_ellipse", "Polygon": "add_polygon"}
#: A shape is saved when it has been left alone for so long, and of many, so often.
_PAUSE_MS, _AT_LATEST_MS = 300, 5000
_IN_SPACE = "Movement is measured in 3D: its scale and floor come from the poses."
_DRAW = "Draw {} on the picture of {}: it is saved when you let go."


class Drawn(NamedTuple):
    """What was drawn and is not saved yet: its layer, and of which recording and view it is."""

    what: str
    layer: Any
    recording: Recording
    view: str


class GroundBox(QWidget):
    """Of the recording that is shown; drawings lie over the view in which movement is measured.

    Parameters
    ----------
    session : Session
        Holds the drawings.
    save : callable
        Gets the recording, what the change is, and what makes it, as `Changes.make`.
    """

    def __init__(self, session: Session, save: Callable[..., None]) -> None:
        super().__init__()
        self._session, self._save = session, save
        self._reading: Pace = InTurns(self) if session.in_turns else AtOnce()
        self._view = ""
        self._layers: dict[str, Any] = {}
        self._watched: WeakSet[Any] = WeakSet()
        self._drawn: dict[tuple[str, str, str], Drawn] = {}
        #: Zones of each layer as they were on the disk when they were shown.
        self._seen: WeakKeyDictionary[Any, list[dict[str, Any]]] = WeakKeyDictionary()
        self._saver = saver_of(session)
        self._timer, self._latest = QTimer(self), QTimer(self)
        for timer, after in ((self._timer, _PAUSE_MS), (self._latest, _AT_LATEST_MS)):
            timer.setSingleShot(True)
            timer.setInterval(after)
            timer.timeout.connect(self.keep)
        self._words = note()
        self._put_together()

    # -- what one can do ----------------------------------------------------------------------

    def draw(self, what: str) -> None:
        """Begin to draw: ``"length"``, ``"arena"`` or ``"zone"``."""
        recording = self._recording
        if recording is None:
            return
        with errors_told():
            layer = self._zones() if what == "zone" else self._drawing(what, recording)
            self._session.viewer.layers.selection.active = layer
            layer.mode = "add_line" if what == "length" else _TOOLS[self._tool.currentText()]
            named = {"length": "a line along something you know", "zone": "a zone"}
            words = named.get(what, "the walls")
            self._words.setText(_DRAW.format(words, self._view or "the poses"))

    def set_length(self) -> None:
        """Save the scale that follows from the line and its length."""
        recording, layer = self._recording, self._layers.get("length")
        if recording is None:
            return
        with errors_told():
            line = layer.data[-1] if layer is not None and layer.data else np.zeros((2, 2))
            known = known_length(line, self._cm.value())

            def change(info: RecordingInfo) -> dict[str, Any]:
                space = info.space.model_dump(mode="json")
                unit = "px" if space["unit"] == "unknown" else space["unit"]
                given = {"unit": unit, "cm_per_unit": None, "known_length": known}
                return {"space": {**space, **given}}

            self._save(recording, "scale", change)
            self._remove("length")
            self._session.viewer.layers.selection.active = self._session.points
        self.show_recording(self._view)

    def fit_arena(self) -> None:
        """Forget the walls that were given: they are fitted."""
        if self._recording is not None:
            self._save(self._recording, "walls", lambda _: {"arena": {"shape": "none"}})
        self._remove("arena")
        self.show_recording(self._view)

    def delete_zone(self) -> None:
        """Delete the zone that is chosen in the list."""
        row = self._names.currentRow()
        if row >= 0:
            layer = self._zones()
            layer.selected_data = {row}
            layer.remove_selected()

    def keep(self) -> None:
        """Save what was drawn, once the mouse has let go of it."""
        if any(_is_held(drawn.layer) for drawn in self._drawn.values()):
            self._timer.start()
        elif self._keep_drawn():
            with errors_told():
                self._tell()

    def hideEvent(self, event: Any) -> None:
        """Save what was drawn, as the dock is closed."""
        super().hideEvent(event)
        self._keep_drawn()

    def _keep_drawn(self) -> bool:
        """Save what was drawn; whether there was something."""
        self._timer.stop()
        self._latest.stop()
        every, self._drawn = self._drawn, {}
        for drawn in every.values():
            with errors_told():
                self._keep_one(drawn)
        return bool(every)

    def _keep_one(self, drawn: Drawn) -> None:
        if drawn.what == "zone":
            self._keep_zones(drawn)
        elif drawn.layer.data:
            corners = corners_of(drawn.layer.data[-1], drawn.layer.shape_type[-1])
            arena = {"shape": "polygon", "corners": corners}
            self._save(drawn.recording, "walls", lambda _: {"arena": arena})

    # -- what is shown ------------------------------------------------------------------------

    def show_recording(self, view: str) -> None:
        """Take up the recording that is shown, and the view that is chosen in it."""
        self._keep_drawn()
        self._layers = {
            what: layer
            for what, layer in self._layers.items()
            if layer in self._session.viewer.layers
        }
        self._view = view
        self._tell()
        self._renew_zones()

    @property
    def _recording(self) -> Recording | None:
        study, id = self._session.study, self._session.recording
        return study.recording(id) if study is not None and id else None

    def _tell(self) -> None:
        self._list_zones([zone.name for zone in self._saved_zones])
        self._watch(self._zone_layer(), "zone")
        self._reading.begin(self._telling())

    def _telling(self) -> Turns:
        """Read beside the window what is known of the ground, and tell it."""
        study, recording = self._session.study, self._recording
        ground: Ground | None = None
        for words in (self._words, self._scale, self._arena):
            words.setText("")
        for widget in self._of_ground:
            widget.setEnabled(False)
        if study is not None and recording is not None:
            ground = yield lambda: ground_of(study, recording)
        flat = ground is not None and not self._session.in_space
        for widget in self._of_ground:
            widget.setEnabled(flat and ground is not None and ground.view is not None)
        for widget in self._of_zones:
            widget.setEnabled(flat)
        if ground is None:
            return
        words = [_IN_SPACE] if ground.view is None else []
        self._words.setText(" ".join([*words, *map(_sentence, ground.remarks)]))
        self._scale.setText(ground.scale)
        self._arena.setText(ground.arena)

    def _list_zones(self, names: list[str]) -> None:
        """List zones; a list that stays as it is is left alone, as a name may be typed in it."""
        if names == [self._names.item(row).text() for row in range(self._names.count())]:
            return
        self._names.blockSignals(True)
        self._names.clear()
        for name in names:
            item = QListWidgetItem(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self._names.addItem(item)
        self._names.blockSignals(False)

    # -- drawings -----------------------------------------------------------------------------

    def _drawing(self, what: str, recording: Recording) -> Any:
        """The layer in which the walls or a length are drawn, with what is known of them."""
        if what not in self._layers:
            view = ground_view(recording) or ""
            colour = LENGTH if what == "length" else WALL
            options = drawing_options(
                f"{view} {what} (draw)".strip(), colour, line=self._line(view)
            )
            self._layers[what] = self._session.drawing(view, options)
            self._show_known(what, recording)
            self._watch(self._layers[what], what)
        return self._layers[what]

    def _line(self, view: str) -> float:
        shapes = [each.film.shape for each in self._session.views if each.name == view]
        return line_width(shapes[0] if shapes else ())

    def _show_known(self, what: str, recording: Recording) -> None:
        known = recording.info.space.known_length
        if what == "length" and known is not None and known.a is not None and known.b is not None:
            self._layers[what].add_lines(np.array([known.a, known.b])[:, ::-1])
            self._cm.setValue(known.length_cm)
        if what == "arena" and recording.info.arena.corners:
            self._layers[what].add_polygons(np.array(recording.info.arena.corners)[:, ::-1])

    def _renew_zones(self) -> None:
        """Show the zones as they are saved, where they are others than those that are drawn."""
        layer, recording = self._zone_layer(), self._recording
        if layer is None or recording is None or self._saver.waits(recording.toml_path):
            return
        if _is_held(layer):
            return
        saved = self._saved_zones
        drawn = zones_of(layer.data, layer.shape_type, _names(layer), view=self._view)
        if drawn != [zone.model_dump() for zone in saved]:
            data, options, _ = zones_layer(saved, view=self._view)
            with layer.events.data.blocker(), layer.events.features.blocker():
                layer.data = []
                layer.add_polygons(data)
                _name(layer, list(options["features"]["name"]))
            layer.refresh_text()
        self._see(layer)

    def _zone_layer(self) -> Any:
        """The layer of the zones of the view that is chosen; None where there is none."""
        for layer in self._session.viewer.layers:
            if layer.metadata.get("role") == "zones" and layer.metadata["view"] == self._view:
                return layer
        return None

    @property
    def _saved_zones(self) -> list[Zone]:
        """Those of the view that is chosen."""
        zones = [] if self._recording is None else self._recording.info.zones
        return [zone for zone in zones if zone.view == self._view]

    def _zones(self) -> Any:
        """The layer of the zones; where it was taken away, it is there again with all of them."""
        layer = self._zone_layer()
        if layer is None:
            line = self._line(self._view)
            data, options, _ = zones_layer(self._saved_zones, view=self._view, line=line)
            layer = self._session.drawing(self._view, {"data": data, **options})
            self._watch(layer, "zone")
        return layer

    def _watch(self, layer: Any, what: str) -> None:
        if layer is None or layer in self._watched:
            return
        self._watched.add(layer)
        if what == "zone":
            self._see(layer)
        watched = ref(layer)  # it may be removed long before the dock is

        def changed() -> None:
            if (layer := watched()) is not None:
                self._later(what, layer)

        def leave() -> None:
            if (layer := watched()) is not None:
                layer.events.data.disconnect(changed)

        layer.events.data.connect(changed)
        when_gone(self, leave)

    def _later(self, what: str, layer: Any) -> None:
        """Save when the shape has been left alone for a moment."""
        if self._recording is not None and what != "length":
            drawn = Drawn(what, layer, self._recording, layer.metadata["view"])
            self._drawn[what, str(drawn.recording.folder), drawn.view] = drawn
            self._timer.start()
            if not self._latest.isActive():
                self._latest.start()

    def _remove(self, what: str) -> None:
        layer = self._layers.pop(what, None)
        if layer is not None and layer in self._session.viewer.layers:
            self._session.viewer.layers.remove(layer)

    def _keep_zones(self, drawn: Drawn) -> None:
        layer = drawn.layer
        names = _names(layer)
        seen = self._seen.get(layer, [])
        mine = zones_of(layer.data, layer.shape_type, names, view=drawn.view)

        def change(info: RecordingInfo) -> dict[str, Any]:
            saved = [zone.model_dump() for zone in info.zones]
            return {"zones": merged_zones(seen, saved, mine)}

        if len(mine) == len(names):
            _name(layer, [zone["name"] for zone in mine])
        self._save(drawn.recording, "zones", change)
        self._renew_zones()

    def _see(self, layer: Any) -> None:
        """Remember the zones of a layer as they are on the disk."""
        view = layer.metadata["view"]
        self._seen[layer] = zones_of(layer.data, layer.shape_type, _names(layer), view=view)

    def _rename(self, item: QListWidgetItem) -> None:
        layer = self._zone_layer()
        if layer is not None:
            names = _names(layer)
            names[self._names.row(item)] = item.text().strip()
            _name(layer, names)
            self._later("zone", layer)

    # -- how it is put together ---------------------------------------------------------------

    def _put_together(self) -> None:
        self._scale, self._arena = QLabel(), QLabel()
        for label in (self._scale, self._arena):
            label.setWordWrap(True)
        self._cm = QDoubleSpinBox()
        self._cm.setRange(0.0, 10_000.0)
        self._cm.setSuffix(" cm")
        self._cm.setMinimumWidth(NUMBER_WIDTH)
        self._cm.setAccessibleName("Length of the line")
        self._cm.setToolTip("How long the line is that you drew")
        self._tool = QComboBox()
        self._tool.addItems(list(_TOOLS))
        self._tool.setAccessibleName("Shape to draw")
        self._tool.setToolTip("With which shape walls and zones are drawn")
        self._names = QListWidget()
        self._names.setAccessibleName("Zones of the view")
        self._names.setToolTip("Double-click to rename a zone; time in it is in the report")
        self._names.setMaximumHeight(90)
        self._names.itemChanged.connect(self._rename)
        line = button(
            "Draw a length", "A line along something you know", lambda: self.draw("length")
        )
        known = button("Set scale", "Save the scale of the line and its length", self.set_length)
        arena = button("Draw walls", "The walls of the arena", lambda: self.draw("arena"))
        fit = button("Fit", "Forget drawn walls: fit them to where the animal goes", self.fit_arena)
        zone = button("Draw a zone", "In the view chosen above", lambda: self.draw("zone"))
        delete = button("Delete", "Delete the zone chosen in the list", self.delete_zone)
        self._of_ground = [line, known, arena, fit, self._cm]
        self._of_zones = [zone, delete, self._names]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SPACING)
        rows: list[tuple[QWidget, ...]] = [
            (QLabel("Scale"), self._scale), (line, self._cm, known),
            (QLabel("Walls"), self._arena), (self._tool, arena, fit),
        ]  # fmt: skip
        for row, widgets in enumerate(rows):
            for place, widget in enumerate(widgets):
                wide = 2 if len(widgets) == 2 and place else 1
                grid.addWidget(widget, row, place, 1, wide)
        grid.addWidget(QLabel("Zones"), 4, 0)
        grid.addWidget(zone, 4, 1)
        grid.addWidget(delete, 4, 2)
        grid.addWidget(self._names, 5, 0, 1, 3)
        grid.addWidget(self._words, 6, 0, 1, 3)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _is_held(layer: Any) -> bool:
    """Whether a shape of it is just being drawn or moved."""
    return bool(layer._is_creating or layer._is_moving)


def _names(layer: Any) -> list[str]:
    return [str(name) for name in layer.features["name"].fillna("")]


def _name(layer: Any, names: list[str]) -> None:
    layer.features = pd.DataFrame({"name": names}, dtype=object)
    # Else the next one would be called like the last.
    layer.feature_defaults = {"name": ""}
